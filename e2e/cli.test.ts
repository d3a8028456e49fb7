import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { run } from '../cli/run.ts'
import { closedPort } from './kit/fault-vendor.ts'
import { type Gateway, startGateway } from './kit/gateway.ts'
import { startPlane, type TestPlane } from './kit/plane.ts'
import { withPostgres } from './kit/postgres.ts'

const postgres = withPostgres()
const started: { plane?: TestPlane } = {}
beforeAll(async () => {
  started.plane = await startPlane(await postgres.freshDatabase())
})
afterAll(() => started.plane?.close())

async function sekisho(words: readonly string[], environment: { readonly [name: string]: string } = {}) {
  const said = { out: '', err: '' }
  const code = await run(words, {
    environment: { SEKISHO_URL: started.plane?.url, ...environment },
    out: (line) => void (said.out += `${line}\n`),
    err: (line) => void (said.err += `${line}\n`),
    readText: () => Promise.reject(new Error('no such file')),
  })
  return { code, ...said }
}

test('from the setup token to a revoked key, with nothing but the command', async () => {
  const setupToken = (await started.plane?.setupToken()) ?? ''
  const setup = await sekisho(['setup', '--token', setupToken], { USER: 'ada' })
  expect(setup.code).toBe(0)
  const token = /svc_\w+/.exec(setup.out)?.[0] ?? ''
  expect(setup.err).toContain(`export SEKISHO_TOKEN=${token}`)
  expect(await sekisho(['setup', '--token', setupToken])).toMatchObject({
    code: 1,
    err: 'sekisho: There is an administrator already\n',
  })

  const asAda = { SEKISHO_TOKEN: token }
  const made = await sekisho(
    ['keys', 'create', '--name', 'ci', '--models', 'demo/*', '--expires-in-days', '7', '--json'],
    asAda,
  )
  const { id, key }: { id: string; key: string } = JSON.parse(made.out)
  expect(key).toMatch(/^sek_/)
  const listed = await sekisho(['keys', 'list'], asAda)
  expect(listed.out).toMatch(/^ {2}ID +NAME +STATE +MODELS +CREATED AT +CREATED BY +EXPIRES AT\n/)
  expect(listed.out).toContain(`${id}  ci    active  demo/*  `)

  const rotated = await sekisho(['keys', 'rotate', id, '--overlap-hours', '1'], asAda)
  expect(rotated.out).toMatch(/\n\n {2}sek_\w+\n$/)
  expect(rotated.err).toBe('This key is shown this once and kept nowhere: store it now.\n')
  expect(await sekisho(['keys', 'rotate', id, '--overlap-hours', '200'], asAda)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^sekisho: --overlap-hours: /),
  })
  expect((await sekisho(['keys', 'revoke', id], asAda)).out).toMatch(/state +revoked/)
  expect((await sekisho(['audit', 'list', '--target', id], asAda)).out).toContain('keys.revoke')
  expect(await sekisho(['usage'], asAda)).toMatchObject({ code: 0, err: 'There is nothing yet.\n' })
  expect((await sekisho(['providers', 'list'], asAda)).out).toContain('demo')
  expect(await sekisho(['keys', 'list'], { SEKISHO_TOKEN: key })).toMatchObject({
    code: 1,
    err: 'sekisho: Invalid credential: the gateway does not know this token\n',
  })
})

const BIN = join(import.meta.dirname, '../bin/sekisho.mjs')

interface Spoken {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** The program as a shell runs it. Nothing of this process's environment is there but the path. */
async function program(
  words: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Spoken> {
  const options = {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 20_000,
    ...(cwd === undefined ? {} : { cwd }),
  }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...words], options, (_, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    )
  })
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'sekisho cli '))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

