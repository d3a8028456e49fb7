import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Catalog, CatalogModel } from '../core/catalog.ts'
import type { AppliedPrices } from '../core/price-file.ts'
import { cost, fullRates, priceAt } from '../core/price.ts'
import { plan, requestPath } from '../core/route.ts'
import { NO_USAGE } from '../core/usage.ts'
import { parseConfig } from './config/parse.ts'
import { problemText } from './config/problem.ts'
import { Secret } from './config/secrets.ts'
import { compile, findRoute } from './snapshot.ts'

const source = { title: 'A page', url: 'https://example.com', read: '2026-01-01' }

const row = (provider: string, id: string, more: Partial<CatalogModel> = {}): CatalogModel => ({
  provider,
  id,
  aliases: [],
  operations: ['chat'],
  contextTokens: 1_000,
  outputTokensMax: 100,
  modalities: { input: ['text'], output: ['text'] },
  prices: [
    {
      version: `${provider}/${id}@1`,
      from: 0,
      rates: fullRates({ input: 1, output: 2 }),
      steps: [],
      tiers: {},
      source,
    },
  ],
  released: '2025-01-02',
  sources: [source],
  ...more,
})

const catalog: Catalog = {
  version: '1',
  models: [
    row('openai', 'gpt', { aliases: ['gpt-2025-01-02'] }),
    row('openai', 'embed', { operations: ['embeddings'] }),
    row('groq', 'openai/gpt'),
    row('groq', 'llama', { operations: ['chat', 'embeddings'] }),
    row('mistral', 'llama'),
    row('anthropic', 'claude'),
    row('openrouter', 'anthropic/claude'),
    row('azure-openai', 'gpt'),
  ],
  factsOf: (model) => (model === 'claude' ? { prefill: 'no' } : {}),
}

const secrets = new Map([['${KEY}', new Secret('sk-very-secret')]])
const demo = { socketPath: '/run/demo.sock' }

function snapshotOf(text: string, rows: Catalog = catalog, applied?: AppliedPrices) {
  const { config, problems } = parseConfig({ text, name: 'test', environment: {}, flags: {} })
  if (config === undefined || problems.length > 0) throw new Error(problems.map(problemText).join('\n'))
  return compile({ version: 1, config, catalog: rows, secrets, demo, ...(applied === undefined ? {} : { applied }) })
}

const OPENAI = '  openai: {kind: openai, credential: "${KEY}"}\n'
const GROQ = '  groq: {kind: groq, credential: "${KEY}"}\n'
const MISTRAL = '  mistral: {kind: mistral, credential: "${KEY}"}\n'
const leadsTo = (text: string, name: string) => findRoute(snapshotOf(text), name)?.targets.map(({ id }) => id)

describe('a name leads to', () => {
  test.each([
    ['gpt', ['openai/gpt']],
    ['openai/gpt', ['openai/gpt']],
    ['gpt-2025-01-02', ['openai/gpt-2025-01-02']],
    ['groq/openai/gpt', ['groq/openai/gpt']],
    ['llama', ['groq/llama']],
    ['mistral/llama', ['mistral/llama']],
    ['openai/brand-new', ['openai/brand-new']],
    ['openai/a/b', ['openai/a/b']],
    ['demo-chat', ['demo/demo-chat']],
    ['demo/demo-embed', ['demo/demo-embed']],
    ['demo/other', undefined],
    ['openai/', undefined],
    ['/gpt', undefined],
    ['nobody/gpt', undefined],
    ['unknown', undefined],
    ['__proto__', undefined],
    ['constructor', undefined],
    ['', undefined],
    [`openai/${'x'.repeat(300)}`, undefined],
  ])('%j: %j', (name, ids) => {
    expect(leadsTo(`providers:\n${OPENAI}${GROQ}${MISTRAL}`, name)).toEqual(ids)
  })

  test('the first provider of the file that serves it', () => {
    expect(leadsTo(`providers:\n${MISTRAL}${GROQ}`, 'llama')).toEqual(['mistral/llama'])
  })

  test('the provider that it begins with, not another that has a model of that name', () => {
    expect(leadsTo(`providers:\n${GROQ}`, 'openai/gpt')).toEqual(['groq/openai/gpt'])
    expect(leadsTo(`providers:\n${GROQ}${OPENAI}`, 'openai/gpt')).toEqual(['openai/gpt'])
  })

  test('the provider that it begins with, also where a reseller has a model of that name', () => {
    const text =
      'providers:\n  anthropic: {kind: anthropic, credential: "${KEY}"}\n  openrouter: {kind: openrouter, credential: "${KEY}"}\n'
    expect(leadsTo(text, 'anthropic/claude')).toEqual(['anthropic/claude'])
    expect(leadsTo(text, 'openrouter/anthropic/claude')).toEqual(['openrouter/anthropic/claude'])
  })

  test('what the operator says, before anything else', () => {
    const text = `providers:\n${OPENAI}${GROQ}models:\n  gpt: {targets: [groq/llama, openai/gpt], order: round-robin}\n`
    const route = findRoute(snapshotOf(text), 'gpt')
    expect(route?.targets.map(({ id }) => id)).toEqual(['groq/llama', 'openai/gpt'])
    expect(route === undefined ? [] : plan(route, 1).map(({ target }) => target.id)).toEqual([
      'openai/gpt',
      'groq/llama',
    ])
    expect(leadsTo(text, 'openai/gpt')).toEqual(['openai/gpt'])
  })

  test('an alias may name a model that no list has', () => {
    expect(leadsTo(`providers:\n${OPENAI}models:\n  mine: {targets: [openai/ft:gpt:me]}\n`, 'mine')).toEqual([
      'openai/ft:gpt:me',
    ])
  })
})

