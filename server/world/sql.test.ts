import { createServer, type Socket } from 'node:net'
import { sql as text } from 'kysely'
import pg from 'pg'
import { afterEach, expect, test } from 'vitest'
import type { Log, LogFields } from '../../core/world.ts'
import { describeOnDatabases, type TestPostgres } from '../../e2e/kit/postgres.ts'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { openSql, type Sql } from './sql.ts'

const open: Sql[] = []
const lines: string[] = []
const write = (fields: LogFields, message: string) => lines.push(`${message} ${JSON.stringify(fields)}`)
const log: Log = { debug: write, info: write, warn: write, error: write }

async function opened(url: string): Promise<Sql> {
  const sql = openSql(url, { log })
  open.push(sql)
  await sql.whenUp({ timeoutMs: 5_000 })
  return sql
}

/** What a listener hears, as words in order. */
function ear() {
  const heard: string[] = []
  return { heard, notified: (payload: string) => heard.push(payload), connected: () => heard.push('connected') }
}

/** Looks in from outside. */
async function admin<Row extends pg.QueryResultRow>(postgres: TestPostgres, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: postgres.adminUrl })
  await client.connect()
  try {
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((sql) => sql.close()))
  lines.length = 0
})

describeOnDatabases('Sql', (postgres) => {
  test('both pools answer, with whole numbers exact and a limit on every statement', async () => {
    const sql = await opened(await postgres.freshDatabase())
    expect(sql.up()).toBe(true)
    const { rows } = await sql.ledger.query(
      'SELECT sum(n) AS sum, count(*) AS count FROM (VALUES (9007199254740993), (0)) AS v (n)',
    )
    expect(rows).toEqual([{ sum: 9_007_199_254_740_993n, count: 2 }])
    const control = await text<{ statement_timeout: string }>`SHOW statement_timeout`.execute(await sql.queries())
    expect(control.rows).toEqual([{ statement_timeout: '5s' }])
    expect((await sql.ledger.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '30s' }])
  })

  test('a transaction is all or nothing', async () => {
    const sql = await opened(await postgres.freshDatabase())
    await sql.ledger.query('CREATE TABLE line (word text)')
    await sql.within('*', (transaction) => text`INSERT INTO line VALUES ('kept')`.execute(transaction))
    const failed = sql.within('*', async (transaction) => {
      await text`INSERT INTO line VALUES ('lost')`.execute(transaction)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect((await sql.ledger.query('SELECT * FROM line')).rows).toEqual([{ word: 'kept' }])
  })

  test('a listener hears what is told on its channel and nothing after it stopped', async () => {
    const sql = await opened(await postgres.freshDatabase())
    const mine = ear()
    const other = ear()
    const listening = sql.listen('keys', mine)
    sql.listen('Prices "and" more', other)
    await waitUntil('both are connected', () => mine.heard.length + other.heard.length === 2)
    await sql.ledger.query("SELECT pg_notify('keys', 'one'), pg_notify('Prices \"and\" more', 'two')")
    await waitUntil('both have heard', () => mine.heard.length + other.heard.length === 4)
    listening.stop()
    await sql.ledger.query("SELECT pg_notify('keys', 'three'), pg_notify('Prices \"and\" more', 'four')")
    await waitUntil('the other has heard', () => other.heard.includes('four'))
    expect(mine.heard).toEqual(['connected', 'one'])
    expect(other.heard).toEqual(['connected', 'two', 'four'])
  })

  test('a listener that throws disturbs nobody', async () => {
    const sql = await opened(await postgres.freshDatabase())
    const other = ear()
    const bad = () => {
      throw new Error('mine')
    }
    sql.listen('keys', { notified: bad, connected: () => undefined })
    sql.listen('keys', other)
    await waitUntil('it is connected', () => other.heard.includes('connected'))
    await sql.ledger.query("SELECT pg_notify('keys', 'one')")
    await waitUntil('the other has heard', () => other.heard.includes('one'))
    expect(lines.some((line) => line.includes('mine'))).toBe(true)
  })

  test('connections that the server ends are made anew, and listeners are told to read again', async () => {
    const sql = await opened(await postgres.freshDatabase())
    const mine = ear()
    sql.listen('keys', mine)
    await sql.ledger.query('SELECT 1')
    await sql.control.query('SELECT 1')
    await waitUntil('it is connected', () => mine.heard.length === 1)
    await admin(postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sekisho'")
    await waitUntil('it is connected again', () => mine.heard.length === 2)
    expect((await sql.ledger.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await sql.ledger.query("SELECT pg_notify('keys', 'again')")
    await waitUntil('it hears again', () => mine.heard.includes('again'))
  })

  test('while the server is away this is known without a query, queries fail, and all is well when it is back', async () => {
    const sql = await opened(await postgres.freshDatabase())
    await sql.ledger.query('SELECT 1')
    await postgres.stop()
    try {
      await waitUntil('the loss is known', () => !sql.up())
      await expect(sql.ledger.query('SELECT 1')).rejects.toThrow()
      await expect(sql.control.query('SELECT 1')).rejects.toThrow()
      await expect(text`SELECT 1`.execute(await sql.queries())).rejects.toThrow()
      await expect(sql.whenUp({ timeoutMs: 100 })).rejects.toBeInstanceOf(PostgresRefused)
    } finally {
      await postgres.start()
    }
    await sql.whenUp({ timeoutMs: 5_000 })
    expect((await sql.ledger.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(lines.filter((line) => line.includes('cannot be reached'))).toHaveLength(1)
    expect(lines.filter((line) => line.includes('is back'))).toHaveLength(1)
  })

  test('a server that goes silent counts as away, its old connections are cut once it answers, and closing does not wait for it', async () => {
    const sql = await opened(await postgres.freshDatabase())
    await sql.ledger.query('SELECT 1')
    const frozen: number[] = []
    const freeze = (pids: readonly number[]) => {
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      frozen.push(...pids)
    }
    try {
      freeze([...(await backends(postgres)), postgres.pid()])
      const stuck = sql.ledger.query('SELECT 1 AS stuck').catch(String)
      await waitUntil('the silence is known', () => !sql.up())
      thaw([postgres.pid()])
      await sql.whenUp({ timeoutMs: 10_000 })
      expect(await stuck).toContain('the connection to the database was cut')
      expect((await sql.ledger.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
      freeze([...(await backends(postgres)), postgres.pid()])
      const start = performance.now()
      await sql.close()
      expect(performance.now() - start).toBeLessThan(4_000)
    } finally {
      thaw(frozen)
    }
  }, 30_000)
})

/** The server's processes that serve us. */
async function backends(postgres: TestPostgres): Promise<readonly number[]> {
  const rows = await admin<{ pid: number }>(
    postgres,
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'sekisho'",
  )
  return rows.map((row) => row.pid)
}

/** Some may have ended: a frozen one whose connection was cut ends when it is thawed. */
function thaw(pids: readonly number[]): void {
  for (const pid of pids) attempt(() => process.kill(pid, 'SIGCONT'))
}

test('a URL that is none is refused without being repeated, because it holds a password', () => {
  for (const url of ['mysql://root:hunter2@localhost/x', 'postgres://root:hunter2@[::/x', 'hunter2']) {
    const refusal = attempt(() => openSql(url, { log }))
    expect(refusal).toBeInstanceOf(PostgresRefused)
    expect(String(refusal)).not.toContain('hunter2')
  }
})

test('a server older than PostgreSQL 15 is refused', async () => {
  const server = await oldServer('140012')
  const sql = openSql(`postgres://sekisho@127.0.0.1:${server.port}/sekisho?sslmode=disable`, { log })
  open.push(sql)
  await expect(sql.whenUp({ timeoutMs: 5_000 })).rejects.toThrow('needs PostgreSQL 15 to 18')
  expect(sql.up()).toBe(false)
  await sql.close()
  await server.close()
})

function attempt(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

/** Speaks just enough of PostgreSQL's protocol to say its version to any question. */
async function oldServer(version: string): Promise<{ port: number; close(): Promise<void> }> {
  const sockets: Socket[] = []
  const message = (type: string, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts)
    const head = Buffer.alloc(5)
    head.write(type, 0)
    head.writeInt32BE(body.length + 4, 1)
    return Buffer.concat([head, body])
  }
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255])
  const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value & 65_535)])
  const word = (value: string) => Buffer.from(`${value}\0`)
  const ready = message('Z', Buffer.from('I'))
  const column = (name: string) =>
    Buffer.concat([word(name), int32(0), int16(0), int32(25), int16(65_535), int32(-1), int16(0)])
  const field = (value: string) => Buffer.concat([int32(value.length), Buffer.from(value)])
  const answer = Buffer.concat([
    message('T', int16(2), column('server_version_num'), column('server_version')),
    message('D', int16(2), field(version), field('14.12')),
    message('C', word('SELECT 1')),
    ready,
  ])
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', int32(0)), ready]))
      socket.on('data', (bytes) => {
        if (bytes.toString('latin1', 0, 1) === 'Q') socket.write(answer)
      })
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => done())
      }),
  }
}
