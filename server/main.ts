import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkCommand, configCommand } from './config/commands.ts'
import { type ConfigFlags, dataFolder } from './config/environment.ts'
import { configFile } from './config/file.ts'
import { readLastGood } from './config/last-good.ts'
import { problemText } from './config/problem.ts'
import { loadConfig } from './config.ts'
import { pricesCommand } from './prices-command.ts'
import { startGateway } from './start.ts'
import { asking } from './terminal.ts'
import { systemClock } from './world/clock.ts'
import { KeksRefused } from './world/kek-source.ts'
import { openLog } from './world/log.ts'
import { openLogOutput } from './world/log-output.ts'
import { PostgresRefused } from './world/postgres-refused.ts'

/** `serve`, `check`, `config` and `prices update`. Resolves with the exit code; `serve` when the gateway has stopped. */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv
  if (command === 'prices') {
    const complain = (line: string) => console.error(line)
    return pricesCommand(rest, {
      environment: process.env,
      print: (line) => console.log(line),
      complain,
      ask: asking(),
    })
  }
  const flags = readFlags(rest)
  if (typeof flags === 'string') {
    console.error(`sekisho: ${flags}`)
    return 2
  }
  const environment = process.env
  const print = (line: string) => console.log(line)
  if (command === 'check') return checkCommand({ environment, flags, print })
  if (command === 'config') return configCommand({ environment, flags, print })
  return serve(flags)
}

async function serve(flags: ConfigFlags): Promise<number> {
  const environment = process.env
  const dataDir = dataFolder(flags, environment)
  const file = configFile(flags, environment)
  const loaded = await loadConfig({ file, environment, flags, lastGood: await readLastGood(dataDir) })
  if (loaded.kind === 'refused') {
    for (const problem of loaded.problems) console.error(problemText(problem))
    return 1
  }
  const { write } = openLogOutput(process.stderr)
  const log = openLog({
    level: loaded.config.log.level,
    form: process.stderr.isTTY ? 'terminal' : 'json',
    clock: systemClock,
    write,
  })
  const stop = new Stop()
  const gateway = await startGateway({
    version: VERSION,
    loaded,
    load: () => loadConfig({ file, environment, flags }),
    configPath: file.path,
    dataDir,
    databaseUrl: environment['SEKISHO_DATABASE_URL'] || undefined,
    databaseOwnerUrl: environment['SEKISHO_DATABASE_OWNER_URL'] || undefined,
    kek: { file: environment['SEKISHO_KEK_FILE'] || undefined, text: environment['SEKISHO_KEK'] || undefined },
    log,
    print: (line) => console.log(line),
    signal: stop.starting,
  }).catch((error: unknown) => (stop.code === 0 ? 0 : explain(error)))
  if (typeof gateway === 'number') return gateway
  process.on('SIGHUP', () => void gateway.reload())
  const code = await stop.asked(() => gateway.hurry())
  log.info({}, 'stopping')
  await gateway.stop()
  return code
}

/** Waits for a reason to end: a signal, or a mistake of ours after which nothing can be trusted. The handlers stand before anything is opened. */
class Stop {
  readonly #starting = new AbortController()
  #code: number | undefined
  #signalledAt: number | undefined
  #tell: (code: number) => void = () => {}
  #hurry: () => void = () => {}

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#signalled())
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        console.error(error)
        this.#ask(1)
        this.#hurry()
      })
    }
  }

  /** The exit code that the end was asked for with, if it was. */
  get code(): number | undefined {
    return this.#code
  }

  /** Aborts when the end is asked for before everything stands. */
  get starting(): AbortSignal {
    return this.#starting.signal
  }

  /** Resolves with the exit code when the end is asked for; `hurry` runs when it is asked for again. */
  asked(hurry: () => void): Promise<number> {
    this.#hurry = hurry
    return new Promise((resolve) => {
      if (this.#code !== undefined) resolve(this.#code)
      this.#tell = resolve
    })
  }

  /** One Ctrl-C comes twice under npm: from the terminal, and passed on by npm itself. Only what comes later is a second wish. */
  #signalled(): void {
    const now = systemClock.monotonic()
    this.#signalledAt ??= now
    if (this.#code === undefined || now - this.#signalledAt > SAME_SIGNAL_MS) this.#ask(0)
  }

  #ask(code: number): void {
    if (this.#code !== undefined) return this.#hurry()
    this.#code = code
    this.#starting.abort()
    this.#tell(code)
  }
}

const SAME_SIGNAL_MS = 500

/** What an operator can mend gets a sentence; anything else its stack. */
function explain(error: unknown): number {
  if (error instanceof PostgresRefused || error instanceof KeksRefused) console.error(`sekisho: ${error.message}`)
  else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error(`sekisho: the port is taken; give another one with --port (${error.message})`)
  } else console.error(error)
  return 1
}

function readFlags(argv: readonly string[]): ConfigFlags | string {
  try {
    const options = {
      config: { type: 'string' },
      data: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
    } as const
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    const [file, extra] = positionals
    if (extra !== undefined) return `"${extra}" is not understood: one configuration file can be given`
    return { ...(file === undefined ? {} : { config: file }), ...values }
  } catch (error) {
    // Node's first sentence names the flag; what follows explains its conventions.
    return error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : 'the flags cannot be read'
  }
}

// Our own manifest, which has a version.
const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version
