/**
 * `npm run bench`: what the gateway costs with everything on, as multiples of the bare floor in the same run. Every server runs
 * alone on one processor, the upstream and the load on the other; rounds alternate, and the order turns round each time.
 * `--rounds N` (default 5), `--quick` (two short rounds, for a look).
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { heldUpMs, loopProbeEnvironment } from '../e2e/kit/loop-probe.ts'
import { type BenchGateway, type BenchGatewayOptions, startGateway } from './gateway.ts'
import type { LoadCommand, LoadResult } from './load.ts'
import { nginxCommand } from './nginx.ts'
import { median, report } from './report.ts'
import { type Addressed, burst, calm, large, megabyte, paced, type Scenario, saturated, thousand } from './scenarios.ts'
import { type ServerProcess, startServer } from './server-process.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})
const rounds = values.quick ? 2 : Number(values.rounds)
/** The gateway, asked in Anthropic's format. */
const TRANSLATED = 'gateway, translated'
/** The gateway, whose key has limits on four levels and budgets on three. */
const BOUND = 'gateway, with limits and budgets'
const SERVER_CPU = 0
const LOAD_CPU = Math.min(1, cpus().length - 1)
const firstLine = (printed: string) => (printed.includes('\n') ? Number(printed.split('\n', 1)[0]) : undefined)
const script = (name: string) => join(import.meta.dirname, name)

const folder = await mkdtemp(join(tmpdir(), 'sekisho bench '))
// Passable, so that root's PostgreSQL, which runs as another user, can stay in it and goes with it.
await chmod(folder, 0o711)
const upstream = await startServer({
  command: [process.execPath, script('upstream.ts')],
  port: firstLine,
  pin: LOAD_CPU,
})
const floor = await startServer({
  command: [process.execPath, script('floor.ts'), String(upstream.port)],
  port: firstLine,
  pin: SERVER_CPU,
})
const gateway = await openGateway('passing')
// A process of its own, so that what translation leaves in memory and in the compiler does not stand in the figures of the other.
const translating = await openGateway('translating')
// And one whose key is bound, so that the price of limits and budgets can be seen beside the one without.
const bound = await openGateway('bound', { bound: true })
const nginx = await startNginx()
try {
  await main()
} finally {
  await Promise.allSettled([
    gateway.process.stop(),
    translating.process.stop(),
    bound.process.stop(),
    floor.stop(),
    nginx?.stop(),
  ])
  await upstream.stop()
  await rm(folder, { recursive: true, force: true })
}

interface Measured {
  readonly microsPerUnit: number
  readonly result: LoadResult
}

interface Contender {
  readonly name: string
  readonly server: ServerProcess
  readonly key: string
  /** In whose format it is asked; the upstream speaks OpenAI's. */
  readonly wire: Addressed['wire']
}

async function main(): Promise<void> {
  const contenders: Contender[] = [
    { name: 'floor', server: floor, key: 'none', wire: 'openai' },
    ...(nginx === undefined ? [] : [{ name: 'nginx', server: nginx, key: 'none', wire: 'openai' as const }]),
    { name: 'gateway', server: gateway.process, key: gateway.key, wire: 'openai' },
    { name: TRANSLATED, server: translating.process, key: translating.key, wire: 'anthropic' },
    { name: BOUND, server: bound.process, key: bound.key, wire: 'openai' },
  ]
  const idleBytes = gateway.process.rssBytes()
  for (const contender of contenders) for (const scenario of [saturated, burst]) await measure(contender, scenario)
  const scenarios = values.quick ? [saturated, burst, paced] : [saturated, calm, burst, paced, large]
  const all = new Map<Scenario, Map<string, Measured[]>>(scenarios.map((scenario) => [scenario, new Map()]))
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const scenario of scenarios) {
      for (const contender of order.filter(({ name }) => takesPart(name, scenario))) {
        const runs = all.get(scenario)
        const measured = await measure(contender, scenario)
        runs?.set(contender.name, [...(runs.get(contender.name) ?? []), measured])
      }
    }
  }
  const memory = await measureMemory(contenders.filter(({ name }) => name === 'floor' || name === 'gateway'))
  const stall = await measureStall()
  const rows = [await gateway.rowsAgree(), await translating.rowsAgree(), await bound.rowsAgree()]
  const start = await gateway.restartMs()
  report({
    rounds,
    scenarios: scenarios.map((scenario) => ({
      name: scenario.name,
      unit: scenario.unit,
      servers: [...(all.get(scenario) ?? new Map<string, Measured[]>())].map(([name, runs]) => ({
        name,
        micros: runs.map(({ microsPerUnit }) => microsPerUnit),
        firstMsP50: median(runs.map(({ result }) => result.firstMs.p50)),
        p50: median(runs.map(({ result }) => result.totalMs.p50)),
        p99: median(runs.map(({ result }) => result.totalMs.p99)),
        failed: runs.reduce((sum, { result }) => sum + result.failed, 0),
      })),
    })),
    idleBytes,
    memory,
    stall,
    rows: {
      served: rows.reduce((sum, { served }) => sum + served, 0),
      recorded: rows.reduce((sum, { recorded }) => sum + recorded, 0),
      agree: rows.every(({ agree }) => agree),
    },
    start,
  })
  if (!rows.every(({ agree }) => agree)) process.exitCode = 1
}

