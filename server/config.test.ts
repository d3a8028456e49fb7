import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { type ConfigInputs, type LoadedConfig, loadConfig } from './config.ts'
import { revisionOf } from './config/file.ts'
import { problemText } from './config/problem.ts'

const folder = mkdtempSync(join(tmpdir(), 'sekisho-config-'))
const path = join(folder, 'sekisho.yaml')
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => rmSync(path, { force: true }))

const load = (text: string | undefined, more: Partial<ConfigInputs> = {}) => {
  if (text !== undefined) writeFileSync(path, text)
  return loadConfig({ file: { path, named: false }, environment: {}, flags: {}, ...more })
}

async function loaded(text: string | undefined, more: Partial<ConfigInputs> = {}): Promise<LoadedConfig> {
  const result = await load(text, more)
  if (result.kind === 'refused') throw new Error(result.problems.map(problemText).join('\n'))
  return result
}

async function problems(text: string, more: Partial<ConfigInputs> = {}): Promise<readonly string[]> {
  const result = await load(text, more)
  if (result.kind === 'loaded') return []
  return result.problems.map(problemText).map((line) => line.replace(path, 'sekisho.yaml'))
}

/** Node cannot make one by itself. */
const MAKE_PIPE = 'mkfifo'
const KEYS = { KEY: 'sk-abc' }
const OPENAI = 'providers:\n  openai:\n    kind: openai\n    credential: ${KEY}\n'

describe('without a file', () => {
  test('everything has a default, on loopback, with the built-in vendor', async () => {
    const { config, source, origins } = await loaded(undefined)
    expect(config.listen).toMatchObject({ host: '127.0.0.1', port: 4100 })
    expect(Object.keys(config.providers)).toEqual(['demo'])
    expect(source).toEqual({ kind: 'none' })
    expect(origins.get('listen.port')).toBe('default')
  })

  test('a file that somebody named must be there, and nothing stands in for it', async () => {
    const result = await load(undefined, {
      file: { path, named: true },
      lastGood: { text: '', revision: revisionOf(''), path: null, at: 'then' },
    })
    expect(result).toMatchObject({ kind: 'refused', problems: [{ where: path, message: 'there is no such file' }] })
  })

  test('the built-in vendor can be switched off', async () => {
    const { config } = await loaded('demo: false\n')
    expect(config.providers).toEqual({})
  })
})

describe('vendors of the environment', () => {
  const variables = {
    OPENAI_API_KEY: 'a',
    ANTHROPIC_API_KEY: 'b',
    GEMINI_API_KEY: 'c',
    OPENROUTER_API_KEY: 'd',
    DEEPSEEK_API_KEY: 'e',
    GROQ_API_KEY: 'f',
    MISTRAL_API_KEY: 'g',
    XAI_API_KEY: 'h',
    HOLYSHEEP_API_KEY: 'i',
    OLLAMA_HOST: 'box:9000',
  }

  test('are there at once', async () => {
    const { config, secrets, origins } = await loaded(undefined, { environment: variables })
    expect(Object.keys(config.providers)).toEqual([
      'openai',
      'anthropic',
      'gemini',
      'openrouter',
      'deepseek',
      'groq',
      'mistral',
      'xai',
      'holysheep',
      'ollama',
      'demo',
    ])
    expect(config.providers['ollama']?.baseUrl).toBe('http://box:9000/v1')
    expect(secrets.get('${GROQ_API_KEY}')?.reveal()).toBe('f')
    expect(origins.get('providers.groq.credential')).toBe('environment:GROQ_API_KEY')
    expect(origins.get('providers.groq.inFlightMax')).toBe('default')
  })

  test('stay away where the file has one of the kind, or of the name', async () => {
    const text = 'providers:\n  main: {kind: openai, credential: "${KEY}"}\n  groq: {kind: vllm}\n'
    const { config } = await loaded(text, { environment: { ...KEYS, OPENAI_API_KEY: 'a', GROQ_API_KEY: 'b' } })
    expect(Object.keys(config.providers)).toEqual(['main', 'groq', 'demo'])
    expect(config.providers['groq']?.kind).toBe('vllm')
  })

  test('an empty variable is none', async () => {
    const { config } = await loaded(undefined, { environment: { OPENAI_API_KEY: '', GROQ_API_KEY: '  ' } })
    expect(Object.keys(config.providers)).toEqual(['demo'])
  })

  test('a variable that is no address is told by its name', async () => {
    expect(await problems('', { environment: { OLLAMA_HOST: 'two words' } })).toEqual([
      'environment variable OLLAMA_HOST: providers.ollama: is not the address of a node',
    ])
  })
})

