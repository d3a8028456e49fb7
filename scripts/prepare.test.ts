import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

// A checkout of its own for each test, in a path with a space, with an npm that notes its calls instead of downloading.
let base: string
let checkout: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'prepare '))
  checkout = join(base, 'check out')
  for (const name of ['prepare.mjs', 'prepare-lock.mjs', 'test-servers.mjs'])
    cpSync(join(import.meta.dirname, name), join(checkout, 'scripts', name))
  writeFileSync(join(checkout, 'package.json'), '{"name":"fixture","version":"1.0.0","private":true}')
  writeLock({})
  writeNpm('')
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

describe('packages', () => {
  test('are installed when they are missing, and then not again', async () => {
    expect(await prepare()).toMatchObject({ code: 0, stdout: '' })
    expect(await prepare()).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(npmCalls()).toEqual([expect.stringMatching(/^install --no-save --ignore-scripts .*--include=dev$/)])
  })

  test('for development are left out where only a start is wanted, and follow when more is', async () => {
    await prepare({}, ['--start'])
    await prepare({}, ['--start'])
    expect(npmCalls()).toEqual([expect.stringMatching(/ --omit=dev$/)])
    await prepare()
    await prepare({}, ['--start'])
    expect(npmCalls()).toEqual([expect.anything(), expect.stringMatching(/ --include=dev$/)])
    writeLock({ 'node_modules/other': { version: '1.0.0', integrity: 'sha512-a' } })
    await prepare({}, ['--start'])
    expect(npmCalls().at(-1)).toMatch(/ --include=dev$/)
  })

  test('for development need not be there for a start when npm was run by hand', async () => {
    const one = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' } }
    writeLock({ ...one, 'node_modules/two': { version: '1.0.0', integrity: 'sha512-b', dev: true } })
    writeInstalled(one)
    await prepare({}, ['--start'])
    expect(npmCalls()).toEqual([])
    await prepare()
    expect(npmCalls()).toHaveLength(1)
  })

  test('are installed by the real npm from a lock file without any package', async () => {
    const { code, stderr } = await prepare({ npm_execpath: undefined })
    expect(stderr).toMatch(/packages installed in \d+ s/)
    expect(code).toBe(0)
  })

  test('are installed again when the lock file has changed', async () => {
    await prepare()
    writeLock({ 'node_modules/other': { version: '1.0.0', integrity: 'sha512-a' } })
    await prepare()
    expect(npmCalls()).toHaveLength(2)
  })

  test('that npm installed by hand are believed when they are the same', async () => {
    const one = { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' } }
    const forOtherSystems = { 'node_modules/mac': { version: '1.0.0', integrity: 'sha512-b', optional: true } }
    writeLock({ ...one, ...forOtherSystems })
    writeInstalled(one)
    expect(await prepare()).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(npmCalls()).toEqual([])
  })

  test.each([
    ['of another version', { 'node_modules/one': { version: '2.0.0', integrity: 'sha512-a' } }],
    ['with other content', { 'node_modules/one': { version: '1.0.0', integrity: 'sha512-x' } }],
    ['that lack one', {}],
  ])('%s are installed anew', async (_, present) => {
    writeLock({ 'node_modules/one': { version: '1.0.0', integrity: 'sha512-a' } })
    writeInstalled(present)
    await prepare()
    expect(npmCalls()).toHaveLength(1)
  })

  test('that a killed installation left are removed first', async () => {
    const half = join(checkout, 'node_modules', 'half')
    mkdirSync(half, { recursive: true })
    expect(await prepare()).toMatchObject({ code: 0 })
    expect(existsSync(half)).toBe(false)
  })

  test('that are only out of date are kept for npm to compare', async () => {
    await prepare()
    const whole = join(checkout, 'node_modules', 'whole')
    mkdirSync(whole)
    writeLock({ 'node_modules/whole': { version: '1.0.0', integrity: 'sha512-a' } })
    await prepare()
    expect(existsSync(whole)).toBe(true)
  })

  test('that npm cannot install stop the command, with what npm said', async () => {
    writeNpm('console.error("the lock file is out of step"); process.exit(1)')
    const { code, stderr } = await prepare()
    expect(code).toBe(1)
    expect(stderr).toContain('npm could not install the packages')
    expect(stderr).toContain('the lock file is out of step')
    expect(existsSync(join(checkout, '.prepare.lock'))).toBe(false)

    writeNpm('')
    expect(await prepare()).toMatchObject({ code: 0 })
  })
})

test('an old Node is refused with the way out where npm cannot bring another', async () => {
  const pretence = join(base, 'old.cjs')
  writeFileSync(
    pretence,
    `for (const [name, value] of Object.entries({ version: 'v20.9.0', platform: 'darwin' })) Object.defineProperty(process, name, { value })`,
  )
  const { code, stderr } = await prepare({ NODE_OPTIONS: `--require "${pretence}"` })
  expect(code).toBe(1)
  expect(stderr).toMatch(/Node 24\.15 or newer is needed and this is v20\.9\.0.*\.node-version/)
  expect(npmCalls()).toEqual([])
})

describe('two commands at once', () => {
  test('install once: the second waits and finds everything there', async () => {
    const go = join(base, 'go')
    writeNpm(`
      const fs = require('node:fs')
      while (!fs.existsSync(${JSON.stringify(go)})) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)`)
    const processes = [start(), start()]
    const codes = Promise.all(processes.map(codeOf))
    await Promise.any(processes.map((child) => said(child, 'waiting for another command')))
    writeFileSync(go, '')
    expect(await codes).toEqual([0, 0])
    expect(npmCalls()).toHaveLength(1)
  })

  test('do not wait for one that was killed while it installed', async () => {
    writeNpm('process.kill(process.ppid, "SIGKILL")')
    const killed = start()
    await once(killed, 'exit')
    expect(existsSync(join(checkout, '.prepare.lock'))).toBe(true)

    writeNpm('')
    expect(await prepare()).toMatchObject({ code: 0 })
    expect(existsSync(join(checkout, '.prepare.lock'))).toBe(false)
  })

  test.runIf(process.platform === 'linux')('do not take a process that got the id of a dead owner for it', async () => {
    // Only Linux tells when a process began.
    writeFileSync(join(checkout, '.prepare.lock'), `${process.pid} another-boot/1\n`)
    expect(await prepare()).toMatchObject({ code: 0 })
  })

  test('all go on when several find the lock of a dead owner', async () => {
    const gone = spawn(process.execPath, ['-e', ''])
    await once(gone, 'exit')
    writeFileSync(join(checkout, '.prepare.lock'), `${gone.pid} -\n`)
    const codes = await Promise.all([1, 2, 3].map(() => codeOf(start())))
    expect(codes).toEqual([0, 0, 0])
    expect(npmCalls()).toHaveLength(1)
  })
})

type Packages = { readonly [path: string]: object }

const writeLock = (packages: Packages): void =>
  writeFileSync(
    join(checkout, 'package-lock.json'),
    JSON.stringify({
      name: 'fixture',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: { '': { name: 'fixture', version: '1.0.0' }, ...packages },
    }),
  )

function writeInstalled(packages: Packages): void {
  mkdirSync(join(checkout, 'node_modules'), { recursive: true })
  writeFileSync(join(checkout, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
}

/** A stand-in for npm: notes what it was asked, then does `then`. */
const writeNpm = (then: string): void =>
  writeFileSync(
    join(base, 'npm-cli.js'),
    `require('node:fs').appendFileSync(${JSON.stringify(join(base, 'calls'))}, process.argv.slice(2).join(' ') + '\\n');${then}`,
  )

function npmCalls(): readonly string[] {
  const notes = join(base, 'calls')
  return existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []
}

const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: base,
  npm_execpath: join(base, 'npm-cli.js'),
  ...more,
})

const prepare = (
  more: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(checkout, 'scripts', 'prepare.mjs'), ...flags],
      { env: environment(more) },
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

const start = (): ChildProcess =>
  spawn(process.execPath, [join(checkout, 'scripts', 'prepare.mjs')], { env: environment({}), stdio: 'pipe' })

const codeOf = async (child: ChildProcess): Promise<unknown> => (await once(child, 'exit'))[0]

async function said(child: ChildProcess, words: string): Promise<void> {
  let heard = ''
  for await (const chunk of child.stderr ?? []) {
    heard += String(chunk)
    if (heard.includes(words)) return
  }
  throw new Error(`it ended and never said "${words}", only "${heard}"`)
}
