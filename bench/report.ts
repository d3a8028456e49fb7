import { cpus, totalmem } from 'node:os'

export interface Report {
  readonly rounds: number
  readonly scenarios: readonly {
    readonly name: string
    readonly unit: string
    readonly servers: readonly ServerFigures[]
  }[]
  readonly idleBytes: number
  readonly memory: readonly { readonly name: string; readonly bytes: number }[]
  /** The longest delay of the event loop while requests of a megabyte are translated. */
  readonly stall: { readonly delayMs: number; readonly computingMs: number }
  readonly rows: { readonly served: number; readonly recorded: number; readonly agree: boolean }
  readonly start: { readonly readyMs: number; readonly firstAnswerMs: number }
}

interface ServerFigures {
  readonly name: string
  /** CPU-microseconds per unit, one figure for each round. */
  readonly micros: readonly number[]
  readonly firstMsP50: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

/** Prints the figures as Markdown, so that a run can be kept as it is. Ratios are medians of the rounds' own ratios. */
export function report(figures: Report): void {
  const [cpu] = cpus()
  console.log(
    `\nMachine: ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB; Node ${process.version}; ${figures.rounds} rounds.\n`,
  )
  for (const { name, unit, servers } of figures.scenarios) {
    console.log(`**${name}**\n`)
    console.log(
      `| | CPU-µs per ${unit}, median (min-max) | ratio to the floor | ratio to the gateway | first byte p50 ms | p50 ms | p99 ms | failed |`,
    )
    console.log('|---|--:|--:|--:|--:|--:|--:|--:|')
    const floor = servers.find((server) => server.name === 'floor')
    const gateway = servers.find((server) => server.name === 'gateway')
    for (const server of servers) console.log(row(server, { floor, gateway }))
    console.log('')
  }
  const memory = figures.memory.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ')
  console.log(`RSS of the gateway idle: ${megabytes(figures.idleBytes)}. With 1,000 open streams: ${memory}.`)
  console.log(
    `Start on a prepared data folder: ready after ${Math.round(figures.start.readyMs)} ms, first 200 after ${Math.round(figures.start.firstAnswerMs)} ms.`,
  )
  console.log(
    `Longest delay of the event loop while requests of 1 MB are translated: ${figures.stall.delayMs.toFixed(1)} ms; the longest that it computed itself: ${figures.stall.computingMs.toFixed(1)} ms.`,
  )
  const { served, recorded, agree } = figures.rows
  console.log(`Rows in PostgreSQL: ${recorded} for ${served} attempts served: ${agree ? 'equal' : 'NOT EQUAL'}.`)
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function row(
  server: ServerFigures,
  { floor, gateway }: { readonly floor?: ServerFigures | undefined; readonly gateway?: ServerFigures | undefined },
): string {
  const spread = `${median(server.micros).toFixed(1)} (${Math.min(...server.micros).toFixed(1)}-${Math.max(...server.micros).toFixed(1)})`
  return `| ${server.name} | ${spread} | ${ratioTo(floor, server)} | ${ratioTo(gateway, server)} | ${server.firstMsP50.toFixed(2)} | ${server.p50.toFixed(2)} | ${server.p99.toFixed(2)} | ${server.failed} |`
}

function ratioTo(base: ServerFigures | undefined, server: ServerFigures): string {
  const ratios = server.micros.map((figure, round) => figure / (base?.micros[round] ?? Number.NaN))
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)})`
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`
