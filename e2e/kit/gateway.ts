import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClientConfig } from 'pg'
import { ask, send, type RawRequest, type RawResponse } from './client.ts'
import { embeddedDatabase, stopEmbeddedDatabase } from './embedded-database.ts'
import { readMetrics, readPrinted, type Metrics, type Printed } from './gateway-output.ts'
import { startProcess, type Exit, type RunningProcess } from './gateway-process.ts'
import { readUsageRows, type UsageRow } from './usage-rows.ts'
import { waitUntil, type WaitOptions } from './wait.ts'

const START_MS_MAX = 45_000
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface GatewayOptions {
  /** The content of `sekisho.yaml`: text as it is, anything else as JSON, which is YAML too. Absent: no file. */
  readonly config?: string | object
  /** Beside the few variables that every process needs; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>
  /** A PostgreSQL of the test (`withPostgres`). Absent: the embedded one, in the data folder. */
  readonly databaseUrl?: string
  /** More arguments of `serve`. */
  readonly args?: readonly string[]
  /** What is waited for: `/readyz` says yes (the default), the address is printed, or nothing. */
  readonly until?: 'ready' | 'address' | 'started'
  /** The program that is started, instead of ours. */
  readonly command?: readonly [program: string, ...rest: string[]]
}

/** The real gateway in a process of its own, on folders of its own, with everything that a test wants to do to it. */
export interface Gateway {
  /** `http://127.0.0.1:<port>`; stays the same after `restart`. */
  readonly url: string
  /** The base URL for clients: with `/v1`. */
  readonly baseUrl: string
  readonly pid: number
  readonly folder: string
  readonly dataDir: string
  readonly configPath: string
  /** As printed at the first start. */
  readonly setupToken: string
  readonly firstKey: string
  /** Both outputs since the last start. */
  logs(): string
  /** Rewrites `sekisho.yaml`. */
  configure(config: string | object): Promise<void>
  signal(name: NodeJS.Signals): void
  stop(): Promise<Exit>
  kill(): Promise<Exit>
  /** Waits until it ends by itself. */
  ended(options?: WaitOptions): Promise<Exit>
  /** Starts it again on the same folders and port, after `stop` or `kill`. */
  restart(options?: Pick<GatewayOptions, 'until' | 'env' | 'args'>): Promise<void>
  readyz(): Promise<{ readonly status: number; readonly body: unknown }>
  metrics(): Promise<Metrics>
  /** A request of a client, with the key for every model unless another one is given. */
  ask(path: string, request: RawRequest & { readonly key?: string }): Promise<RawResponse>
  /** A call of the admin API, as the administrator; the path is under `/api`. Fails unless the answer is a good one. */
  admin(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>
  /** The administrator's service token, made with the setup token at the first call. */
  serviceToken(): Promise<string>
  createKey(input: KeyInput): Promise<{ readonly id: string; readonly key: string }>
  /** A key for every model, made at the first call. */
  anyModelKey(): Promise<string>
  /** The ledger in PostgreSQL, oldest first. */
  records(): Promise<readonly UsageRow[]>
  /** The ledger once it has at least so many rows. */
  waitForRecords(count: number, options?: WaitOptions): Promise<readonly UsageRow[]>
  /** Stops whatever runs and removes the folders. */
  dispose(): Promise<void>
}

export interface KeyInput {
  readonly name: string
  readonly models?: readonly string[]
  readonly expiresInDays?: number
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-e2e-'))
  // The user that runs PostgreSQL when we are root must be able to come through.
  await chmod(folder, 0o711)
  const gateway = new TestGateway(folder, options)
  if (options.config !== undefined) await gateway.configure(options.config)
  try {
    await gateway.start(options)
    return gateway
  } catch (error) {
    await gateway.dispose().catch(() => {})
    throw error
  }
}

class TestGateway implements Gateway {
  readonly folder: string
  readonly #options: GatewayOptions
  #process: RunningProcess | undefined
  #config = ''
  #printed: Printed = { address: undefined, setupToken: undefined, key: undefined }
  #serviceToken: Promise<string> | undefined
  #anyModelKey: Promise<string> | undefined

  constructor(folder: string, options: GatewayOptions) {
    this.folder = folder
    this.#options = options
  }