describe('a provider', () => {
  test('has its credential in the header that its kind wants, and shows it to nobody who prints it', () => {
    const { providers } = snapshotOf(
      `providers:\n${OPENAI}  az: {kind: azure-openai, credential: "\${KEY}", baseUrl: "https://me.openai.azure.com"}\n`,
    )
    expect(providers.get('openai')?.authHeader).toEqual(['authorization', 'Bearer sk-very-secret'])
    expect(providers.get('az')?.authHeader).toEqual(['api-key', 'sk-very-secret'])
    expect(JSON.stringify([...providers])).not.toContain('sk-very-secret')
    expect(inspect(providers, { depth: 9 })).not.toContain('sk-very-secret')
  })

  test('sends no header when it has no credential', () => {
    expect(snapshotOf('providers:\n  v: {kind: vllm}\n').providers.get('v')?.authHeader).toBeNull()
  })

  test('is reached at its own address, at that of the operator, or at several', () => {
    const { providers } = snapshotOf(
      `providers:\n${OPENAI}  a: {kind: vllm, baseUrl: "http://box:9000/api/v1/"}\n  b: {kind: vllm, nodes: ["http://n1:1/v1", "http://n2"]}\n`,
    )
    expect(providers.get('openai')?.nodes).toEqual([{ origin: 'https://api.openai.com', basePath: '/v1' }])
    expect(providers.get('a')?.nodes).toEqual([{ origin: 'http://box:9000', basePath: '/api/v1' }])
    expect(providers.get('b')?.nodes).toEqual([
      { origin: 'http://n1:1', basePath: '/v1' },
      { origin: 'http://n2', basePath: '' },
    ])
  })

  test('Azure is called by the path style that was asked for', () => {
    const { providers } = snapshotOf(
      'providers:\n  az: {kind: azure-openai, credential: "${KEY}", baseUrl: "https://me.openai.azure.com", pathStyle: deployments, apiVersion: "2024-10-21"}\n',
    )
    const az = providers.get('az')
    const node = az?.nodes[0]
    if (az === undefined || node === undefined) throw new Error('the provider is missing')
    expect(
      requestPath(az, node, { operation: 'chat', wire: 'openai-chat', model: 'mine', stream: false, batch: false }),
    ).toBe('/openai/deployments/mine/chat/completions?api-version=2024-10-21')
  })

  test('has the general times where it has none of its own', () => {
    const { providers } = snapshotOf('timeouts: {connectMs: 7}\nproviders:\n  v: {kind: vllm, timeouts: {idleMs: 5}}\n')
    expect(providers.get('v')?.timeouts).toMatchObject({ connectMs: 7, idleMs: 5, totalMs: 1_800_000 })
  })

  test('the built-in one is reached over its socket, and is not there when it does not run', () => {
    const running = snapshotOf('providers: {demo: {kind: demo, inFlightMax: 3}}\n')
    expect(running.providers.get('demo')).toMatchObject({
      inFlightMax: 3,
      nodes: [{ basePath: '/v1', socketPath: '/run/demo.sock' }],
    })
    const { config } = running
    const stopped = compile({ version: 2, config, catalog, secrets, demo: null })
    expect([stopped.providers.size, stopped.models.length, findRoute(stopped, 'demo/demo-chat')]).toEqual([
      0,
      0,
      undefined,
    ])
  })

  test('speaks the wires of its kind, or those that the operator says, the one to translate to first', () => {
    const { providers } = snapshotOf(
      'providers:\n  claude: {kind: anthropic, credential: "${KEY}"}\n  node: {kind: vllm, wires: [anthropic, openai-chat]}\n',
    )
    expect(providers.get('claude')?.wires).toEqual(['anthropic'])
    expect(providers.get('node')?.wires).toEqual(['anthropic', 'openai-chat'])
  })

  test('knows what its models can do, in numbers and in facts', () => {
    const { routes } = snapshotOf('providers:\n  claude: {kind: anthropic, credential: "${KEY}"}\n')
    const [target] = routes.get('claude/claude')?.targets ?? []
    expect(target?.capabilities).toMatchObject({ prefill: 'no', input: ['text'] })
  })

  test('has an account that changes with its credential and does not show it', () => {
    const { providers } = snapshotOf(
      'providers:\n  claude: {kind: anthropic, credential: "${KEY}"}\n  node: {kind: vllm}\n',
    )
    expect(providers.get('claude')?.account).toMatch(/^claude:[0-9a-f]{12}$/)
    expect(providers.get('node')?.account).toBe('node')
  })
})

