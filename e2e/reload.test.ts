import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { withPostgres } from './kit/postgres.ts'
import { readStream, relayConfig, requestIdOf, withRelay } from './kit/relay.ts'
import { textOf } from './kit/vendor-bodies.ts'
import { stream } from './kit/vendor-script.ts'
import { headerOf } from './kit/vendor-truth.ts'
import { waitUntil } from './kit/wait.ts'

/** What must never be seen anywhere: the credential in force, the one after it, and one that somebody pastes into the file. */
const FIRST_SECRET = 'canary-first-b8Qz71XkPw'
const SECOND_SECRET = 'canary-second-Ju5nRt20Lc'
const PASTED_SECRET = 'sk-canary-pasted-Wm93Hd6VyT'
const ENV_SECRET = 'canary-environment-Xe41Gs8'

const relay = withRelay(withPostgres(), {
  env: { CANARY: ENV_SECRET },
  config: () => ({ models: { old: { targets: ['fault/m'] } } }),
})
/** What runs: the relay's configuration with a credential from a file, and these aliases. */
const configured = (models: readonly string[], more: object = {}): object =>
  relayConfig(relay.vendor, {
    providers: {
      fault: { baseUrl: relay.vendor.url, credential: `file:${secretPath()}` },
      other: { baseUrl: relay.vendor.url, credential: '${CANARY}' },
    },
    models: Object.fromEntries(models.map((name) => [name, { targets: ['fault/m'] }])),
    ...more,
  })
const secretPath = (): string => join(relay.gateway.folder, 'credential')
const BROKEN: readonly (readonly [what: string, text: () => string, told: RegExp])[] = [
  ['no YAML', () => `models: {"old": [${PASTED_SECRET}\n  - : :`, /./],
  ['an unknown field', () => JSON.stringify({ ...configured(['old']), modles: {} }), /modles/],
  [
    'a target at a provider that does not exist',
    () => JSON.stringify({ ...configured(['old']), models: { old: { targets: ['nobody/m'] } } }),
    /models\.old\.targets\[0\]/,
  ],
  [
    'a credential in plain text',
    () =>
      JSON.stringify(
        relayConfig(relay.vendor, { providers: { fault: { baseUrl: relay.vendor.url, credential: PASTED_SECRET } } }),
      ),
    /credential/,
  ],
  [
    'a variable that is not set',
    () =>
      JSON.stringify(
        relayConfig(relay.vendor, { providers: { other: { baseUrl: relay.vendor.url, credential: '${NOT_SET}' } } }),
      ),
    /NOT_SET/,
  ],
  ['nothing but binary', () => '\u0000\u0001\uFFFF', /./],
]

beforeAll(async () => {
  await writeFile(secretPath(), FIRST_SECRET)
  await relay.gateway.configure(configured(['old']))
  await servedWith(FIRST_SECRET)
})

afterEach(async () => {
  await relay.gateway.configure(configured(['old']))
  await waitUntil('the old configuration', async () => (await statusOf('old')) === 200 && (await rejected()) === 0)
})

describe('a changed file', () => {
  test('takes effect without a restart; a request that runs keeps what it began with', async () => {
    expect(await statusOf('new')).toBe(404)
    const behaviour = stream({ events: Array<number>(4).fill(1), pace: { kind: 'driven' } })
    const answer = relay.chat({ model: 'old', stream: true, user: 'runs on', behaviour })
    const { number } = await relay.vendor.waitFor(({ body }) => body.includes('"runs on"'))
    relay.vendor.next(number)
    const running = await answer
    const { pid } = relay.gateway
    await relay.gateway.configure(configured(['new']))
    await waitUntil('the new alias', async () => (await statusOf('new')) === 200)
    expect(await statusOf('old')).toBe(404)
    expect(relay.gateway.pid).toBe(pid)
    relay.vendor.next(number, 9)
    expect(await readStream(running)).toMatchObject({ content: textOf(4), finished: true, ending: 'complete' })
    expect(await relay.recordsOf(requestIdOf(running))).toMatchObject([{ modelAsked: 'old', status: 'complete' }])
    expect(relay.gateway.logs()).toMatch(/configuration reloaded/)
  })

  test('that replaces the old one by its name, as editors do, is seen too', async () => {
    const beside = `${relay.gateway.configPath}.new`
    await writeFile(beside, JSON.stringify(configured(['renamed'])))
    await rename(beside, relay.gateway.configPath)
    await waitUntil('the new alias', async () => (await statusOf('renamed')) === 200)
  })

  test('that changes again and again ends with the last', async () => {
    for (let change = 0; change <= 20; change++) await relay.gateway.configure(configured([`model-${change}`]))
    await waitUntil('the last alias', async () => (await statusOf('model-20')) === 200)
    expect(await statusOf('model-19')).toBe(404)
  })

  test('brings new limits and prices to the next request', async () => {
    await relay.gateway.configure(
      configured(['old'], {
        limits: { bodyBytesMax: 1_024 },
        prices: [{ model: 'fault/m', rates: { input: 7, output: 7 } }],
      }),
    )
    await waitUntil(
      'the new limit',
      async () => (await relay.chat({ model: 'old', user: 'u'.repeat(2_000) })).status === 413,
    )
    const response = await relay.chat({ model: 'old' })
    await response.bytes()
    const [record] = await relay.recordsOf(requestIdOf(response))
    expect(record?.costNano).toBe(7_000 * ((record?.usage?.input ?? 0) + (record?.usage?.output ?? 0)))
  })
})

