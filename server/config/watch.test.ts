import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LoadedConfig, loadConfig } from '../config.ts'
import { revisionOf } from './file.ts'
import { type ConfigState, type ConfigWatch, watchConfig, type WatchOptions } from './watch.ts'

let folder = ''
let path = ''
let watching: ConfigWatch | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-watch-'))
  path = join(folder, 'sekisho.yaml')
})
afterEach(async () => {
  await watching?.close()
  rmSync(folder, { recursive: true })
})

const portText = (port: number) => `listen:\n  port: ${port}\n`

async function start(more: Partial<WatchOptions> = {}, environment: Record<string, string | undefined> = {}) {
  const load = () => loadConfig({ file: { path, named: false }, environment, flags: {} })
  const started = await load()
  if (started.kind === 'refused') throw new Error('the first configuration must be good')
  const applied: LoadedConfig[] = []
  const states: ConfigState[] = []
  const apply = (loaded: LoadedConfig) => void applied.push(loaded)
  // Long polls: what a test sees came from the folder, unless it says otherwise.
  const options = {
    path,
    started,
    load,
    apply,
    onChange: (state: ConfigState) => states.push(state),
    settleMs: 20,
    pollMs: 3_600_000,
  }
  const watch = watchConfig({ ...options, ...more })
  watching = watch
  return { watch, applied, states, ports: () => applied.map(({ config }) => config.listen.port) }
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 })

test('a file that is written again is taken over', async () => {
  writeFileSync(path, portText(1))
  const { watch, ports } = await start()
  writeFileSync(path, portText(2))
  await until(() => expect(ports()).toEqual([2]))
  expect(watch.state()).toEqual({ running: revisionOf(portText(2)), rejected: null })
})

test('a file that appears is taken over', async () => {
  const { ports } = await start()
  writeFileSync(path, portText(2))
  await until(() => expect(ports()).toEqual([2]))
})

test('a file that an editor puts in the place of the old one is taken over, again and again', async () => {
  writeFileSync(path, portText(1))
  const { ports } = await start()
  for (const port of [2, 3]) {
    writeFileSync(`${path}~`, portText(port))
    renameSync(`${path}~`, path)
    await until(() => expect(ports().at(-1)).toBe(port))
  }
})

test('a link that Kubernetes swaps two levels away is followed', async () => {
  const version = (name: string, port: number) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'sekisho.yaml'), portText(port))
  }
  version('..first', 1)
  symlinkSync('..first', join(folder, '..data'))
  symlinkSync(join('..data', 'sekisho.yaml'), path)
  const { ports } = await start()
  version('..second', 2)
  symlinkSync('..second', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  await until(() => expect(ports()).toEqual([2]))
})

test('a change that the folder does not tell of is found by looking', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'sekisho-elsewhere-'))
  writeFileSync(join(elsewhere, 'real.yaml'), portText(1))
  symlinkSync(join(elsewhere, 'real.yaml'), path)
  const { ports } = await start({ pollMs: 20 })
  writeFileSync(join(elsewhere, 'real.yaml'), portText(2))
  await until(() => expect(ports()).toEqual([2]))
  rmSync(elsewhere, { recursive: true })
})

test('a broken file leaves the running one alone, says why, and is forgotten once a good one comes', async () => {
  writeFileSync(path, portText(1))
  const { watch, applied, states } = await start()
  writeFileSync(path, 'listen: 5\n')
  await until(() => expect(watch.state().rejected).not.toBeNull())
  expect(applied).toEqual([])
  expect(watch.state()).toMatchObject({
    running: revisionOf(portText(1)),
    rejected: {
      revision: revisionOf('listen: 5\n'),
      problems: [{ path: 'listen', message: 'must be a map of fields' }],
    },
  })
  writeFileSync(path, portText(1))
  await until(() => expect(watch.state().rejected).toBeNull())
  // What runs stands there again: nothing had to be taken over for it.
  expect(applied).toEqual([])
  expect(states.map(({ rejected }) => rejected !== null)).toEqual([true, false])
})

test('a file that goes away is an accident: what runs is kept', async () => {
  writeFileSync(path, portText(1))
  const { watch, applied } = await start()
  unlinkSync(path)
  await until(() => expect(watch.state().rejected?.problems[0]?.message).toMatch(/is not there any more/))
  expect(applied).toEqual([])
})

test('a file that is only touched, or written the same, changes nothing', async () => {
  writeFileSync(path, portText(1))
  const { applied, ports, states } = await start()
  writeFileSync(path, portText(1))
  writeFileSync(`${path}~`, portText(1))
  renameSync(`${path}~`, path)
  // A real change behind them shows that the others were seen and left.
  await watching?.close()
  const again = await start()
  writeFileSync(path, portText(2))
  await until(() => expect(again.ports()).toEqual([2]))
  expect([applied, ports(), states]).toEqual([[], [], []])
})

test('a file that comes in pieces is read once it rests', async () => {
  writeFileSync(path, portText(1))
  const { applied, watch } = await start({ settleMs: 150 })
  const whole = portText(2)
  for (const length of [3, 9, whole.length]) {
    writeFileSync(path, whole.slice(0, length))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => expect(watch.state().running).toBe(revisionOf(whole)))
  expect(applied.length).toBe(1)
  expect(watch.state().rejected).toBeNull()
})

test('SIGHUP reads secrets again even when the file is the same', async () => {
  const secret = join(folder, 'key')
  writeFileSync(secret, 'sk-old')
  writeFileSync(path, `providers: {v: {kind: vllm, credential: "file:${secret}"}}\n`)
  const { watch, applied } = await start()
  writeFileSync(secret, 'sk-new')
  await watch.reload()
  expect(applied.map(({ secrets }) => secrets.get(`file:${secret}`)?.reveal())).toEqual(['sk-new'])
})

test('a secret that is gone at SIGHUP refuses the reload', async () => {
  writeFileSync(path, 'providers: {v: {kind: vllm, credential: "${KEY}"}}\n')
  const environment: Record<string, string | undefined> = { KEY: 'sk-1' }
  const { watch, applied } = await start({}, environment)
  delete environment['KEY']
  const { rejected } = await watch.reload()
  expect(rejected?.problems[0]?.message).toBe('the environment variable KEY is not set')
  expect(applied).toEqual([])
})

test('a snapshot that cannot be built leaves the old one, and the file counts as refused', async () => {
  writeFileSync(path, portText(1))
  const { watch } = await start({
    apply: () => {
      throw new Error('no room')
    },
  })
  writeFileSync(path, portText(2))
  await until(() => expect(watch.state().rejected?.problems[0]?.message).toBe('could not be taken over: no room'))
  expect(watch.state().running).toBe(revisionOf(portText(1)))
})

test('what was broken at the start is shown from the start', async () => {
  writeFileSync(path, portText(1))
  const load = () => loadConfig({ file: { path, named: false }, environment: {}, flags: {} })
  const started = await load()
  if (started.kind === 'refused') throw new Error('the first configuration must be good')
  const rejected = { revision: 'abc', problems: [] }
  watching = watchConfig({
    path,
    started: { ...started, rejected },
    load,
    apply: () => {},
    onChange: () => {},
    pollMs: 3_600_000,
  })
  expect(watching.state().rejected).toEqual(rejected)
})

test('after close nothing is read any more', async () => {
  writeFileSync(path, portText(1))
  const { watch, applied } = await start()
  await watch.close()
  writeFileSync(path, portText(2))
  await watch.reload()
  expect(applied).toEqual([])
})