describe('the program itself', () => {
  test('--help names every command, and each has flags of its own', async () => {
    const all = await program(['--help'])
    expect([all.code, all.err]).toEqual([0, ''])
    for (const word of ['serve', 'check', 'config', 'keys create', 'usage', 'audit', '--version'])
      expect(all.out).toContain(word)
    expect(await program([])).toEqual(all)
    for (const command of ['serve', 'check', 'config']) {
      const { code, out } = await program([command, '--help'])
      expect([code, out]).toEqual([0, expect.stringContaining(`Usage: sekisho ${command} [FILE] [flags]`)])
      for (const flag of ['--config', '--data', '--host', '--port'])
        expect(out).toMatch(new RegExp(`^ {2}${flag} [A-Z]`, 'm'))
    }
    expect((await program(['config', '--help'])).out).toContain('config show')
  })

  test('--version says the version', async () => {
    const { version }: { version: string } = JSON.parse(
      await readFile(join(import.meta.dirname, '../package.json'), 'utf8'),
    )
    expect(await program(['--version'])).toEqual({ code: 0, out: `sekisho ${version}\n`, err: '' })
  })

  test.each([
    [['frobnicate'], 'sekisho: there is no command "frobnicate"; "sekisho --help" lists all commands'],
    [
      ['keys', 'frobnicate'],
      /^sekisho: there is no command "keys frobnicate"; did you mean keys create, keys create-many, keys list/,
    ],
    [['keys', 'list', '--frobnicate'], "sekisho: Unknown option '--frobnicate'"],
    [['serve', '--frobnicate'], "sekisho: Unknown option '--frobnicate'"],
    [['serve', '--port'], /^sekisho: Option '--port <value>' argument missing/],
    [['check', 'one.yaml', 'two.yaml'], 'sekisho: "two.yaml" is not understood: one configuration file can be given'],
    [['keys', 'list'], /^sekisho: a service token is needed: set SEKISHO_TOKEN/],
  ])('%j is not understood, in one sentence, with exit code 2', async (words, sentence) => {
    const { code, out, err } = await program(words)
    expect([code, out]).toEqual([2, ''])
    expect(err.split('\n')).toHaveLength(2)
    expect(err).toMatch(sentence)
  })

  test.each([
    [['--port', '70000'], '--port: listen.port: must be at most 65535\n'],
    [['--port', 'http'], '--port: listen.port: must be a number\n'],
    [['--config', 'nowhere.yaml'], 'nowhere.yaml: there is no such file\n'],
  ])('serve %j starts nothing, says why and ends with 1', async (words, sentence) => {
    const cwd = await folder()
    expect(await program(['serve', ...words], { cwd })).toEqual({ code: 1, out: '', err: sentence })
  })

  test('a gateway that does not run is a clear sentence, and so is an address that is none', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`
    const env = { SEKISHO_TOKEN: 'svc_x', SEKISHO_URL: url }
    expect(await program(['keys', 'list'], { env })).toEqual({
      code: 1,
      out: '',
      err: `sekisho: nothing answers at ${url}: is the gateway running? Start it with "npm start", or set SEKISHO_URL\n`,
    })
    expect(await program(['usage', '--url', 'localhost:1'], { env })).toMatchObject({
      code: 2,
      err: expect.stringContaining('is not the address of a gateway'),
    })
  })
})

describe('check and config', () => {
  const secret = 'sk-canary-5e1f'

  test('a valid file is called valid; with nothing that ran before there is nothing to compare with', async () => {
    const cwd = await folder()
    await writeFile(join(cwd, 'sekisho.yaml'), 'listen:\n  port: 4200\n')
    expect(await program(['check'], { cwd })).toEqual({
      code: 0,
      out: 'sekisho.yaml is valid\nnothing has run from this data folder yet, so there is nothing to compare with\n',
      err: '',
    })
  })

  test('of a broken file every problem is told, with line, path and suggestion, and no value of it', async () => {
    const cwd = await folder()
    const lines = [
      'listen:',
      '  prot: 4200',
      'limits:',
      '  bodyBytesMax: many',
      'providers:',
      '  one:',
      '    kind: openay',
      `    credential: ${secret}`,
      '  two:',
      '    kind: openai',
      '    credential: ${NOT_SET_ANYWHERE}',
    ]
    await writeFile(join(cwd, 'broken.yaml'), lines.join('\n'))
    const { code, out, err } = await program(['check', 'broken.yaml'], { cwd })
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(/^broken\.yaml:2: listen\.prot: .*did you mean 'port'\?$/m)
    expect(out).toMatch(/^broken\.yaml:4: limits\.bodyBytesMax: /m)
    expect(out).toMatch(/^broken\.yaml:7: providers\.one\.kind: .*did you mean 'openai'\?$/m)
    expect(out).toMatch(/^broken\.yaml:8: providers\.one\.credential: /m)
    expect(out).toMatch(/^\d problems\n$/m)
    expect(out).not.toContain(secret)
    expect((await program(['serve', '--config', 'broken.yaml'], { cwd })).code).toBe(1)
    await writeFile(join(cwd, 'unset.yaml'), ['providers:', ...lines.slice(8)].join('\n'))
    expect((await program(['check', 'unset.yaml'], { cwd })).out).toMatch(
      /^unset\.yaml:4: providers\.two\.credential: the environment variable NOT_SET_ANYWHERE is not set\n1 problem\n$/,
    )
  })

  test('config shows each value with where it comes from, and no secret', async () => {
    const cwd = await folder()
    const file = ['listen:', '  port: 4200', 'providers:', '  mine:', '    kind: openai', '    credential: ${MINE}']
    await writeFile(join(cwd, 'sekisho.yaml'), file.join('\n'))
    const env = { MINE: secret, GROQ_API_KEY: secret, SEKISHO_HOST: '127.0.0.9' }
    const { code, out, err } = await program(['config', '--port', '4300'], { cwd, env })
    expect([code, err]).toEqual([0, ''])
    const shown = out.split('\n')
    expect(shown).toContain('listen.host = "127.0.0.9"  # environment:SEKISHO_HOST')
    expect(shown).toContain('listen.port = 4300  # flag')
    expect(shown).toContain('limits.bodyBytesMax = 33554432  # default')
    expect(shown).toContain('providers.mine.kind = "openai"  # file:5')
    expect(shown).toContain('providers.mine.credential = [secret] from ${MINE}  # file:6')
    expect(shown).toContain('providers.groq.credential = [secret] from ${GROQ_API_KEY}  # environment:GROQ_API_KEY')
    expect(out).not.toContain(secret)
  })
})

describe('beside a running gateway', () => {
  const running: { gateway?: Gateway } = {}
  const config = { limits: { queueMax: 7 }, providers: { mine: { kind: 'openai', credential: '${MINE}' } } }
  const env = { MINE: 'sk-canary-77aa' }
  beforeAll(async () => {
    running.gateway = await startGateway({ databaseUrl: await postgres.freshDatabase(), config, env })
  })
  afterAll(() => running.gateway?.dispose())
  const gateway = (): Gateway => {
    if (running.gateway === undefined) throw new Error('it has not started')
    return running.gateway
  }
  const administrator = async () => ({ SEKISHO_URL: gateway().url, SEKISHO_TOKEN: await gateway().serviceToken() })

  test('check says what would change, and what only with the next start', async () => {
    const words = ['check', '--data', gateway().dataDir, '--config', gateway().configPath]
    expect((await program(words, { env })).out).toMatch(
      /nothing changes against what ran last \(revision \w+, \S+\)\n$/,
    )
    const other = join(await folder(), 'other.yaml')
    await writeFile(
      other,
      'listen: { port: 4999 }\nlimits: { queueMax: 9 }\nprices: [{ model: demo/x, rates: { input: 1, output: 2 } }]\n',
    )
    const { code, out } = await program([...words.slice(0, 3), '--config', other], { env })
    expect(code).toBe(0)
    expect(out).toContain('changes against what ran last')
    expect(out).toContain('\n  ~ limits.queueMax: 7 -> 9\n')
    expect(out).toMatch(/^ {2}~ listen\.port: \d+ -> 4999 {2}\(at the next start\)$/m)
    expect(out).toMatch(/^ {2}- providers\.mine\.kind = "openai"$/m)
    expect(out).toMatch(/^ {2}\+ prices/m)
  })

  test('keys are made, listed and revoked, and a request shows in the usage', async () => {
    const env = await administrator()
    const made = await program(['keys', 'create', '--name', 'from a shell', '--models', 'demo/*', '--json'], { env })
    const { id, key }: { id: string; key: string } = JSON.parse(made.out)
    const body = { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hi' }] }
    expect((await gateway().ask('/v1/chat/completions', { key, body })).status).toBe(200)
    await gateway().waitForRecords(1)
    expect((await program(['usage', '--by', 'key'], { env })).out).toMatch(
      new RegExp(`^  ${id}  from a shell +1 `, 'm'),
    )
    expect((await program(['usage', 'list', '--json'], { env })).out).toContain(`"keyId":"${id}"`)
    expect((await program(['keys', 'list'], { env })).out).toContain('from a shell')
    expect((await program(['keys', 'revoke', id], { env })).code).toBe(0)
    expect((await gateway().ask('/v1/chat/completions', { key, body })).status).toBe(401)
    expect(await program(['keys', 'list'], { env: { ...env, SEKISHO_TOKEN: key } })).toMatchObject({ code: 1, out: '' })
  })

  test('config show says what runs there, without secrets', async () => {
    const { code, out } = await program(['config', 'show'], { env: await administrator() })
    expect(code).toBe(0)
    expect(out).toMatch(/^ {2}limits\.queueMax +7 +file:\d+$/m)
    expect(out).toMatch(/^ {2}providers\.mine\.credential +\[secret\] +file:\d+$/m)
    expect(out).toMatch(/^ {2}listen\.port +\d+ +flag$/m)
    expect(out).not.toContain(env.MINE)
  })
})
