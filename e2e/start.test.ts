import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findPostmaster } from '../server/world/postgres-postmaster.ts'
import { type Checkout, copyCheckout } from './kit/checkout.ts'
import { send } from './kit/client.ts'
import { BEHAVIOUR_FIELD, startFaultVendor } from './kit/fault-vendor.ts'
import { startGateway } from './kit/gateway.ts'
import { readPrinted } from './kit/gateway-output.ts'
import { type RunningProcess, startProcess } from './kit/gateway-process.ts'
import { suiteNeeding } from './kit/not-run.ts'
import { readStream, relayConfig } from './kit/relay.ts'
import { stream } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const START_MS_MAX = 30_000
const INSTALL_MS_MAX = 240_000
/** A guard against hanging, on any machine: how long a second start really takes is printed. */
const SECOND_START_MS_MAX = 10_000

const asRoot = process.getuid?.() === 0
const nobody = { uid: 65_534, gid: 65_534 }

interface User {
  readonly name: string
  /** Whose the checkout is, when it is not ours. */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** What a command begins with that is to be run by them. */
  readonly become: readonly string[]
}
const become = ['setpriv', `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, '--clear-groups']
const ordinary: User = { name: 'an ordinary user', ...(asRoot ? { owner: nobody, become } : { become: [] }) }
const users: readonly User[] = asRoot ? [{ name: 'root', become: [] }, ordinary] : [ordinary]
const noScript = existsSync('/usr/bin/script') ? null : 'script of util-linux is not there'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

describe.each(users)('npm start as $name, in a path with blanks', ({ owner, become }) => {
  const made: { checkout?: Checkout } = {}
  beforeAll(async () => {
    made.checkout = await copyCheckout({ owner, mode: 0o755, packages: 'linked' })
  })
  afterAll(() => made.checkout?.remove())
  const folder = (): string => made.checkout?.folder ?? ''
  const npmStart = (...words: readonly string[]): RunningProcess =>
    start(folder(), [...become, 'npm', 'start', ...words])

  test('the first start makes everything and prints a line that works; a second one finds it all', async () => {
    const first = npmStart('--', '--port', '0')
    await addressOf(first)
    expect(await shell(await curlLineOf(first))).toMatchObject({ object: 'chat.completion' })
    expect((await stat(join(folder(), 'data'))).uid).toBe(owner?.uid ?? process.getuid?.())
    expect(await first.stop()).toEqual({ code: 0, signal: null })
    await expectNothingLeft(join(folder(), 'data'))

    const startedAt = performance.now()
    const second = npmStart('--', '--port', '0')
    await addressOf(second, SECOND_START_MS_MAX)
    console.log(`the second npm start took ${Math.round(performance.now() - startedAt)} ms to its address`)
    expect(second.stderr()).not.toContain('installing')
    expect(second.stdout()).not.toContain('sek_')
    expect(await second.stop()).toEqual({ code: 0, signal: null })
    await expectNothingLeft(join(folder(), 'data'))
  }, 60_000)

  test('it runs twice at once on two data folders and ports', async () => {
    const both = ['one', 'two'].map((name) => npmStart('--', '--data', `./${name}/data`, '--port', '0'))
    const addresses = await Promise.all(both.map((one) => addressOf(one)))
    expect(new Set(addresses).size).toBe(2)
    for (const [at, one] of both.entries()) {
      const key = await waitUntil('the key', () => readPrinted(one.stdout(), '').key)
      const answer = await send(`${addresses[at]}/v1/models`, { headers: [['authorization', `Bearer ${key}`]] })
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"demo-chat"')])
    }
    expect(await Promise.all(both.map((one) => one.stop()))).toEqual(both.map(() => ({ code: 0, signal: null })))
    for (const name of ['one', 'two']) await expectNothingLeft(join(folder(), name, 'data'))
  }, 60_000)

  suiteNeeding('in a terminal', noScript, () => {
    test('it starts, and one Ctrl-C lets a long stream finish before everything is gone', async () => {
      const vendor = await startFaultVendor()
      closers.push(() => vendor.close())
      await writeFile(join(folder(), 'test.yaml'), JSON.stringify(relayConfig(vendor)))
      const terminal = inTerminal(folder(), become, 'npm start -- --data ./terminal/data --port 0 --config test.yaml')
      const key = await terminal.until('a key', (text) => readPrinted(text, vendor.url).key)
      const address = await terminal.until('the address', (text) => readPrinted(text, vendor.url).address)
      expect(terminal.text()).not.toContain('"level"')
      // The printed key is for the demo only, so an administrator makes one.
      const anyKey = await makeKey(address, readPrinted(terminal.text(), vendor.url).setupToken ?? '')
      expect(key).not.toBe(anyKey)
      // Longer than the five seconds that are left after a second request to stop.
      const events = Array.from({ length: 7 }, () => 1)
      const behaviour = stream({ events, pace: { kind: 'every', ms: 1_000 } })
      const messages = [{ role: 'user', content: 'Hello' }]
      const response = await send(`${address}/v1/chat/completions`, {
        headers: [['authorization', `Bearer ${anyKey}`]],
        body: { model: 'fault/m', messages, stream: true, [BEHAVIOUR_FIELD]: behaviour },
      })
      terminal.type('\u0003')
      expect(await readStream(response)).toMatchObject({ finished: true, ending: 'complete' })
      await terminal.ended
      await expectNothingLeft(join(folder(), 'terminal/data'))
    }, 60_000)
  })
})

test(
  'a fresh clone installs, prepares and runs everything with one command; one that only root can enter says where its database went',
  async () => {
    const { folder, remove } = await copyCheckout({ mode: asRoot ? 0o700 : 0o755, packages: 'missing' })
    onTestFinished(remove)
    const gateway = start(folder, ['npm', 'start', '--', '--port', '0'], { npm_config_prefer_offline: 'true' })
    const address = await addressOf(gateway, INSTALL_MS_MAX)
    const home = asRoot ? (await readFile(join(folder, 'data/postgres-is-in'), 'utf8')).trim() : join(folder, 'data')
    if (asRoot) onTestFinished(() => rm(home, { recursive: true, force: true }))
    expect(await shell(await curlLineOf(gateway))).toMatchObject({ object: 'chat.completion' })
    expect((await send(`${address}/readyz`)).status).toBe(200)
    expect(gateway.stderr()).toMatch(/packages installed in \d+ s/)
    const said = gateway
      .stdout()
      .split('\n')
      .filter((text) => text.includes('/var/lib/sekisho'))
    expect(said).toEqual(
      asRoot
        ? [
            `  note: PostgreSQL keeps its data and programs in ${home}: it runs as the user ${await ownerOf(home)}, who cannot enter this folder.`,
          ]
        : [],
    )
    expect(dirname(home)).toBe(asRoot ? '/var/lib/sekisho' : folder)
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    await expectNothingLeft(home)
  },
  INSTALL_MS_MAX + 60_000,
)

test('a port that is taken is said in one sentence, with exit code 1, and nothing is left running', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  closers.push(async () => void holder.close())
  const address = holder.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const gateway = await startGateway({ until: 'started', args: ['--port', port] })
  closers.push(() => gateway.dispose())
  expect(await gateway.ended()).toEqual({ code: 1, signal: null })
  expect(gateway.logs().trim()).toMatch(
    new RegExp(`^sekisho: the port is taken; give another one with --port \\(.*:${port}\\)$`),
  )
  await expectNothingLeft(gateway.dataDir)
})

test('a data folder that another gateway uses is refused with the pid of that one, which goes on', async () => {
  const first = await startGateway()
  closers.push(() => first.dispose())
  const second = start(first.folder, [process.execPath, BIN, 'serve', '--data', first.dataDir, '--port', '0'])
  expect(await second.ended()).toEqual({ code: 1, signal: null })
  expect(second.stdout()).toBe('')
  expect(second.stderr()).toMatch(
    new RegExp(
      `^sekisho: The data folder ${first.dataDir} is in use by another gateway \\(process ${first.pid} on .*\\)[^\\n]*--data\\.\\n$`,
    ),
  )
  expect((await first.readyz()).status).toBe(200)
})

const BIN = join(import.meta.dirname, '../bin/sekisho.mjs')

/** Only what a person's shell has: our own packages are not on the path, so npm runs with the Node of the machine. */
function environment(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'))
  return { PATH: path.join(':'), HOME: process.env['HOME'] ?? '/nonexistent', ...more }
}

function start(
  cwd: string,
  [program = '', ...rest]: readonly string[],
  env?: Readonly<Record<string, string>>,
): RunningProcess {
  const running = startProcess({ command: [program, ...rest], cwd, env: environment(env) })
  closers.push(async () => {
    if (running.exit() === undefined) await running.stop()
  })
  return running
}

/** The address as soon as it is printed; a process that ends before says why. */
function addressOf(running: RunningProcess, timeoutMs = START_MS_MAX): Promise<string> {
  return waitUntil(
    'the address',
    () => {
      if (running.exit() !== undefined) throw new Error(`it ended:\n${running.stdout()}\n${running.stderr()}`)
      return readPrinted(running.stdout(), '').address
    },
    { timeoutMs },
  )
}

/** Printed below the address, and it may come through the pipe after it. */
function curlLineOf(running: RunningProcess): Promise<string> {
  return waitUntil('the curl line', () => /^ *(curl .*)\n/m.exec(running.stdout())?.[1])
}

async function shell(line: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', line])
  return JSON.parse(stdout)
}

async function expectNothingLeft(home: string): Promise<void> {
  expect(await findPostmaster(join(home, 'postgres'))).toBeUndefined()
  expect(existsSync(join(home, 'gateway.lock'))).toBe(false)
  expect(existsSync(join(home, 'postgres.lock'))).toBe(false)
}

async function ownerOf(folder: string): Promise<string> {
  const { uid } = await stat(join(folder, 'postgres'))
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  return lines.find(([, , id]) => id === String(uid))?.[0] ?? String(uid)
}

/** A command typed into a terminal of its own. */
function inTerminal(cwd: string, become: readonly string[], command: string) {
  const [program, ...rest] = [...become, 'script', '--quiet', '--flush', '--return', '--command', command, '/dev/null']
  const child = spawn(program, rest, { cwd, env: environment({ TERM: 'xterm' }), stdio: ['pipe', 'pipe', 'inherit'] })
  const said = { text: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.text += text
  })
  const ended = once(child, 'exit')
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return {
    text: () => said.text,
    until: <Found>(what: string, find: (text: string) => Found) =>
      waitUntil(`${what} in the terminal`, () => find(said.text), { timeoutMs: START_MS_MAX }),
    type: (text: string) => void child.stdin.write(text),
    ended,
  }
}

async function makeKey(address: string, setupToken: string): Promise<string> {
  const administrator = await post(`${address}/api/setup/administrator`, setupToken, { name: 'Ada' })
  const { key } = await post(`${address}/api/keys`, administrator['token'] ?? '', { name: 'any model' })
  return key ?? ''
}

async function post(url: string, token: string, body: object): Promise<Readonly<Record<string, string>>> {
  const answer = await send(url, { headers: [['authorization', `Bearer ${token}`]], body })
  // An answer of the admin API, whose texts are looked at.
  return (await answer.json()) as Readonly<Record<string, string>>
}