describe('the list of models', () => {
  const ids = (text: string) =>
    snapshotOf(text)
      .models.filter(({ ownedBy }) => ownedBy !== 'demo')
      .map(({ id }) => id)

  test("shows the operator's names, then each model once by its shortest name", () => {
    expect(ids(`providers:\n${GROQ}${MISTRAL}models:\n  fast: {targets: [groq/llama]}\n`)).toEqual([
      'fast',
      'openai/gpt',
      'llama',
      'mistral/llama',
    ])
  })

  test('says who serves it, since when, and how large it may be', () => {
    expect(snapshotOf(`providers:\n${OPENAI}`).models[0]).toMatchObject({
      id: 'gpt',
      ownedBy: 'openai',
      created: 1_735_776_000,
      contextTokens: 1_000,
      outputTokensMax: 100,
    })
  })

  test('every name in it leads somewhere', () => {
    const snapshot = snapshotOf(`providers:\n${OPENAI}${GROQ}${MISTRAL}models:\n  llama: {targets: [openai/gpt]}\n`)
    for (const { id, route } of snapshot.models) expect(findRoute(snapshot, id)).toBe(route)
    expect(new Set(snapshot.models.map(({ id }) => id)).size).toBe(snapshot.models.length)
  })

  test('holds models that the operator adds, with what the catalogue knows of them', () => {
    const { models, notices } = snapshotOf('providers:\n  v: {kind: vllm, models: [my-model]}\n')
    expect(models[0]).toMatchObject({ id: 'my-model', ownedBy: 'v', created: 0, contextTokens: null })
    expect(notices).toEqual([])
  })

  test('has of Azure only the deployments that the operator names, at the price of the model of that name', () => {
    const az =
      'providers:\n  az: {kind: azure-openai, credential: "${KEY}", baseUrl: "https://x.example", models: [gpt, mine]}\n'
    expect(ids(az)).toEqual(['gpt', 'mine'])
    expect(findRoute(snapshotOf(az), 'az/gpt')?.targets[0]?.prices.length).toBe(1)
    expect(findRoute(snapshotOf(az), 'az/mine')?.targets[0]?.prices).toEqual([])
    expect(ids('providers:\n  az: {kind: azure-openai, credential: "${KEY}", baseUrl: "https://x.example"}\n')).toEqual(
      [],
    )
  })

  test('says what a model can be asked for, as far as its vendor is asked for it', () => {
    const snapshot = snapshotOf(`providers:\n${OPENAI}${GROQ}`)
    expect(findRoute(snapshot, 'embed')?.targets[0]?.operations).toEqual(['embeddings'])
    expect(findRoute(snapshot, 'llama')?.targets[0]?.operations).toEqual(['chat'])
    expect(findRoute(snapshot, 'demo-embed')?.targets[0]?.operations).toEqual(['embeddings'])
  })

  test('tells of an alias that hides a model, and of a node of which nothing is known', () => {
    const { notices } = snapshotOf(`providers:\n${OPENAI}  v: {kind: vllm}\nmodels:\n  gpt: {targets: [v/x]}\n`)
    expect(notices).toEqual(['models.gpt: wins over the model of that name at openai, which is called as openai/gpt'])
    expect(snapshotOf('providers:\n  v: {kind: vllm}\n').notices).toEqual([
      'v: no model of it is known, so none is listed; any can be called as v/<model>',
    ])
  })
})

