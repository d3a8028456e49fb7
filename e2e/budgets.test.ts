import { describe, expect, test } from 'vitest'
import type { RawResponse } from './kit/client.ts'
import { BEHAVIOUR_FIELD } from './kit/fault-vendor.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, withRelay } from './kit/relay.ts'
import { type Behaviour, refusal, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

/** Budgets through the socket: each level blocks, money is exact, and nothing is spent that was not there. A token costs a microdollar in, two out. */

const relay = withRelay(withPostgres(), {
  config: ({ url }) => ({
    providers: { priceless: { baseUrl: url }, free: { baseUrl: url } },
    models: { ours: { targets: ['fault/m'] } },
    prices: [
      { model: 'fault/m', rates: { input: 1, output: 2 } },
      { model: 'fault/other', rates: { input: 1, output: 2 } },
      { model: 'free/m', rates: { input: 0, output: 0 } },
    ],
  }),
})

interface Made {
  readonly id: string
}
let names = 0
const name = () => `name ${++names}`
const admin = (path: string, body: object): Promise<unknown> => relay.gateway.admin('POST', path, body)
// Answers of the admin API, which its own tests look at.
const make = async (path: string, body: object): Promise<string> => ((await admin(path, body)) as Made).id
const newKey = async (of: object = {}) => (await admin('/keys', { name: name(), ...of })) as { id: string; key: string }
const budget = (of: object): Promise<string> => make('/budgets', of)

interface Ask {
  readonly model?: string
  readonly behaviour?: Behaviour
  readonly outputMax?: number
  readonly stream?: boolean
}
const USUAL = whole({ usage: { prompt: 10, completion: 5 } })
const bodyOf = ({ model = 'fault/m', behaviour = USUAL, outputMax = 100, ...more }: Ask = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: outputMax,
  ...more,
  [BEHAVIOUR_FIELD]: behaviour,
})
const begin = (key: string, of: Ask = {}): Promise<RawResponse> =>
  relay.gateway.ask('/v1/chat/completions', { key, body: bodyOf(of) })
/** A stream that goes on until its client leaves. */
const hold = async (key: string, of: Ask = {}) => {
  const before = relay.vendor.seen.length
  const behaviour = stream({ pace: { kind: 'driven' } })
  const connection = await relay.beginChat({ key, body: bodyOf({ ...of, stream: true, behaviour }) })
  relay.vendor.next(before)
  // Its answer has begun: one that never did would count as all that was kept for it.
  await connection.response()
  return connection
}
const ask = async (key: string, of: Ask = {}): Promise<number> => {
  const response = await begin(key, of)
  await response.bytes()
  return response.status
}
const using = (prompt: number, completion: number): Behaviour => whole({ usage: { prompt, completion } })
const own = async (
  key: string,
): Promise<readonly { readonly spent_dollars: string; readonly reserved_dollars: string }[]> => {
  const response = await relay.gateway.ask('/v1/key', { key, method: 'GET' })
  return (
    (await response.json()) as { readonly budgets: readonly { spent_dollars: string; reserved_dollars: string }[] }
  ).budgets
}