/** What is translated, and what is bound, is measured where that can make a difference. */
function takesPart(name: string, scenario: Scenario): boolean {
  if (name === TRANSLATED) return scenario.translated === true
  return name !== BOUND || scenario.bound === true
}

async function measure({ server, key, wire }: Contender, scenario: Scenario): Promise<Measured> {
  const before = server.cpuMicros()
  const result = await load(scenario.load({ port: server.port, key, wire }))
  const units = scenario.unit === 'request' ? result.requests : result.events
  for (const asked of [gateway, translating, bound]) if (server === asked.process) asked.served(result)
  return { microsPerUnit: (server.cpuMicros() - before) / Math.max(1, units), result }
}

/**
 * The longest delay of a gateway's event loop while it translates requests of a megabyte: by its own metrics, and as far as the loop itself was
 * computing, which leaves out that it waited for the processor that its own translator and others used. A process of its own: the probe costs.
 */
async function measureStall(): Promise<{ readonly delayMs: number; readonly computingMs: number }> {
  const watched = await openGateway('watched', { environment: loopProbeEnvironment(folder) })
  const { process: server, key } = watched
  try {
    const run = () => load(megabyte.load({ port: server.port, key, wire: 'anthropic' }))
    await run()
    // Looked at before, because each reading speaks of the time since the one before it.
    await longestDelaySeconds(server.port)
    const before = (await heldUpMs(folder)).length
    await run()
    const held = (await heldUpMs(folder)).slice(before)
    return { delayMs: (await longestDelaySeconds(server.port)) * 1_000, computingMs: Math.max(0, ...held) }
  } finally {
    await server.stop()
  }
}

async function longestDelaySeconds(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(/^sekisho_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1])
}

/** Memory at its highest while the streams are open, looked at each half second. */
async function measureMemory(
  contenders: readonly Contender[],
): Promise<readonly { readonly name: string; readonly bytes: number }[]> {
  const found: { readonly name: string; readonly bytes: number }[] = []
  for (const { name, server, key, wire } of contenders) {
    let bytes = 0
    const look = setInterval(() => {
      bytes = Math.max(bytes, server.rssBytes())
    }, 500)
    const result = await load(thousand.load({ port: server.port, key, wire }))
    clearInterval(look)
    if (name === 'gateway') gateway.served(result)
    found.push({ name, bytes })
  }
  return found
}

function load(command: LoadCommand): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', String(LOAD_CPU), process.execPath, script('load.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.end(JSON.stringify(command))
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    child.once('exit', (code) => {
      if (code === 0) resolve(JSON.parse(printed) as LoadResult)
      else reject(new Error(`the load ended with ${code}`))
    })
  })
}

async function openGateway(
  name: string,
  more: Pick<BenchGatewayOptions, 'environment' | 'bound'> = {},
): Promise<BenchGateway> {
  const own = join(folder, name)
  await mkdir(own, { mode: 0o711 })
  return startGateway({
    folder: own,
    upstreamPort: upstream.port,
    keys: 10_000,
    pin: SERVER_CPU,
    databasePin: LOAD_CPU,
    ...more,
  })
}

async function startNginx(): Promise<ServerProcess | undefined> {
  const port = 20_000 + (randomBytes(2).readUInt16BE() % 20_000)
  const found = nginxCommand({ port, upstreamPort: upstream.port, folder })
  if (found === undefined) {
    console.log('nginx is not installed: left out')
    return undefined
  }
  await writeFile(found.configPath, found.config)
  return startServer({
    command: ['sh', '-c', 'echo ready; exec "$@"', 'sh', ...found.command],
    port: (printed) => (printed.includes('ready') ? port : undefined),
    pin: SERVER_CPU,
  })
}

export type { BenchGateway }