describe('a broken file', () => {
  test.for(BROKEN)(
    '(%s) leaves the running one alone, and is told in /readyz, in the log and by the metric',
    async ([, text, told]) => {
      const logged = relay.gateway.logs().length
      await relay.gateway.configure(text())
      await waitUntil('the metric', async () => (await rejected()) === 1)
      expect(await statusOf('old')).toBe(200)
      expect(await relay.gateway.readyz()).toMatchObject({
        status: 200,
        body: { status: 'degraded', degraded: [{ part: 'config' }] },
      })
      const lines = relay.gateway.logs().slice(logged)
      expect(lines).toMatch(/configuration refused/)
      expect(lines).toMatch(told)
      expect(await readFile(relay.gateway.configPath, 'utf8'), "the operator's file is only ever read").toBe(text())
    },
  )

  test('that is mended is forgotten', async () => {
    await relay.gateway.configure('models: [')
    await waitUntil('the metric', async () => (await rejected()) === 1)
    await relay.gateway.configure(configured(['mended']))
    await waitUntil('the new alias', async () => (await statusOf('mended')) === 200)
    await waitUntil('the metric', async () => (await rejected()) === 0)
    expect(await relay.gateway.readyz()).toMatchObject({ body: { status: 'ready', degraded: [] } })
  })

  test('that is gone altogether leaves the running one alone', async () => {
    await rm(relay.gateway.configPath)
    await waitUntil('the metric', async () => (await rejected()) === 1)
    expect(await statusOf('old')).toBe(200)
  })

  test('at the start: the last good one runs, degraded, and a mended file takes its place', async () => {
    await relay.gateway.stop()
    const text = 'models: { broken'
    await writeFile(relay.gateway.configPath, text)
    await relay.gateway.restart()
    expect(await statusOf('old')).toBe(200)
    expect(await rejected()).toBe(1)
    expect(await relay.gateway.readyz()).toMatchObject({
      status: 200,
      body: { status: 'degraded', degraded: [{ part: 'config', why: expect.stringContaining('last good') }] },
    })
    expect(relay.gateway.logs()).toMatch(/the configuration file is broken; the last good one runs/)
    expect(await readFile(relay.gateway.configPath, 'utf8')).toBe(text)
    await relay.gateway.configure(configured(['mended']))
    await waitUntil('the new alias', async () => (await statusOf('mended')) === 200)
    await waitUntil('the metric', async () => (await rejected()) === 0)
    expect(await relay.gateway.readyz()).toMatchObject({ body: { status: 'ready' } })
    await relay.gateway.configure(text)
    await waitUntil('the metric', async () => (await rejected()) === 1)
    expect(await relay.gateway.readyz()).toMatchObject({
      body: { degraded: [{ part: 'config', why: expect.not.stringContaining('last good') }] },
    })
  })
})

describe('SIGHUP', () => {
  afterEach(async () => {
    await writeFile(secretPath(), FIRST_SECRET)
    relay.gateway.signal('SIGHUP')
    await servedWith(FIRST_SECRET)
  })

  test('reads the secrets again, though the file is the same', async () => {
    await writeFile(secretPath(), SECOND_SECRET)
    expect(await credentialSent()).toBe(`Bearer ${FIRST_SECRET}`)
    relay.gateway.signal('SIGHUP')
    await servedWith(SECOND_SECRET)
  })

  test('with a secret that is gone: the running one goes on', async () => {
    await rm(secretPath())
    relay.gateway.signal('SIGHUP')
    await waitUntil('the metric', async () => (await rejected()) === 1)
    expect(await credentialSent()).toBe(`Bearer ${FIRST_SECRET}`)
  })
})

test('none of it has printed a secret', async () => {
  const views = await Promise.all(['/config', '/providers', '/audit'].map((path) => relay.gateway.admin('GET', path)))
  const said = [
    relay.gateway.logs(),
    (await relay.gateway.metrics()).text,
    JSON.stringify(await relay.gateway.readyz()),
    JSON.stringify(views),
    ...told.all,
  ]
  for (const secret of [FIRST_SECRET, SECOND_SECRET, PASTED_SECRET, ENV_SECRET]) {
    expect(said.join('\n').includes(secret), secret.slice(0, 14)).toBe(false)
  }
  expect(told.all.join('')).toContain('credential')
})

/** What was logged before the last start, too. */
const told: { readonly all: string[] } = { all: [] }
afterEach(() => void told.all.push(relay.gateway.logs()))

async function statusOf(model: string): Promise<number> {
  const response = await relay.chat({ model })
  await response.bytes()
  return response.status
}

const rejected = async (): Promise<number | undefined> =>
  (await relay.gateway.metrics()).value('sekisho_config_rejected')

/** Of the next request, as the vendor sees it. */
async function credentialSent(): Promise<string | undefined> {
  const response = await relay.chat()
  await response.bytes()
  const seen = relay.vendor.seen.find(({ id }) => id === requestIdOf(response))
  return seen === undefined ? undefined : headerOf(seen, 'authorization')
}

const servedWith = (secret: string): Promise<true> =>
  waitUntil('the vendor to get the credential', async () => (await credentialSent()) === `Bearer ${secret}`)