describe('where to listen', () => {
  test('a flag wins over a variable, a variable over the file, and each value says so', async () => {
    const text = 'listen:\n  host: 10.0.0.1\n  port: 1\n  corsOrigins: ["*"]\n'
    const { config, origins } = await loaded(text, {
      environment: { SEKISHO_PORT: '2', SEKISHO_HOST: '::1' },
      flags: { port: '3' },
    })
    expect(config.listen).toEqual({ host: '::1', port: 3, corsOrigins: ['*'] })
    expect(origins.get('listen.port')).toBe('flag')
    expect(origins.get('listen.host')).toBe('environment:SEKISHO_HOST')
    expect(origins.get('listen.corsOrigins[0]')).toBe('file:4')
  })

  test.each([
    [{ flags: { port: 'abc' } }, '--port: listen.port: must be a number'],
    [{ flags: { port: '70000' } }, '--port: listen.port: must be at most 65535'],
    [{ environment: { SEKISHO_PORT: '1e3' } }, 'environment variable SEKISHO_PORT: listen.port: must be a number'],
  ])('%j is told by its name', async (given, problem) => {
    expect(await problems('', given)).toEqual([problem])
  })
})

describe('each kind of mistake', () => {
  test.each<[string, string]>([
    ['listen:\n  prot: 1\n', "sekisho.yaml:2: listen.prot: unknown field; did you mean 'port'?"],
    ['lisen: {}\n', "sekisho.yaml:1: lisen: unknown field; did you mean 'listen'?"],
    ['zzz: 1\n', 'sekisho.yaml:1: zzz: unknown field'],
    [
      `${OPENAI}    credental: x\n`,
      "sekisho.yaml:5: providers.openai.credental: unknown field; did you mean 'credential'?",
    ],
    [
      'prices:\n  - model: demo/x\n    rates: {input: 1, output: 1, ouput: 2}\n',
      "sekisho.yaml:3: prices[0].rates.ouput: unknown field; did you mean 'output'?",
    ],
    ['listen:\n  port: "80"\n', 'sekisho.yaml:2: listen.port: must be a number'],
    ['listen:\n  port: 80.5\n', 'sekisho.yaml:2: listen.port: must be a whole number'],
    ['listen:\n  port: 70000\n', 'sekisho.yaml:2: listen.port: must be at most 65535'],
    ['limits:\n  bodyBytesMax: 5\n', 'sekisho.yaml:2: limits.bodyBytesMax: must be at least 1024'],
    ['listen: 5\n', 'sekisho.yaml:1: listen: must be a map of fields'],
    ['- a\n', 'sekisho.yaml: must be a map of fields'],
    ['log:\n  level: inof\n', "sekisho.yaml:2: log.level: is not known; did you mean 'info'?"],
    ['log:\n  level: loud\n', 'sekisho.yaml:2: log.level: must be one of debug, info, warn, error'],
    ['providers:\n  x: {credential: "${KEY}"}\n', 'sekisho.yaml:2: providers.x.kind: is missing'],
    ['providers:\n  x: {kind: opnai}\n', "sekisho.yaml:2: providers.x.kind: is not known; did you mean 'openai'?"],
    [
      'providers:\n  X!: {kind: vllm}\n',
      'sekisho.yaml:2: providers["X!"]: this name cannot be used: small letters, digits, dot, underscore and hyphen, at most 63',
    ],
    [
      'providers:\n  x: {kind: openai}\n',
      'sekisho.yaml:2: providers.x.credential: is missing: OpenAI takes none without; write ${OPENAI_API_KEY} or file:/path',
    ],
    [
      'providers:\n  x: {kind: openai, credential: sk-live-1}\n',
      'sekisho.yaml:2: providers.x.credential: a secret is given as ${NAME} (environment) or file:/path, never in plain text',
    ],
    [
      'providers:\n  x: {kind: openai, credential: "${NOT_SET}"}\n',
      'sekisho.yaml:2: providers.x.credential: the environment variable NOT_SET is not set',
    ],
    [
      'providers:\n  x: {kind: openai, credential: "file:/no/such"}\n',
      'sekisho.yaml:2: providers.x.credential: the file that it names does not exist',
    ],
    [
      'providers:\n  x: {kind: azure-openai, credential: "${KEY}"}\n',
      'sekisho.yaml:2: providers.x.baseUrl: is missing: Azure OpenAI has no usual address',
    ],
    [
      'providers:\n  x: {kind: openai-compatible}\n',
      'sekisho.yaml:2: providers.x.baseUrl: is missing: OpenAI-compatible has no usual address',
    ],
    [
      'providers:\n  x: {kind: vllm, baseUrl: "ftp://h"}\n',
      'sekisho.yaml:2: providers.x.baseUrl: must be a URL that begins with http:// or https://',
    ],
    [
      'providers:\n  x: {kind: vllm, baseUrl: "http://u:p@h/v1"}\n',
      'sekisho.yaml:2: providers.x.baseUrl: must not hold a credential; use the field credential',
    ],
    [
      'providers:\n  x: {kind: vllm, baseUrl: "http://h/v1?key=1"}\n',
      'sekisho.yaml:2: providers.x.baseUrl: must not have a query or fragment',
    ],
    [
      'providers:\n  x: {kind: vllm, baseUrl: "http://h/v1/chat/completions"}\n',
      "sekisho.yaml:2: providers.x.baseUrl: must end before '/chat/completions', which is put behind it",
    ],
    [
      'providers:\n  x: {kind: azure-openai, credential: "${KEY}", baseUrl: "https://h/openai/v1/"}\n',
      "sekisho.yaml:2: providers.x.baseUrl: must end before '/openai/v1', which is put behind it",
    ],
    [
      'providers:\n  x: {kind: azure-openai, credential: "${KEY}", baseUrl: "https://h", pathStyle: deployments}\n',
      'sekisho.yaml:2: providers.x.apiVersion: is missing: the deployments paths need it',
    ],
    [
      'providers:\n  x: {kind: vllm, apiVersion: "1"}\n',
      'sekisho.yaml:2: providers.x.apiVersion: vLLM has no use for it',
    ],
    [
      'providers:\n  x:\n    kind: vllm\n    baseUrl: http://h/v1\n    nodes: [http://i/v1]\n',
      'sekisho.yaml:5: providers.x.nodes: give either baseUrl or nodes',
    ],
    [
      'providers:\n  x:\n    kind: vllm\n    nodes:\n      - http://i/v1\n      - http://i/v1/\n',
      'sekisho.yaml:6: providers.x.nodes[1]: stands here twice',
    ],
    [
      'providers:\n  x: {kind: vllm, nodes: []}\n',
      'sekisho.yaml:2: providers.x.nodes: must be at least 1 entries long',
    ],
    ['providers:\n  x: {kind: vllm, models: [a, a]}\n', 'sekisho.yaml:2: providers.x.models[1]: stands here twice'],
    [
      'providers:\n  x: {kind: vllm, models: ["a b"]}\n',
      'sekisho.yaml:2: providers.x.models[0]: text without spaces, at most 200 characters',
    ],
    [
      'providers:\n  demo: {kind: vllm}\n',
      "sekisho.yaml:2: providers.demo: the name 'demo' is that of the built-in vendor",
    ],
    [
      'providers:\n  toy: {kind: demo}\n',
      "sekisho.yaml:2: providers.toy: the built-in vendor is there once, as 'demo'",
    ],
    [
      'demo: false\nproviders:\n  demo: {kind: demo}\n',
      'sekisho.yaml:3: providers.demo: the built-in vendor is switched off by `demo: false`',
    ],
    [
      'models:\n  fast: {targets: [dmeo/demo-chat]}\n',
      "sekisho.yaml:2: models.fast.targets[0]: there is no provider of this name; did you mean 'demo'?",
    ],
    [
      'models:\n  fast: {targets: [demo/demo-chta]}\n',
      "sekisho.yaml:2: models.fast.targets[0]: the built-in vendor has no such model; did you mean 'demo-chat'?",
    ],
    ['models:\n  fast: {targets: [gpt-4.1]}\n', 'sekisho.yaml:2: models.fast.targets[0]: provider/model'],
    ['models:\n  fast: {targets: []}\n', 'sekisho.yaml:2: models.fast.targets: must be at least 1 entries long'],
    [
      'models:\n  demo/x: {targets: [demo/demo-chat]}\n',
      'sekisho.yaml:2: models["demo/x"]: hides the models of the provider \'demo\'; take a name that does not begin with it',
    ],
    [
      'prices:\n  - {model: nobody/x, rates: {input: 1, output: 1}}\n',
      'sekisho.yaml:2: prices[0].model: there is no provider of this name',
    ],
    [
      'prices:\n  - {model: demo/x, rates: {input: 0.00000012, output: 1}}\n',
      'sekisho.yaml:2: prices[0].rates.input: may have at most six digits behind the point',
    ],
    [
      'prices:\n  - {model: demo/x, from: yesterday, rates: {input: 1, output: 1}}\n',
      'sekisho.yaml:2: prices[0].from: must be a day, as 2026-01-31',
    ],
    [
      'prices:\n  - {model: demo/x, rates: {input: 1, output: 1}}\n  - {model: demo/x, rates: {input: 2, output: 1}}\n',
      'sekisho.yaml:3: prices[1]: this model has a price from this day already',
    ],
    [
      'prices:\n  - {model: demo/x, from: 2026-02-01, until: 2026-02-01, rates: {input: 1, output: 1}}\n',
      'sekisho.yaml:2: prices[0].until: must be later than 2026-02-01, from which it holds',
    ],
    [
      'prices:\n  - {model: demo/x, rates: {input: 1, output: 1}, tiers: {flex: {rates: {ouput: 1}}}}\n',
      "sekisho.yaml:2: prices[0].tiers.flex.rates.ouput: unknown field; did you mean 'output'?",
    ],
    [
      'prices:\n  - model: demo/x\n    rates: {input: 1, output: 1}\n    steps: [{abovePromptTokens: 2, rates: {}}, {abovePromptTokens: 2, rates: {}}]\n',
      'sekisho.yaml:4: prices[0].steps: must ascend by abovePromptTokens',
    ],
    [
      'prices:\n  - {model: demo/x, rates: {input: 1, output: 1}, units: {images: -1}}\n',
      'sekisho.yaml:2: prices[0].units.images: must be at least 0',
    ],
    [
      'prices:\n  - {model: demo/x, rates: {input: 1, output: 1}, hours: {utc: ["22:00-02:00"], days: [mon]}}\n',
      'sekisho.yaml:2: prices[0].hours.utc[0]: must end after it begins: write a night as two',
    ],
    [
      'listen:\n  corsOrigins:\n    - https://a.example/path\n',
      'sekisho.yaml:3: listen.corsOrigins[0]: must be an origin, as https://host or https://host:port, or "*"',
    ],
    ['a: 1\na: 2\n', 'sekisho.yaml:2: a: this key stands here twice'],
  ])('%j', async (text, problem) => {
    expect(await problems(text, { environment: KEYS })).toEqual([problem])
  })

  test('all at once, each once, with its line', async () => {
    const text = [
      'lisen: {}',
      'listen:',
      '  port: 99999',
      'providers:',
      '  main: {kind: opnai, credential: "${KEY}"}',
      '  other: {kind: openai, credential: "${MISSING}"}',
      'models:',
      '  fast: {targets: [mian/x, main/y]}',
    ].join('\n')
    expect((await problems(text, { environment: KEYS })).toSorted()).toEqual([
      "sekisho.yaml:1: lisen: unknown field; did you mean 'listen'?",
      'sekisho.yaml:3: listen.port: must be at most 65535',
      "sekisho.yaml:5: providers.main.kind: is not known; did you mean 'openai'?",
      'sekisho.yaml:6: providers.other.credential: the environment variable MISSING is not set',
      "sekisho.yaml:8: models.fast.targets[0]: there is no provider of this name; did you mean 'main'?",
    ])
  })

  test('a file that is too large, not text, a folder or a pipe is refused without being read to its end', async () => {
    expect(await problems('#'.repeat(1_048_577))).toEqual(['sekisho.yaml: is larger than 1048576 bytes'])
    writeFileSync(path, Buffer.from([0x61, 0x3a, 0xff]))
    expect(await load(undefined)).toMatchObject({ problems: [{ message: 'is not UTF-8 text' }] })
    expect(await loadConfig({ file: { path: folder, named: true }, environment: {}, flags: {} })).toMatchObject({
      problems: [{ message: 'is not a file' }],
    })
    const pipe = join(folder, 'pipe')
    execFileSync(MAKE_PIPE, [pipe])
    expect(await loadConfig({ file: { path: pipe, named: true }, environment: {}, flags: {} })).toMatchObject({
      problems: [{ message: 'is not a file' }],
    })
  })
})