  get url(): string {
    return needed(this.#printed.address, 'address')
  }
  get baseUrl(): string {
    return `${this.url}/v1`
  }
  get pid(): number {
    return this.#running.pid
  }
  get dataDir(): string {
    return join(this.folder, 'data')
  }
  get configPath(): string {
    return join(this.folder, 'sekisho.yaml')
  }
  get setupToken(): string {
    this.#readPrinted()
    return needed(this.#printed.setupToken, 'setup token')
  }
  get firstKey(): string {
    this.#readPrinted()
    return needed(this.#printed.key, 'key')
  }

  logs(): string {
    return `${this.#running.stdout()}\n${this.#running.stderr()}`
  }

  async configure(config: string | object): Promise<void> {
    this.#config = typeof config === 'string' ? config : JSON.stringify(config, undefined, 2)
    await writeFile(this.configPath, this.#config)
  }

  signal(name: NodeJS.Signals): void {
    this.#running.signal(name)
  }
  stop(): Promise<Exit> {
    return this.#running.stop()
  }
  kill(): Promise<Exit> {
    return this.#running.kill()
  }
  ended(options?: WaitOptions): Promise<Exit> {
    return this.#running.ended(options)
  }
  restart(options: Pick<GatewayOptions, 'until' | 'env' | 'args'> = {}): Promise<void> {
    return this.start({ ...this.#options, ...options })
  }

  async start({ until = 'ready', ...options }: GatewayOptions): Promise<void> {
    if (this.#process !== undefined && this.#process.exit() === undefined)
      throw new Error('the gateway is running already')
    const [program, ...rest] = options.command ?? [process.execPath, join(ROOT, 'bin/sekisho.mjs')]
    const config = this.#config === '' ? [] : ['--config', this.configPath]
    const port = this.#printed.address === undefined ? '0' : new URL(this.#printed.address).port
    const args = ['serve', '--data', this.dataDir, '--port', port, ...config, ...(options.args ?? [])]
    this.#process = startProcess({
      command: [program, ...rest, ...args],
      cwd: this.folder,
      env: this.#environment(options),
    })
    if (until === 'started') return
    await this.#waitFor('its address', () => this.#readPrinted())
    if (until === 'ready') await this.#waitFor('/readyz to say yes', async () => (await this.readyz()).status === 200)
  }

  async readyz(): Promise<{ status: number; body: unknown }> {
    const answer = await send(`${this.url}/readyz`)
    return { status: answer.status, body: parsed(await answer.text()) }
  }

  async metrics(): Promise<Metrics> {
    const answer = await send(`${this.url}/metrics`)
    return readMetrics(await answer.text())
  }

  async ask(path: string, { key, ...request }: RawRequest & { key?: string }): Promise<RawResponse> {
    return ask(this.url, path, { ...request, key: key ?? (await this.anyModelKey()) })
  }

  async admin(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    return this.#callAdmin({ method, path, body, token: await this.serviceToken() })
  }

  serviceToken(): Promise<string> {
    this.#serviceToken ??= this.#makeAdministrator()
    return this.#serviceToken
  }

  async createKey(input: KeyInput): Promise<{ id: string; key: string }> {
    return shaped(await this.admin('POST', '/keys', input), ['id', 'key'])
  }

  anyModelKey(): Promise<string> {
    this.#anyModelKey ??= this.createKey({ name: 'every model' }).then(({ key }) => key)
    return this.#anyModelKey
  }

  async records(): Promise<readonly UsageRow[]> {
    return readUsageRows(await this.#database())
  }

  waitForRecords(count: number, options?: WaitOptions): Promise<readonly UsageRow[]> {
    return waitUntil(
      `${count} records in the ledger`,
      async () => {
        const rows = await this.records()
        return rows.length >= count && rows
      },
      options,
    )
  }

  async dispose(): Promise<void> {
    try {
      if (this.#process !== undefined && this.#process.exit() === undefined) await this.#process.stop()
      if (this.#options.databaseUrl === undefined) await stopEmbeddedDatabase(this.dataDir)
    } finally {
      await rm(this.folder, { recursive: true, force: true })
    }
  }

  get #running(): RunningProcess {
    return needed(this.#process, 'process')
  }

  #environment({ env = {}, databaseUrl }: GatewayOptions): Readonly<Record<string, string>> {
    const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value] as const]
    })
    const database = databaseUrl === undefined ? {} : { SEKISHO_DATABASE_URL: databaseUrl }
    return { ...Object.fromEntries(inherited), ...database, ...env }
  }

  /** Looks at what was printed; what a later start does not print again is kept. */
  #readPrinted(): boolean {
    const printed = readPrinted(this.#running.stdout(), this.#config)
    this.#printed = {
      address: printed.address ?? this.#printed.address,
      setupToken: this.#printed.setupToken ?? printed.setupToken,
      key: this.#printed.key ?? printed.key,
    }
    return printed.address !== undefined
  }

  /** A gateway that has ended never becomes what it is waited for: its last words are the error. */
  #waitFor(what: string, condition: () => boolean | Promise<boolean>): Promise<true> {
    return waitUntil(
      `the gateway: ${what}`,
      async () => {
        const exit = this.#running.exit()
        if (exit !== undefined)
          throw new Error(`the gateway ended (${exit.code ?? exit.signal}):\n${this.logs().slice(-4_000)}`)
        return condition()
      },
      { timeoutMs: START_MS_MAX },
    )
  }

  async #makeAdministrator(): Promise<string> {
    // The key and the token are printed at the end of the start, perhaps after the address.
    await this.#waitFor('its setup token', () => this.#readPrinted() && this.#printed.setupToken !== undefined)
    const made = await this.#callAdmin({
      method: 'POST',
      path: '/setup/administrator',
      body: { name: 'Test' },
      token: this.setupToken,
    })
    return shaped(made, ['token']).token
  }

  async #callAdmin({
    method,
    path,
    body,
    token,
  }: {
    method: string
    path: string
    body: object | undefined
    token: string
  }): Promise<unknown> {
    const answer = await ask(`${this.url}/api`, path, { method, key: token, ...(body === undefined ? {} : { body }) })
    const text = await answer.text()
    if (answer.status >= 300) throw new Error(`${method} /api${path} was answered ${answer.status}: ${text}`)
    return parsed(text)
  }

  #database(): ClientConfig | Promise<ClientConfig> {
    const { databaseUrl } = this.#options
    return databaseUrl === undefined ? embeddedDatabase(this.dataDir) : { connectionString: databaseUrl }
  }
}

function needed<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`the gateway has no ${what} yet`)
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The fields of an answer, which must be texts. */
function shaped<Name extends string>(value: unknown, names: readonly Name[]): Record<Name, string> {
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const found = fields.filter(([name, text]) => names.some((one) => one === name) && typeof text === 'string')
  if (found.length !== names.length) throw new Error(`the answer lacks ${names.join(', ')}: ${JSON.stringify(value)}`)
  return Object.fromEntries(found) as Record<Name, string>
}
