import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import type { Log } from '../../core/world.ts'
import { suiteNeeding } from '../../e2e/kit/not-run.ts'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { type Account, accountFor, reaches, runAs } from './postgres-account.ts'
import { findBinaries } from './postgres-binaries.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres-embedded.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { startOf } from './process-identity.ts'
import { clientSettings, type SqlConnection } from './sql-connection.ts'

const ownerScript = join(import.meta.dirname, '../../e2e/kit/postgres-owner.ts')
const asRoot = process.getuid?.() === 0
const user = await accountFor({ path: tmpdir(), ownerUid: undefined })
const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const open: { running: EmbeddedPostgres[]; children: ChildProcess[]; folders: string[] } = {
  running: [],
  children: [],
  folders: [],
}

/** A folder of its own; `0711` so that root's PostgreSQL can pass, as the gateway makes its own. */
async function folder(mode = 0o711): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'sekisho embedded-'))
  await chmod(made, mode)
  open.folders.push(made)
  return made
}

async function start(dataDir: string, more: { native?: string; signal?: AbortSignal } = {}): Promise<EmbeddedPostgres> {
  const { native, ...options } = more
  const binaries = native === undefined ? {} : { binaries: { native, version: '18.4.0' } }
  const postgres = await startEmbeddedPostgres({ dataDir, log, ...options, ...binaries })
  open.running.push(postgres)
  return postgres
}

