import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { DEFAULT_ORGANISATION } from '../core/owner.ts'
import { embeddedDatabase } from '../e2e/kit/embedded-database.ts'
import { secretHash } from '../server/world/secret-hash.ts'
import type { LoadResult } from './load.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** The gateway under test, with everything on: keys, limits, metrics, journal with intents, usage rows in its own PostgreSQL. */
export interface BenchGateway {
  readonly process: ServerProcess
  readonly key: string
  /** Notes what a run was answered, to be compared with the rows at the end. */
  served(result: LoadResult): void
  /** Waits until the rows have arrived and compares them with what was served. */
  rowsAgree(): Promise<{ readonly served: number; readonly recorded: number; readonly agree: boolean }>
  /** Stops it and starts it again on the same data: until it says its address, and until the first 200. */
  restartMs(): Promise<{ readonly readyMs: number; readonly firstAnswerMs: number }>
}

export interface BenchGatewayOptions {
  readonly folder: string
  readonly upstreamPort: number
  readonly keys: number
  readonly pin: number
  /** The processor for its PostgreSQL, which is not what is measured and would otherwise share the first one. */
  readonly databasePin: number
  readonly environment?: { readonly [name: string]: string }
  /** Whether the key has limits on four levels and budgets on three. */
  readonly bound?: boolean
}

export async function startGateway({
  folder,
  upstreamPort,
  keys,
  pin,
  databasePin,
  environment = {},
  bound = false,
}: BenchGatewayOptions): Promise<BenchGateway> {
  const dataDir = join(folder, 'data')
  const configPath = join(folder, 'sekisho.yaml')
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  await writeFile(configPath, config(upstreamPort))
  const start = () =>
    startServer({
      command: [
        process.execPath,
        // As `npm start` does.
        '--max-semi-space-size=16',
        join(import.meta.dirname, '../bin/sekisho.mjs'),
        'serve',
        '--data',
        dataDir,
        '--port',
        '0',
        '--config',
        configPath,
      ],
      port: (printed) => Number(/listens on http:\/\/[^:]+:(\d+)/.exec(printed)?.[1]) || undefined,
      pin,
      environment,
    })
  const first = await start()
  const key = 'sek_bench_key_that_only_this_run_knows'
  await withDatabase(dataDir, async (client) => {
    await insertKeys(client, { count: keys, key })
    if (bound) await bindKey(client)
  })
  await first.stop()
  // The process that is measured begins on a prepared folder with a warm compile cache, as every start but the first does.
  const running = { process: await start() }
  await movePostgres(dataDir, databasePin)
  const expected = { requests: 0 }
  return {
    get process() {
      return running.process
    },
    key,
    served: (result) => {
      expected.requests += result.requests
    },
    rowsAgree: () => withDatabase(dataDir, (client) => settledRows(client, expected.requests)),
    restartMs: async () => {
      await running.process.stop()
      const begunAt = performance.now()
      running.process = await start()
      const readyMs = performance.now() - begunAt
      const answer = await fetch(`http://127.0.0.1:${running.process.port}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{"model":"bench","messages":[{"role":"user","content":"hi"}]}',
      })
      if (answer.status !== 200) throw new Error(`the first answer was ${answer.status}`)
      await answer.text()
      return { readyMs, firstAnswerMs: performance.now() - begunAt }
    },
  }
}

/** Puts the postmaster and every process that it has begun on another processor; those to come follow it. */
async function movePostgres(dataDir: string, pin: number): Promise<void> {
  const postmaster = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n', 1)[0] ?? ''
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
  for (const pid of [postmaster, ...children.trim().split(' ')]) {
    execFileSync('taskset', ['-a', '-p', '-c', String(pin), pid], { stdio: 'ignore' })
  }
}

const config = (upstreamPort: number) => `
limits:
  inFlightMax: 5000
providers:
  upstream:
    kind: openai-compatible
    baseUrl: http://127.0.0.1:${upstreamPort}/v1
    models: [bench-model]
    inFlightMax: 4000
models:
  bench:
    targets: [upstream/bench-model]
prices:
  - model: upstream/bench-model
    rates: { input: 1.25, output: 10 }
`

async function withDatabase<Result>(dataDir: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(await embeddedDatabase(dataDir))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function insertKeys(
  client: pg.Client,
  { count, key }: { readonly count: number; readonly key: string },
): Promise<void> {
  const hashes = Array.from({ length: count }, (_, index) => secretHash(index === 0 ? key : `sek_unused_${index}`))
  const ids = hashes.map((_, index) => `bench${String(index).padStart(7, '0')}`)
  await client.query(
    'INSERT INTO keys (id, name, organisation_id, created_at) SELECT id, id, $2, now() FROM unnest($1::text[]) AS id',
    [ids, DEFAULT_ORGANISATION],
  )
  await client.query(
    'INSERT INTO key_secrets (hash, key_id, created_at) SELECT hash, id, now() FROM unnest($1::text[], $2::text[]) AS row (hash, id)',
    [hashes, ids],
  )
}

/** Puts the first key into a project and a team, and limits and budgets on it and all that it is in: none of them is ever used up. */
async function bindKey(client: pg.Client): Promise<void> {
  const key = `bench${'0'.repeat(7)}`
  const levels = [
    ['organisation', DEFAULT_ORGANISATION],
    ['team', 'benchteam000'],
    ['project', 'benchproject'],
    ['key', key],
  ] as const
  const at = [DEFAULT_ORGANISATION, 'benchteam000']
  await client.query("INSERT INTO teams (id, organisation_id, name, created_at) VALUES ($2, $1, 'bench', now())", at)
  await client.query(
    "INSERT INTO projects (id, organisation_id, team_id, name, created_at) VALUES ('benchproject', $1, $2, 'bench', now())",
    at,
  )
  await client.query("UPDATE keys SET team_id = $2, project_id = 'benchproject' WHERE id = $1", [key, 'benchteam000'])
  for (const [index, [scope, subject]] of levels.entries()) {
    const limit = [`benchlimit0${index}`, DEFAULT_ORGANISATION, scope, subject, index % 2 === 0 ? 'requests' : 'tokens']
    await client.query(
      "INSERT INTO limits (id, organisation_id, scope, subject_id, measure, max, per, created_at) VALUES ($1, $2, $3, $4, $5, 1000000000, 'minute', now())",
      limit,
    )
    if (scope === 'team') continue
    await client.query(
      `INSERT INTO budgets (id, organisation_id, scope, subject_id, amount_nano, period, window_kind, time_zone, mode, thresholds, unpriced, created_at)
       VALUES ($1, $2, $3, $4, 1000000000000000, 'month', 'calendar', 'UTC', 'enforce', '{50,80,100}', 'block', now())`,
      [`benchbudget${index}`, DEFAULT_ORGANISATION, scope, subject],
    )
  }
}

/** Streams that a run hung up on are attempts too, so requests are counted by the load as it began them. */
async function settledRows(
  client: pg.Client,
  served: number,
): Promise<{ readonly served: number; readonly recorded: number; readonly agree: boolean }> {
  const limit = performance.now() + 60_000
  let recorded = 0
  for (;;) {
    const { rows } = await client.query<{ count: string }>("SELECT count(*) FROM usage WHERE key_id = 'bench0000000'")
    recorded = Number(rows[0]?.count)
    if (recorded >= served || performance.now() > limit) break
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  return { served, recorded, agree: recorded === served }
}