describe('secrets', () => {
  test('come from the environment or a file, without the white space around them', async () => {
    const file = join(folder, 'key.txt')
    writeFileSync(file, 'sk-from-file\n')
    const text = `providers:\n  a: {kind: openai, credential: "\${KEY}"}\n  b: {kind: groq, credential: "file:${file}"}\n`
    const { secrets } = await loaded(text, { environment: { KEY: ' sk-abc \n' } })
    expect(secrets.get('${KEY}')?.reveal()).toBe('sk-abc')
    expect(secrets.get(`file:${file}`)?.reveal()).toBe('sk-from-file')
  })

  test.each([
    ['', 'is empty'],
    ['two\nlines', 'holds characters that cannot stand in a header'],
    ['x'.repeat(65_537), 'is larger than 65536 bytes'],
  ])('a file that holds %j is refused', async (content, problem) => {
    const file = join(folder, 'bad.txt')
    writeFileSync(file, content)
    expect((await problems(`providers:\n  a: {kind: openai, credential: "file:${file}"}\n`))[0]).toContain(problem)
  })

  test('are not shown, however the loaded configuration is printed', async () => {
    const result = await loaded(OPENAI, { environment: { KEY: 'sk-very-secret' } })
    for (const shown of [
      JSON.stringify(result),
      inspect(result, { depth: 9 }),
      String(result.secrets.get('${KEY}')),
      JSON.stringify([...result.secrets]),
    ]) {
      expect(shown).not.toContain('sk-very-secret')
    }
  })

  test('a secret in the wrong place is not repeated in the problem that it makes', async () => {
    const secret = 'sk-live-0123456789abcdef'
    const texts = [
      `providers:\n  a: {kind: ${secret}, credential: ${secret}, baseUrl: ${secret}}\n`,
      `listen: {port: ${secret}, host: [${secret}]}\n`,
      `log: {level: ${secret}}\nmodels: {x: {targets: [${secret}]}}\n`,
    ]
    for (const text of texts) {
      const told = await problems(text)
      expect(told.length).toBeGreaterThan(0)
      expect(told.join('\n')).not.toContain(secret)
    }
  })
})

describe('the last good configuration', () => {
  const lastGood = {
    text: 'listen:\n  port: 4242\n',
    revision: revisionOf('listen:\n  port: 4242\n'),
    path,
    at: '2026-01-01T00:00:00.000Z',
  }

  test('stands in for a broken file, and the file is left as it is', async () => {
    const { config, source, rejected, revision } = await loaded('listen: [', { lastGood })
    expect(config.listen.port).toBe(4242)
    expect(source).toEqual({ kind: 'last-good', path, at: lastGood.at })
    expect(revision).toBe(lastGood.revision)
    expect(rejected).toMatchObject({ revision: revisionOf('listen: ['), problems: [{ where: `${path}:1` }] })
    expect(execFileSync('cat', [path]).toString()).toBe('listen: [')
  })

  test('is not used when the file is good', async () => {
    const { config, rejected } = await loaded('listen:\n  port: 1\n', { lastGood })
    expect([config.listen.port, rejected]).toEqual([1, null])
  })

  test('does not hide the problems when it cannot run either', async () => {
    const needsKey = { ...lastGood, text: OPENAI }
    expect(await problems('listen: 5\n', { lastGood: needsKey })).toEqual([
      'sekisho.yaml:1: listen: must be a map of fields',
    ])
  })
})