describe('a budget of a thousandth of a dollar', () => {
  const SMALL = { dollars: 0.001 }

  test('of a key pays until it is used up, and then refuses with 402 and without a call to the vendor', async () => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, ...SMALL })
    expect(await ask(key, { behaviour: using(500, 200) })).toBe(200)
    const before = relay.vendor.seen.length
    const refused = await begin(key)
    expect([refused.status, refused.header('x-should-retry')]).toEqual([402, 'false'])
    expect(await errorIn(refused)).toMatchObject({
      code: 'budget_exceeded',
      message: expect.stringContaining('0.0001 left'),
    })
    expect(relay.vendor.seen.length).toBe(before)
    expect(await own(key)).toMatchObject([{ spent_dollars: '0.0009', reserved_dollars: '0' }])
  })

  test.each(['team', 'project', 'user', 'organisation'])(
    'of a %s pays for all its keys together, and for no other',
    async (scope) => {
      const { subject, of } = await subjectOf(scope)
      const [one, other, stranger] = [await newKey(of), await newKey(of), await newKey()]
      await budget({
        ...of,
        scope,
        subject,
        ...SMALL,
        organisation: of.organisation,
        team: undefined,
        project: undefined,
        owner: undefined,
      })
      expect(await ask(one.key, { behaviour: using(400, 300) })).toBe(200)
      expect([await ask(one.key), await ask(other.key), await ask(stranger.key)]).toEqual([402, 402, 200])
    },
  )

  test('lets what costs nothing pass, also when it is used up', async () => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, dollars: 0 })
    expect([await ask(key), await ask(key, { model: 'free/m' })]).toEqual([402, 200])
  })

  test('that is raised, lowered or removed holds so at once', async () => {
    const { id, key } = await newKey()
    const made = await budget({ scope: 'key', subject: id, dollars: 0 })
    expect(await ask(key)).toBe(402)
    await admin(`/budgets/${made}/change`, { dollars: 1 })
    expect(await ask(key)).toBe(200)
    await admin(`/budgets/${made}/change`, { dollars: 0 })
    expect(await ask(key)).toBe(402)
    await admin(`/budgets/${made}/remove`, {})
    expect(await ask(key)).toBe(200)
  })

  test('that only observes refuses nothing, and says what it saw', async () => {
    const { id, key } = await newKey()
    const made = await budget({ scope: 'key', subject: id, ...SMALL, mode: 'observe' })
    for (let times = 0; times < 3; times++) expect(await ask(key, { behaviour: using(1_000, 0) })).toBe(200)
    await waitUntil('the log', () => relay.gateway.logs().includes('"percent":100'))
    const lines = relay.gateway
      .logs()
      .split('\n')
      .filter((line) => line.includes(made) && line.includes('percent'))
    expect(lines.map((line) => /"percent":(\d+)/.exec(line)?.[1])).toEqual(['50', '80', '100'])
  })

  test('that is made later has paid for what was used before it', async () => {
    const { id, key } = await newKey()
    expect(await ask(key, { behaviour: using(600, 0) })).toBe(200)
    await relay.whenIdle()
    await budget({ scope: 'key', subject: id, ...SMALL })
    expect(await own(key)).toMatchObject([{ spent_dollars: '0.0006' }])
    expect(await ask(key, { outputMax: 250 })).toBe(402)
  })
})

describe('a budget of a model by its plain name', () => {
  const OF_M = { dollars: 0.001, models: ['m'] }

  test.each(['fault/m', 'ours'])('pays for it when it is asked for as %s, and for no other model', async (model) => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, ...OF_M })
    expect(await ask(key, { model, behaviour: using(900, 0) })).toBe(200)
    expect([await ask(key, { model }), await ask(key, { model: 'fault/other' })]).toEqual([402, 200])
  })

  test('that is made later has paid for it by whatever name it was asked for', async () => {
    const { id, key } = await newKey()
    for (const model of ['fault/m', 'ours', 'fault/other'])
      expect(await ask(key, { model, behaviour: using(300, 0) })).toBe(200)
    await relay.whenIdle()
    await budget({ scope: 'key', subject: id, ...OF_M })
    expect(await own(key)).toMatchObject([{ spent_dollars: '0.0006' }])
  })
})

describe('a price that nobody knows', () => {
  test.each([
    [{ unpriced: 'block' }, [402, 402]],
    [{ unpriced: 'allow' }, [200, 200]],
    [{ unpriced: 'ceiling', ceilingDollars: 0.6 }, [200, 402]],
  ])('is treated as the budget says: %j', async (of, expected) => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, dollars: 1, ...of })
    const asked = { model: 'priceless/unlisted', behaviour: using(1, 1) }
    expect([await ask(key, asked), await ask(key, asked)]).toEqual(expected)
  })
})

describe('what is kept for a request', () => {
  test('is given back however it ends: refused by the vendor, broken off, or left by its client', async () => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, dollars: 1 })
    expect(await ask(key, { behaviour: refusal(500) })).toBe(500)
    expect(await ask(key, { behaviour: refusal(429) })).toBe(429)
    const left = await hold(key)
    expect((await own(key))[0]?.reserved_dollars).not.toBe('0')
    left.close()
    await waitUntil('nothing to be kept', async () => (await own(key))[0]?.reserved_dollars === '0')
  })

  test('keeps out whoever finds no room beside it, and lets them in when it is over', async () => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, dollars: 0.0015 })
    const holder = await hold(key, { outputMax: 500 })
    const refused = await begin(key, { outputMax: 500 })
    expect([refused.status, Number(refused.header('retry-after'))]).toEqual([402, 1])
    await refused.bytes()
    holder.close()
    await waitUntil('room', async () => (await ask(key, { outputMax: 500 })) === 200)
  })
})

