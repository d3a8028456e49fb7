import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeOnDatabases, type TestPostgres, withPostgres } from '../../e2e/kit/postgres.ts'
import { waitUntil, within } from '../../e2e/kit/wait.ts'
import type { AttemptRecord } from '../../core/attempt.ts'
import { migrate } from '../store/migrate.ts'
import { type LedgerTuning, type RunningLedger, startLedger } from './ledger.ts'
import { faultyDisk, intentOf, recordOf, settled, systemClock, temporaryFolder, testLog } from './ledger-test-kit.ts'
import { openSql } from './sql.ts'

describeOnDatabases('shipping', (postgres) => {
  test('brings each settled attempt to the database once, and adds it to the sums of its day', async () => {
    const { pool, ledger } = await started(postgres)
    const records = await use(ledger, 25)
    await shipped(ledger)
    expect(await idsIn(pool)).toEqual(records.map(({ id }) => id).toSorted())
    const { rows } = await pool.query(
      "SELECT to_char(day, 'YYYY-MM-DD') AS day, key_id, provider, model, requests, attempts, complete, input_tokens, output_tokens, cost_nano FROM usage_daily",
    )
    expect(rows).toEqual([
      {
        day: '2025-11-21',
        key_id: 'key_1',
        provider: 'demo',
        model: 'demo-small',
        requests: 25,
        attempts: 25,
        complete: 25,
        input_tokens: 25 * 38,
        output_tokens: 25 * 17,
        cost_nano: 25 * 1_234,
      },
    ])
  })

  test('ships a journal that was shipped before without a row or a sum changing', async () => {
    const { pool, ledger, folder } = await started(postgres)
    await use(ledger, 25)
    await shipped(ledger)
    await ledger.drain(5_000)
    const before = await everything(pool)
    const writer = await onlyWriter(folder)
    await rm(join(folder, writer, 'cursor.json'))
    const again = await startAgain({ folder, pool })
    await again.recovered
    await waitUntil('it has been shipped again', () => again.status().shipped === 25)
    expect(await everything(pool)).toEqual(before)
  })

  test('keeps what it cannot store while the database is away, and stores it once when it is back', async () => {
    const { pool, ledger } = await started(postgres)
    const before = await use(ledger, 5)
    await shipped(ledger)
    await postgres.stop()
    const during = await use(ledger, 40)
    await waitUntil('it is seen to be away', () => ledger.status().database === 'away')
    expect(ledger.status().behindBytes).toBeGreaterThan(0)
    await postgres.start()
    await shipped(ledger)
    expect(ledger.status().database).toBe('ok')
    expect(await idsIn(pool)).toEqual([...before, ...during].map(({ id }) => id).toSorted())
    expect((await pool.query('SELECT sum(attempts)::integer AS attempts FROM usage_daily')).rows).toEqual([
      { attempts: 45 },
    ])
  })

  test('sets a record that the database refuses aside, says so, and ships the others', async () => {
    const { pool, ledger, folder, log } = await started(postgres)
    const good = await use(ledger, 20)
    const poison = recordOf(intentOf({ id: 'not-a-uuid' }))
    await settled(ledger.open(poison), poison)
    const more = await use(ledger, 20)
    await shipped(ledger)
    expect(await idsIn(pool)).toEqual([...good, ...more].map(({ id }) => id).toSorted())
    expect(ledger.status()).toMatchObject({ quarantined: 1, shipped: 40 })
    const lines = (await readFile(join(folder, 'quarantine.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { reason: '22P02', payload: expect.stringContaining('not-a-uuid') },
    ])
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('stores names with every sign that JSON, arrays or text could stumble over', async () => {
    const { pool, ledger } = await started(postgres)
    const names = ['a"b', 'a\\b', 'a,b', '{a}', 'NULL', '', 'a\0b', 'ü\u{1f600}', '\ud800', "a'b", 'a\nb']
    const records = names.map((name) => recordOf(intentOf({ modelAsked: name })))
    for (const record of records) await settled(ledger.open(record), record)
    await shipped(ledger)
    const { rows } = await pool.query('SELECT id, model_asked FROM usage')
    const stored = names.map((_, index) => rows.find(({ id }) => id === records[index]?.id)?.model_asked)
    expect(stored).toEqual(names.map((name) => name.replace('\0', '\ufffd').replace('\ud800', '\ufffd')))
    expect(ledger.status().quarantined).toBe(0)
  })

  test('makes the partition of each day it meets, also when two processes meet it at once', async () => {
    const { pool, ledger, folder } = await started(postgres)
    const second = await startAgain({ folder, pool })
    const days = [0, 1, 2, 3, 4].map((day) => Date.UTC(2024, 1, 27 + day, 23, 59, 59, 999))
    for (const at of days) {
      for (const writer of [ledger, second]) {
        const record = recordOf(intentOf({ at }))
        await settled(writer.open(record), record)
      }
    }
    await Promise.all([shipped(ledger), shipped(second)])
    const { rows } = await pool.query("SELECT to_char(day, 'YYYY-MM-DD') AS day, attempts FROM usage_daily ORDER BY 1")
    expect(rows).toEqual(
      ['2024-02-27', '2024-02-28', '2024-02-29', '2024-03-01', '2024-03-02'].map((day) => ({ day, attempts: 2 })),
    )
  })

  test('keeps a row of a usual attempt within 400 bytes', async () => {
    const { pool, ledger } = await started(postgres)
    await use(ledger, 1)
    await shipped(ledger)
    const { rows } = await pool.query('SELECT pg_column_size(usage.*) AS bytes FROM usage')
    expect(rows[0].bytes).toBeLessThanOrEqual(400)
  })
})

describe('the ledger', () => {
  const postgres = withPostgres()

  test('refuses new attempts when the journal has reached its limit, and takes them again when it has been shipped', async () => {
    const { ledger } = await started(postgres, { bytesMax: 30_000 })
    await shipped(ledger)
    await postgres.stop()
    const attempt = await waitUntil('the limit', async () => {
      const intent = intentOf()
      const open = ledger.open(intent)
      const refused = await open.written.then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refused === undefined) await settled(open, recordOf(intent))
      return refused
    })
    expect(attempt).toMatchObject({ code: 'storage_exhausted' })
    expect(ledger.status().state).toBe('full')
    await postgres.start()
    await waitUntil('it takes attempts again', () => ledger.status().state === 'ok', { timeoutMs: 20_000 })
    await ledger.open(intentOf()).written
  })

  test('settles from the reserve on a full disk, and everything arrives once there is room', async () => {
    const disk = faultyDisk()
    const { pool, ledger } = await started(postgres, { tuning: { disk, retryEveryMs: 10 } })
    const open = Array.from({ length: 10 }, () => intentOf())
    const attempts = open.map((intent) => ledger.open(intent))
    await Promise.all(attempts.map(({ written }) => written))
    disk.full = true
    await expect(ledger.open(intentOf()).written).rejects.toMatchObject({ code: 'storage_exhausted' })
    expect(ledger.status()).toMatchObject({ state: 'exhausted', reason: 'ENOSPC' })
    await Promise.all(attempts.map((attempt, index) => settled(attempt, recordOf(open[index] ?? intentOf()))))
    disk.full = false
    await waitUntil('there is room', () => ledger.status().state === 'ok')
    const later = await use(ledger, 5)
    await shipped(ledger)
    expect(await idsIn(pool)).toEqual([...open, ...later].map(({ id }) => id).toSorted())
    expect(ledger.status()).toMatchObject({ lost: 0, missing: 0, damagedBytes: 0 })
  })

  test('deletes files once they are shipped and nothing in them is open', async () => {
    const { ledger, folder } = await started(postgres, { tuning: { segmentBytesMax: 5_000, keepMs: 0 } })
    const stream = intentOf()
    const open = ledger.open(stream)
    await open.written
    await use(ledger, 60)
    const writer = join(folder, await onlyWriter(folder))
    await shipped(ledger)
    await waitUntil('one file is left', async () => (await journalFiles(writer)).length <= 1)
    expect(await journalFiles(writer)).not.toContain('00000001.journal')
    await settled(open, recordOf(stream))
    await shipped(ledger)
    expect(ledger.status().shipped).toBe(61)
  })

  test('leaves nothing behind after a drain, and the next start removes the folder', async () => {
    const { pool, ledger, folder } = await started(postgres)
    const records = await use(ledger, 30)
    await ledger.drain(5_000)
    expect(await idsIn(pool)).toEqual(records.map(({ id }) => id).toSorted())
    const writer = await onlyWriter(folder)
    const next = await startAgain({ folder, pool, tuning: { keepMs: 0 } })
    expect(next.status().recovering).toBe(true)
    await next.recovered
    expect(next.status().recovering).toBe(false)
    await waitUntil('the folder is gone', async () => !(await readdir(folder)).includes(writer))
  })

  test('removes the folder of an earlier process once it is old enough, however short a time this one has run', async () => {
    const { pool, ledger, folder } = await started(postgres)
    await use(ledger, 5)
    await ledger.drain(5_000)
    const writer = await onlyWriter(folder)
    const anHourAgo = new Date(Date.now() - 3_600_001)
    for (const file of await journalFiles(join(folder, writer)))
      await utimes(join(folder, writer, file), anHourAgo, anHourAgo)
    const next = await startAgain({ folder, pool })
    await next.recovered
    await waitUntil('the folder is gone', async () => !(await readdir(folder)).includes(writer))
  })

  test('drains within its limit while the database is away, and the next start ships the rest', async () => {
    const { pool, ledger, folder } = await started(postgres)
    await shipped(ledger)
    await postgres.stop()
    const records = await use(ledger, 30)
    await within('the drain', ledger.drain(200))
    await postgres.start()
    const next = await startAgain({ folder, pool })
    await next.recovered
    await shipped(next)
    expect(await idsIn(pool)).toEqual(records.map(({ id }) => id).toSorted())
    expect(
      (await pool.query("SELECT count(*)::integer AS interrupted FROM usage WHERE status = 'interrupted'")).rows,
    ).toEqual([{ interrupted: 0 }])
  })

  test('ships what stands behind a damaged place, and says how much is damaged', async () => {
    const { pool, ledger, folder, log } = await started(postgres)
    const records = await use(ledger, 40)
    await ledger.drain(5_000)
    await pool.query('TRUNCATE usage, usage_daily')
    const writer = join(folder, await onlyWriter(folder))
    await rm(join(writer, 'cursor.json'))
    const path = join(writer, '00000001.journal')
    const bytes = await readFile(path)
    const place = bytes.lastIndexOf(`["${records[7]?.id}"`) + 50
    bytes[place] = (bytes[place] ?? 0) ^ 1
    await writeFile(path, bytes)
    const next = await startAgain({ folder, pool, log })
    await next.recovered
    await shipped(next)
    const stored = await idsIn(pool)
    expect(records.filter(({ id }) => !stored.includes(id))).toEqual([records[7]])
    expect(next.status().damagedBytes).toBeGreaterThan(0)
    expect(log.lines.some(({ message }) => message.includes('has lost records'))).toBe(true)
  })

  test('notices when the disk has lost records between two files', async () => {
    const { pool, ledger, folder, log } = await started(postgres, {
      tuning: { segmentBytesMax: 5_000 },
    })
    await use(ledger, 40)
    await ledger.drain(5_000)
    const writer = join(folder, await onlyWriter(folder))
    await rm(join(writer, 'cursor.json'), { force: true })
    await rm(join(writer, '00000002.journal'))
    const next = await startAgain({ folder, pool, log })
    await next.recovered
    await shipped(next)
    expect(next.status().missing).toBeGreaterThan(0)
    expect(log.lines.some(({ message }) => message.includes('has lost records'))).toBe(true)
  })

  describe('after kill -9', () => {
    test('has every attempt that was opened exactly once, settled ones as they were settled', async () => {
      const { pool, folder } = await migrated(postgres)
      const seen = { opened: new Set<string>(), settled: new Set<string>() }
      // Each child takes over what the one before it left, and is killed in its turn.
      for (const lines of [300, 700, 1_500, 50]) await killedAfter(lines, folder, seen)
      const ledger = await startAgain({ folder, pool })
      await ledger.recovered
      await shipped(ledger)
      const { rows } = await pool.query<{ id: string; status: string; rows: number }>(
        'SELECT id, min(status) AS status, count(*)::integer AS rows FROM usage GROUP BY id',
      )
      const stored = new Map(rows.map((row) => [row.id, row]))
      expect(rows.filter((row) => row.rows !== 1)).toEqual([])
      expect([...seen.opened].filter((id) => !stored.has(id))).toEqual([])
      expect([...seen.settled].filter((id) => stored.get(id)?.status !== 'complete')).toEqual([])
      const interrupted = rows.filter(({ status }) => status === 'interrupted')
      // Fifty were open each time; one whose end was written but not printed is complete.
      expect(interrupted.length).toBeGreaterThan(50)
      expect(ledger.status()).toMatchObject({ lost: 0, missing: 0, quarantined: 0 })
      const { rows: sums } = await pool.query(
        'SELECT sum(attempts)::integer AS attempts, sum(interrupted)::integer AS interrupted FROM usage_daily',
      )
      expect(sums).toEqual([{ attempts: rows.length, interrupted: interrupted.length }])
    })

    test('has lost open attempts when intents are switched off: the test above can fail', async () => {
      const { pool, folder } = await migrated(postgres)
      const seen = { opened: new Set<string>(), settled: new Set<string>() }
      await killedAfter(700, folder, seen, 'off')
      const ledger = await startAgain({ folder, pool })
      await ledger.recovered
      await shipped(ledger)
      const stored = new Set(await idsIn(pool))
      expect([...seen.opened].filter((id) => !stored.has(id)).length).toBeGreaterThan(0)
      expect([...seen.settled].filter((id) => !stored.has(id))).toEqual([])
    })
  })

  test('stores an end that was shipped before a crash as it was, though its journal is recovered without it', async () => {
    const { pool, ledger, folder } = await started(postgres)
    const intent = intentOf()
    const attempt = ledger.open(intent)
    await attempt.written
    await shipped(ledger)
    const writer = await onlyWriter(folder)
    const copy = join(await temporaryFolder(), 'copy')
    await cp(join(folder, writer), copy, { recursive: true })
    await settled(attempt, recordOf(intent))
    await ledger.drain(5_000)
    // The disk as it was before the end: only the intent is known.
    await rm(join(folder, writer), { recursive: true })
    await cp(copy, join(folder, writer), { recursive: true })
    await rm(join(folder, writer, 'owner.lock'))
    const next = await startAgain({ folder, pool })
    await next.recovered
    await shipped(next)
    expect((await pool.query('SELECT id, status FROM usage')).rows).toEqual([{ id: intent.id, status: 'complete' }])
  })
})

interface Place {
  readonly folder: string
  readonly pool: pg.Pool
  readonly tuning?: Partial<LedgerTuning>
  readonly bytesMax?: number
  readonly log?: ReturnType<typeof testLog>
}

/** An empty database with our schema, and an empty folder. */
async function migrated(postgres: TestPostgres) {
  const sql = openSql(await postgres.freshDatabase(), { log: testLog() })
  onTestFinished(() => sql.close())
  await migrate(sql)
  return { pool: sql.ledger, folder: await temporaryFolder() }
}

async function started(postgres: TestPostgres, some: Pick<Place, 'tuning' | 'bytesMax'> = {}) {
  const place = await migrated(postgres)
  const log = testLog()
  return { ...place, log, ledger: await startAgain({ ...place, ...some, log }) }
}

async function startAgain({
  folder,
  pool,
  tuning,
  bytesMax = 1_073_741_824,
  log = testLog(),
}: Place): Promise<RunningLedger> {
  const ledger = await startLedger({
    folder,
    pool,
    journal: { durability: 'group', intent: true, reserveBytes: 1_048_576, bytesMax },
    price: () => 77,
    clock: systemClock,
    log,
    tuning: { shipEveryMs: 10, shipBackoffMsMax: 50, syncEveryMs: 5, ...tuning },
  })
  onTestFinished(() => ledger.drain(100))
  return ledger
}

/** Opens and settles attempts, and gives what was settled. */
async function use(ledger: RunningLedger, attempts: number): Promise<readonly AttemptRecord[]> {
  const records = Array.from({ length: attempts }, () => recordOf(intentOf({ id: randomUUID() })))
  for (const record of records) {
    const attempt = ledger.open(record)
    await attempt.written
    await settled(attempt, record)
  }
  return records
}

const shipped = (ledger: RunningLedger) =>
  waitUntil('everything is in the database', () => ledger.status().behindBytes === 0, { timeoutMs: 20_000 })

async function idsIn(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM usage')
  return rows.map(({ id }) => id).toSorted()
}

async function everything(pool: pg.Pool) {
  const usage = await pool.query('SELECT * FROM usage ORDER BY at, id')
  const daily = await pool.query('SELECT * FROM usage_daily ORDER BY day, key_id, provider, model')
  return { usage: usage.rows, daily: daily.rows }
}

async function onlyWriter(folder: string): Promise<string> {
  const [writer, ...others] = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  if (writer === undefined || others.length > 0) throw new Error('one writer was expected')
  return writer.name
}

const journalFiles = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith('.journal'))

/** Runs the loading process on this folder until it has printed so many lines, and kills it. */
async function killedAfter(
  lines: number,
  folder: string,
  seen: { readonly opened: Set<string>; readonly settled: Set<string> },
  intents = 'on',
) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../e2e/kit/ledger-load-main.ts'), folder, intents],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  let count = 0
  for await (const line of createInterface(child.stdout)) {
    const [what, id] = line.split(' ')
    if (id === undefined) throw new Error(`the child said: ${line}`)
    if (what === 'opened') seen.opened.add(id)
    else seen.settled.add(id)
    if (++count === lines) child.kill('SIGKILL')
  }
  await gone
  if (count < lines) throw new Error('the child ended by itself')
}