async function ask<Row extends pg.QueryResultRow>(connection: SqlConnection, text: string): Promise<Row[]> {
  const client = new pg.Client({ ...clientSettings(connection), connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

const said = z.object({
  event: z.enum(['started', 'interrupted', 'refused']),
  adopted: z.boolean().optional(),
  note: z.string().nullable().optional(),
  message: z.string().optional(),
  pid: z.int().optional(),
  connection: z.object({ host: z.string(), database: z.string(), user: z.string(), password: z.string() }).optional(),
})

/** A gateway's place taken by another process. `tells` gives its next line. */
function owner(dataDir: string, as: { account?: Account | undefined; native?: string } = {}) {
  const child = spawn(process.execPath, [ownerScript, dataDir, ...(as.native === undefined ? [] : [as.native])], {
    ...runAs(as.account),
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  open.children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  return {
    pid: child.pid ?? 0,
    tells: async () => said.parse(JSON.parse((await lines.next()).value ?? '{}')),
    stop: () => {
      child.stdin.end()
      return ended
    },
    kill: () => {
      child.kill('SIGKILL')
      return ended
    },
  }
}

/** Whether a database is being made in the folder, or was left half made. */
const drafted = async (dataDir: string) => (await readdir(dataDir)).some((entry) => entry.startsWith('postgres.new-'))

/** Like `chown -R`: a fixture is to be PostgreSQL's own. */
async function give(path: string): Promise<void> {
  if (user === undefined) return
  await chown(path, user.uid, user.gid)
  for (const entry of await readdir(path, { recursive: true })) await chown(join(path, entry), user.uid, user.gid)
}

afterEach(async () => {
  for (const child of open.children.splice(0)) child.kill('SIGKILL')
  await Promise.all(open.running.splice(0).map((postgres) => postgres.stop()))
})
afterAll(async () => {
  for (const made of open.folders) await rm(made, { recursive: true, force: true })
  // Only when it is empty: it may be in use on this machine.
  await rmdir('/var/lib/sekisho').catch(() => undefined)
})

describe('on one data folder', () => {
  const made = { dataDir: '' }
  beforeAll(async () => {
    made.dataDir = join(await folder(), 'data')
    const first = await start(made.dataDir)
    await ask(first.owner, 'CREATE TABLE kept (word text)')
    await first.stop()
  }, 60_000)

  test('the database is there again after a stop, and a stop leaves no process, no socket and no lock', async () => {
    const postgres = await start(made.dataDir)
    expect(await ask(postgres.owner, 'SELECT * FROM kept')).toEqual([])
    expect(postgres).toMatchObject({ adopted: false, note: null })
    const pid = postgres.pid() ?? 0
    expect(startOf(pid)).toBeDefined()
    await postgres.stop()
    expect(startOf(pid)).toBeUndefined()
    expect(postgres.state()).toBe('stopped')
    expect((await readdir(made.dataDir)).toSorted()).toEqual(['postgres', 'postgres.log'])
  })

  test('the gateway is no superuser, serves as a role that owns nothing, is asked for its password, and nobody else is let in', async () => {
    const { connection, owner: migrating } = await start(made.dataDir)
    for (const role of [connection, migrating]) {
      const [row] = await ask(
        role,
        'SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user',
      )
      expect(row).toEqual({ rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolbypassrls: false })
    }
    await expect(ask(connection, 'SELECT * FROM kept')).rejects.toThrow('permission denied')
    await expect(ask(connection, 'CREATE TABLE mine (word text)')).rejects.toThrow('permission denied')
    await expect(ask(connection, 'SET ROLE sekisho')).rejects.toThrow('permission denied')
    await expect(ask({ ...connection, password: 'wrong' }, 'SELECT 1')).rejects.toThrow('password')
    await expect(ask({ ...connection, user: 'postgres' }, 'SELECT 1')).rejects.toThrow('pg_hba.conf')
  })

  test('what is written survives a loss of power: fsync, full pages and checksums are on; it listens on no address', async () => {
    const { connection } = await start(made.dataDir)
    const settings = [
      'fsync',
      'full_page_writes',
      'synchronous_commit',
      'data_checksums',
      'listen_addresses',
      'server_encoding',
      'lc_collate',
    ]
    const rows = await ask<{ name: string; setting: string }>(
      connection,
      `SELECT name, setting FROM pg_settings WHERE name IN ('${settings.join("','")}')`,
    )
    expect(Object.fromEntries(rows.map((row) => [row.name, row.setting]))).toMatchObject({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      listen_addresses: '',
      server_encoding: 'UTF8',
    })
    const [database] = await ask(connection, 'SELECT datcollate FROM pg_database WHERE datname = current_database()')
    expect(database).toEqual({ datcollate: 'C' })
  })

  test("the socket is in a folder that only PostgreSQL's user can enter, the password in a file that only they can read", async () => {
    const { connection } = await start(made.dataDir)
    const host = 'host' in connection ? connection.host : ''
    const uid = user?.uid ?? process.getuid?.()
    expect({ mode: (await stat(host)).mode & 0o777, uid: (await stat(host)).uid }).toEqual({ mode: 0o700, uid })
    for (const name of ['sekisho-password', 'sekisho-server-password']) {
      const password = await stat(join(made.dataDir, 'postgres', name))
      expect({ mode: password.mode & 0o777, uid: password.uid }).toEqual({ mode: 0o600, uid })
    }
  })

  test('a database of a version that served as its owner gets the role that serves, also while it still runs', async () => {
    const killed = owner(made.dataDir)
    await killed.tells()
    await killed.kill()
    await rm(join(made.dataDir, 'postgres/sekisho-server-password'))
    const { connection, owner: migrating } = await start(made.dataDir)
    expect(await ask(connection, 'SELECT current_user AS role')).toEqual([{ role: 'sekisho_server' }])
    expect(await ask(migrating, 'SELECT * FROM kept')).toEqual([])
  })

  test('a second gateway on the same folder is refused with the pid of the first', async () => {
    const first = owner(made.dataDir)
    expect(await first.tells()).toMatchObject({ event: 'started' })
    await expect(start(made.dataDir)).rejects.toThrow(`process ${first.pid}`)
    await first.stop()
  })

  test('after kill -9 of the gateway the next one adopts the server that still runs, with its sessions', async () => {
    const killed = owner(made.dataDir)
    const { pid, connection } = await killed.tells()
    if (connection === undefined) throw new Error('not started')
    const session = new pg.Client(clientSettings(connection))
    session.on('error', () => undefined)
    await session.connect()
    await killed.kill()
    const next = await start(made.dataDir)
    expect(next.adopted).toBe(true)
    expect(next.pid()).toBe(pid)
    expect((await session.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await session.end()
    await next.stop()
    expect(startOf(pid ?? 0)).toBeUndefined()
  })

  test('an adopted server that ends by itself is brought back', async () => {
    const killed = owner(made.dataDir)
    const { pid } = await killed.tells()
    await killed.kill()
    const next = await start(made.dataDir)
    process.kill(pid ?? 0, 'SIGINT')
    await waitUntil('another server', () => next.state() === 'running' && next.pid() !== pid)
    expect(await ask(next.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('Ctrl-C in the terminal reaches the gateway and not the database', async () => {
    const gateway = owner(made.dataDir)
    const { connection, pid } = await gateway.tells()
    process.kill(-gateway.pid, 'SIGINT')
    expect(await gateway.tells()).toEqual({ event: 'interrupted' })
    expect(connection && (await ask(connection, 'SELECT 1 AS one'))).toEqual([{ one: 1 }])
    await gateway.stop()
    expect(startOf(pid ?? 0)).toBeUndefined()
  })

  test('a server that is killed is started again, and says so meanwhile', async () => {
    const postgres = await start(made.dataDir)
    const pid = postgres.pid() ?? 0
    process.kill(pid, 'SIGKILL')
    await waitUntil('the loss is noticed', () => postgres.state() === 'restarting')
    await waitUntil('the server is back', () => postgres.state() === 'running')
    expect(postgres.pid()).not.toBe(pid)
    expect(await ask(postgres.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('a stop while the server is being brought back leaves nothing running', async () => {
    const postgres = await start(made.dataDir)
    process.kill(postgres.pid() ?? 0, 'SIGINT')
    await waitUntil('the loss is noticed', () => postgres.state() === 'restarting')
    await postgres.stop()
    expect(existsSync(join(made.dataDir, 'postgres/postmaster.pid'))).toBe(false)
  })

  test('an old pid file that names a process of somebody else does not stop a start', async () => {
    await writeFile(
      join(made.dataDir, 'postgres/postmaster.pid'),
      `${process.pid}\n${made.dataDir}/postgres\n1\n5432\n/nowhere\n\n\nready\n`,
    )
    const postgres = await start(made.dataDir)
    expect(postgres.adopted).toBe(false)
  })

  test('a database of another major version is refused and left as it is', async () => {
    const version = join(made.dataDir, 'postgres/PG_VERSION')
    await writeFile(version, '17\n')
    try {
      await expect(start(made.dataDir)).rejects.toThrow('PostgreSQL 17')
      expect(await readFile(version, 'utf8')).toBe('17\n')
    } finally {
      await writeFile(version, '18\n')
    }
  })

  test('a database that lost a vital file is refused, not made anew', async () => {
    const control = join(made.dataDir, 'postgres/global/pg_control')
    const content = await readFile(control)
    await rm(control)
    try {
      await expect(start(made.dataDir)).rejects.toThrow('global/pg_control missing')
    } finally {
      await writeFile(control, content)
      if (user !== undefined) await chown(control, user.uid, user.gid)
    }
  })

  test('a server that cannot start is an error with its own last words', async () => {
    const settings = join(made.dataDir, 'postgres/postgresql.conf')
    const content = await readFile(settings, 'utf8')
    await writeFile(settings, `${content}\nno_such_setting = on\n`)
    try {
      await expect(start(made.dataDir)).rejects.toThrow('no_such_setting')
    } finally {
      await writeFile(settings, content)
    }
  })
})

test('a folder that is half made or holds something else is refused and left as it is', async () => {
  for (const [content, words] of [
    ['base/1', 'half-made'],
    ['photo.jpg', 'holds no database'],
  ] as const) {
    const dataDir = await folder()
    await mkdir(dirname(join(dataDir, 'postgres', content)), { recursive: true })
    await writeFile(join(dataDir, 'postgres', content), '')
    await give(join(dataDir, 'postgres'))
    const refusal = start(dataDir)
    await expect(refusal).rejects.toBeInstanceOf(PostgresRefused)
    await expect(refusal).rejects.toThrow(words)
    expect(await readdir(dataDir)).toEqual(['postgres'])
    expect(existsSync(join(dataDir, 'postgres', content))).toBe(true)
  }
})

test('what a start that was killed had begun is thrown away, and a long path gets a short socket elsewhere', async () => {
  const dataDir = join(await folder(), 'long'.repeat(25))
  await mkdir(join(dataDir, 'postgres.new-0123'), { recursive: true })
  const { connection, stop } = await start(dataDir)
  const host = 'host' in connection ? connection.host : ''
  expect(Buffer.byteLength(join(host, '.s.PGSQL.5432'))).toBeLessThan(90)
  expect((await stat(host)).mode & 0o777).toBe(0o700)
  expect(await ask(connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  await stop()
  expect(existsSync(host)).toBe(false)
  expect((await readdir(dataDir)).toSorted()).toEqual(['postgres', 'postgres.log'])
}, 30_000)

test('after kill -9 in the middle of the first start the next one makes the database', async () => {
  const dataDir = await folder(0o755)
  const killed = owner(dataDir)
  await waitUntil('the database is being made', async () => await drafted(dataDir))
  await killed.kill()
  const next = await start(dataDir)
  expect(await ask(next.connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(await drafted(dataDir)).toBe(false)
}, 30_000)

test('a first start that is cancelled leaves no half-made database', async () => {
  const dataDir = await folder()
  const cancelled = new AbortController()
  const started = start(dataDir, { signal: cancelled.signal })
  await waitUntil('the database is being made', async () => await drafted(dataDir))
  cancelled.abort(new Error('enough'))
  await expect(started).rejects.toThrow('enough')
  expect(await readdir(dataDir)).toEqual([])
})

test("PostgreSQL's programs get an environment of their own, without the gateway's secrets", async () => {
  const base = await folder()
  const native = join(base, 'native')
  await mkdir(join(native, 'bin'), { recursive: true })
  await writeFile(join(native, 'pg-symlinks.json'), '[]')
  await writeFile(join(native, 'bin/initdb'), '#!/bin/sh\n/usr/bin/env >&2\nexit 1\n', { mode: 0o755 })
  await writeFile(join(native, 'bin/postgres'), '#!/bin/sh\n', { mode: 0o755 })
  process.env['SEKISHO_TEST_CREDENTIAL'] = 'secret'
  try {
    const message = await start(join(base, 'data'), { native }).catch(String)
    expect(message).toContain('LC_ALL=C')
    expect(message).not.toContain('SEKISHO_TEST_CREDENTIAL')
  } finally {
    delete process.env['SEKISHO_TEST_CREDENTIAL']
  }
})

// Only root may become another user; an ordinary user's run has nothing to show here.
describe.skipIf(!asRoot)('as root', () => {
  test('from a folder that only root can enter, database and programs go to /var/lib/sekisho, one line says so, and they stay there', async () => {
    const base = await folder(0o700)
    const native = join(base, 'native')
    await cp((await findBinaries()).native, native, { recursive: true, verbatimSymlinks: true })
    const dataDir = join(base, 'data')
    const first = await start(dataDir, { native })
    const home = (await readFile(join(dataDir, 'postgres-is-in'), 'utf8')).trim()
    open.folders.push(home)
    expect(dirname(home)).toBe('/var/lib/sekisho')
    expect(first.note).toMatch(
      /^PostgreSQL keeps its data and programs in \/var\/lib\/sekisho\/[0-9a-f]{12}: it runs as the user \w+, who cannot enter this folder\.$/,
    )
    expect((await stat(`/proc/${first.pid()}`)).uid).toBe(user?.uid)
    await ask(first.owner, 'CREATE TABLE kept (word text)')
    await expect(start(dataDir, { native })).rejects.toThrow('in use by another gateway')
    await first.stop()

    // The folder can be entered now, and still there is one database, not a second and empty one.
    await chmod(base, 0o711)
    const second = await start(dataDir, { native })
    expect(await ask(second.owner, 'SELECT * FROM kept')).toEqual([])
    await second.stop()

    await rm(home, { recursive: true })
    await expect(start(dataDir, { native })).rejects.toThrow('that folder is not there')
  }, 60_000)

  test('an existing database whose folder was closed to its user is refused, not replaced by an empty one', async () => {
    const dataDir = await folder(0o700)
    await mkdir(join(dataDir, 'postgres'))
    await writeFile(join(dataDir, 'postgres/PG_VERSION'), '18\n')
    await give(join(dataDir, 'postgres'))
    await expect(start(dataDir)).rejects.toThrow('cannot enter')
  })
})

const cannotRead =
  user !== undefined && !(await reaches(user, import.meta.dirname)) ? 'an ordinary user cannot read this folder' : null
suiteNeeding('as an ordinary user', cannotRead, () => {
  test('it runs as that user, from programs in a tree that cannot be written and lacks its links', async () => {
    const base = await folder(0o755)
    const native = join(base, 'native')
    await cp((await findBinaries()).native, native, { recursive: true, verbatimSymlinks: true })
    const links = z
      .array(z.object({ target: z.string() }))
      .parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')))
    for (const { target } of links) await rm(join(base, target), { force: true })
    await chmod(join(native, 'lib'), 0o555)
    const dataDir = join(base, 'data')
    await mkdir(dataDir)
    if (user !== undefined) await chown(dataDir, user.uid, user.gid)
    const gateway = owner(dataDir, { account: user, native })
    onTestFinished(() => chmod(join(native, 'lib'), 0o755))
    const { connection, note, pid } = await gateway.tells()
    expect(note).toMatch(/^PostgreSQL keeps its programs in /)
    expect(connection && (await ask(connection, 'SELECT 1 AS one'))).toEqual([{ one: 1 }])
    expect((await stat(`/proc/${pid}`)).uid).toBe(user?.uid ?? process.getuid?.())
    await gateway.stop()
    expect(existsSync(join(dataDir, 'postgres.lock'))).toBe(false)
  }, 60_000)

  test('a data folder that belongs to somebody else is refused in plain words', async () => {
    const dataDir = await folder(0o755)
    if (user === undefined) await chmod(dataDir, 0o555)
    const gateway = owner(dataDir, { account: user })
    expect(await gateway.tells()).toMatchObject({
      event: 'refused',
      message: expect.stringContaining('cannot be written'),
    })
  })
})