describe('a quote', () => {
  const quote = async (key: string, of: Ask = {}, path = '/v1/quote') => {
    const response = await relay.gateway.ask(path, { key, body: bodyOf(of) })
    return { status: response.status, body: JSON.parse(await response.text()) as Record<string, unknown> }
  }

  test('says tokens, price, and which limits and budgets there are, and takes nothing from them', async () => {
    const { id, key } = await newKey()
    await budget({ scope: 'key', subject: id, dollars: 0.001 })
    await admin('/limits', { scope: 'key', subject: id, measure: 'requests', max: 1, per: 'hour' })
    const before = relay.vendor.seen.length
    for (let times = 0; times < 3; times++) {
      const { status, body } = await quote(key)
      expect([status, body]).toMatchObject([
        200,
        {
          object: 'quote',
          input_tokens: expect.any(Number),
          output_tokens_max: 100,
          targets: [{ target: 'fault/m', cost_dollars: { at_most: expect.stringMatching(/^0\.000/) } }],
          limits: [{ measure: 'requests', remaining: 1, fits: true }],
          budgets: [{ dollars: '0.001', remaining_dollars: '0.001', fits: true }],
          would_pass: true,
        },
      ])
    }
    expect(relay.vendor.seen.length).toBe(before)
    expect(await ask(key)).toBe(200)
    expect((await quote(key)).body).toMatchObject({ limits: [{ remaining: 0, fits: false }], would_pass: false })
  })

  test('says that it would not pass what would be refused, and refuses what could never be asked', async () => {
    const { id, key } = await newKey({ deniedModels: ['free/*'] })
    await budget({ scope: 'key', subject: id, dollars: 0.0001 })
    expect((await quote(key, { outputMax: 1_000 })).body).toMatchObject({
      budgets: [{ fits: false }],
      would_pass: false,
    })
    expect(await ask(key, { outputMax: 1_000 })).toBe(402)
    expect((await quote(key, { model: 'priceless/unlisted' })).body).toMatchObject({
      targets: [{ cost_dollars: null }],
      would_pass: false,
    })
    expect((await quote(key, { model: 'free/m' })).status).toBe(403)
    expect((await quote(key, { model: 'nothing' })).status).toBe(404)
    expect((await quote('sek_nobody')).status).toBe(401)
  })

  test('of a message in Anthropic’s form is given as well', async () => {
    const { key } = await newKey()
    expect((await quote(key, {}, '/anthropic/v1/quote')).body).toMatchObject({
      output_tokens_max: 100,
      would_pass: true,
    })
  })
})

test('two hundred at once against money for ten: what is spent never passes what there was', async () => {
  const { id, key } = await newKey()
  // Each may cost a prompt and a hundred tokens of answer, and does: ten times that.
  const costMicros = 10 + 2 * 100
  const made = await budget({ scope: 'key', subject: id, dollars: (costMicros * 10) / 1_000_000 })
  const behaviours = [using(10, 100), using(10, 100), refusal(503), using(3, 40)]
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, at) => ask(key, { behaviour: behaviours[at % behaviours.length] ?? using(1, 1) })),
  )
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(5)
  expect(statuses.every((status) => [200, 402, 503].includes(status))).toBe(true)
  await relay.whenIdle()
  const [state] = await own(key)
  expect(state?.reserved_dollars).toBe('0')
  expect(Number(state?.spent_dollars) * 1_000_000).toBeLessThanOrEqual(costMicros * 10)
  const rows = (await relay.gateway.records()).filter(({ keyId }) => keyId === id)
  const billed = rows.reduce((sum, { costNano }) => sum + (costNano ?? 0), 0)
  expect(Number(state?.spent_dollars)).toBe(billed / 1_000_000_000)
  expect(made).toMatch(/^\w{12}$/)
})

test('what was spent is remembered over a restart and a kill, to the last digit', async () => {
  const { id, key } = await newKey()
  await budget({ scope: 'key', subject: id, dollars: 0.01 })
  for (let times = 0; times < 5; times++) expect(await ask(key, { behaviour: using(100, 33) })).toBe(200)
  const spent = '0.00083'
  expect(await own(key)).toMatchObject([{ spent_dollars: spent }])
  await relay.gateway.kill()
  await relay.gateway.restart()
  expect(await own(key)).toMatchObject([{ spent_dollars: spent, reserved_dollars: '0' }])
})

async function subjectOf(
  scope: string,
): Promise<{ subject: string; of: { team?: string; project?: string; owner?: string; organisation?: string } }> {
  switch (scope) {
    case 'team': {
      const team = await make('/teams', { name: name() })
      return { subject: team, of: { team } }
    }
    case 'project': {
      const project = await make('/projects', { name: name() })
      return { subject: project, of: { project } }
    }
    case 'user': {
      const owner = await make('/users', { name: name() })
      await make('/members', { organisation: 'default00000', user: owner, role: 'member' })
      return { subject: owner, of: { owner } }
    }
    default: {
      const organisation = await make('/organisations', { name: name() })
      return { subject: organisation, of: { organisation } }
    }
  }
}