describe('prices', () => {
  const DAY = Date.parse('2026-06-01')
  const priced = (text: string) => snapshotOf(`providers:\n${OPENAI}prices:\n${text}`).prices

  test('are those of the catalogue, by every name of the model', () => {
    const { prices } = snapshotOf(`providers:\n${OPENAI}`)
    expect(prices.get('openai/gpt')?.[0]?.version).toBe('openai/gpt@1')
    expect(prices.get('openai/gpt-2025-01-02')?.[0]?.version).toBe('openai/gpt@1')
    expect(prices.get('openai/unknown')).toBeUndefined()
  })

  test('of the operator win from their day on, in exact pico-dollars, for the other names of the model too', () => {
    const prices = priced(
      '  - {model: openai/gpt, from: 2026-05-01, rates: {input: 0.15, output: 1.1, searches: 0.01}}\n',
    )
    for (const name of ['openai/gpt', 'openai/gpt-2025-01-02']) {
      const list = prices.get(name) ?? []
      expect(priceAt(list, DAY)?.rates).toMatchObject({
        input: 150_000,
        cacheRead: 150_000,
        output: 1_100_000,
        searches: 10_000_000_000,
      })
      expect(priceAt(list, Date.parse('2026-04-30'))?.version).toBe('openai/gpt@1')
    }
  })

  test('of the operator win over a later one of the catalogue', () => {
    const prices = priced('  - {model: openai/gpt, from: 1970-01-01, rates: {input: 3, output: 4}}\n')
    expect(prices.get('openai/gpt')?.map(({ rates }) => rates.input)).toEqual([3_000_000])
  })

  test('of the operator win on their days only, and in their hours only', () => {
    const rates = 'rates: {input: 3, output: 4}'
    const list =
      priced(
        `  - {model: openai/gpt, from: 2026-05-01, until: 2026-06-01, ${rates}}
  - {model: openai/gpt, from: 2026-07-01, hours: {utc: ["01:00-04:00"], days: [mon]}, ${rates}}\n`,
      ).get('openai/gpt') ?? []
    const inputAt = (moment: string) => priceAt(list, Date.parse(moment))?.rates.input
    expect(inputAt('2026-04-30T23:59:59.999Z')).toBe(1)
    expect(inputAt('2026-05-01T00:00:00Z')).toBe(3_000_000)
    expect(inputAt('2026-05-31T23:59:59.999Z')).toBe(3_000_000)
    expect(inputAt('2026-06-01T00:00:00Z')).toBe(1)
    expect([inputAt('2026-07-06T00:59:59Z'), inputAt('2026-07-06T01:00:00Z')]).toEqual([1, 3_000_000])
  })

  test('of the operator have steps, tiers and prices by the piece', () => {
    const [price] =
      priced(`  - model: openai/gpt
    rates: {input: 1, output: 2}
    steps: [{abovePromptTokens: 10, rates: {input: 2}}]
    tiers: {batch: {rates: {input: 0.5}}}
    units: {requests: 0.005}\n`).get('openai/gpt') ?? []
    if (price === undefined) throw new Error('one price went in')
    expect(cost({ ...NO_USAGE, input: 10 }, price)).toBe(5_010_000)
    expect(cost({ ...NO_USAGE, input: 11 }, price)).toBe(5_022_000)
    expect(cost({ ...NO_USAGE, input: 11 }, price, 'batch')).toBe(5_005_500)
  })

  test('of the operator hold for a model that no list has', () => {
    const text = `providers:\n${OPENAI}prices:\n  - {model: openai/mine, rates: {input: 1, output: 1}}\n`
    expect(findRoute(snapshotOf(text), 'openai/mine')?.targets[0]?.prices.length).toBe(1)
  })

  test('keep their version as long as they say the same, and never share it', () => {
    const version = (text: string) => priced(text).get('openai/gpt')?.at(-1)?.version
    const one = '  - {model: openai/gpt, rates: {input: 1, output: 2}}\n'
    expect(version(one)).toBe(version('  - {rates: {output: 2, input: 1}, model: openai/gpt}\n'))
    expect(version(one)).not.toBe(version('  - {model: openai/gpt, rates: {input: 1, output: 3}}\n'))
    // Written down: a change of it would orphan recorded costs.
    expect(version(one)).toBe('operator:1970-01-01:03880b49f711')
    // An end that is added later changes no cost.
    expect(version('  - {model: openai/gpt, until: 2999-01-01, rates: {input: 1, output: 2}}\n')).toBe(version(one))
    const others = [
      'units: {images: 1}',
      'tiers: {flex: {rates: {}}}',
      'tiers: {batch: {rates: {}}}',
      'steps: [{abovePromptTokens: 1, rates: {}}]',
      'hours: {utc: ["01:00-04:00"], days: [mon]}',
      'hours: {utc: ["01:00-04:00"], days: [tue]}',
    ].map((more) => version(`  - {model: openai/gpt, rates: {input: 1, output: 2}, ${more}}\n`))
    expect(new Set([version(one), ...others]).size).toBe(others.length + 1)
  })

  test('of a region hold for the provider that is in it, and one that the vendor does not tell apart costs the usual', () => {
    const usual = row('openai', 'gpt').prices[0]
    if (usual === undefined) throw new Error('every row has a price')
    const eu = { ...usual, version: 'openai/gpt@1~eu' }
    const models = [row('openai', 'gpt', { prices: [{ ...usual, regions: { eu } }] })]
    const compiledIn = (region: string) =>
      snapshotOf(`providers:\n  openai: {kind: openai, credential: "\${KEY}", region: ${region}}\n`, {
        ...catalog,
        models,
      })
    const inRegion = (region: string) =>
      compiledIn(region)
        .prices.get('openai/gpt')
        ?.map(({ version }) => version)
    expect(inRegion('eu')).toEqual(['openai/gpt@1~eu'])
    expect(inRegion('asia')).toEqual(['openai/gpt@1'])
    expect(compiledIn('eu').notices).toEqual([])
    expect(compiledIn('asia').notices).toEqual([
      'openai: no price of its vendor names the region asia: the usual prices are used',
    ])
  })

  test('of the built-in vendor are zero, which is known', () => {
    const list = snapshotOf('').prices.get('demo/demo-chat') ?? []
    expect(priceAt(list, DAY)?.rates.output).toBe(0)
  })

  test('that were taken over win over shipped ones of the same day and stand between the others; newer shipped ones still come', () => {
    const shipped = row('openai', 'gpt').prices[0]
    if (shipped === undefined) throw new Error('every row has a price')
    const dated = (version: string, from: string) => ({ ...shipped, version, from: Date.parse(from) })
    const models = [
      row('openai', 'gpt', {
        aliases: ['gpt-1'],
        prices: [dated('old', '2026-01-01'), dated('wrong', '2026-03-01'), dated('new', '2026-05-01')],
      }),
    ]
    const applied = new Map([
      ['openai/gpt', [dated('mended', '2026-03-01'), dated('between', '2026-04-01')]],
      ['openai/unheard', [dated('unheard', '2026-01-01')]],
      ['groq/gpt', [dated('of another vendor', '2026-01-01')]],
    ])
    const { prices } = snapshotOf(`providers:\n${OPENAI}`, { ...catalog, models }, applied)
    const versions = (name: string) => prices.get(name)?.map(({ version }) => version)
    for (const name of ['openai/gpt', 'openai/gpt-1'])
      expect(versions(name)).toEqual(['old', 'mended', 'between', 'new'])
    expect(versions('openai/unheard')).toEqual(['unheard'])
    expect(versions('openai/never')).toBeUndefined()
    const text = `providers:\n${OPENAI}prices:\n  - {model: openai/gpt, from: 2026-03-15, until: 2026-04-15, rates: {input: 1, output: 1}}\n`
    const ours = snapshotOf(text, { ...catalog, models }, applied).prices.get('openai/gpt') ?? []
    const at = (day: string) => priceAt(ours, Date.parse(day))?.version.replace(/:.*/, '')
    expect(['2026-03-14', '2026-03-15', '2026-04-14', '2026-04-15', '2026-05-01'].map(at)).toEqual([
      'mended',
      'operator',
      'operator',
      'between',
      'new',
    ])
  })
})
