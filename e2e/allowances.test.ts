import { describe, expect, test } from 'vitest'
import type { RawResponse } from './kit/client.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, withRelay } from './kit/relay.ts'
import { hang, refusal, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

/** Limits and plans through the socket: each is shown to block, on every level of the tenancy, and to let through what it allows. */

const ORGANISATION = 'default00000'
const relay = withRelay(withPostgres(), { config: () => ({ models: { ours: { targets: ['fault/m'] } } }) })

interface Made {
  readonly id: string
}
let names = 0
const name = () => `name ${++names}`
const make = async (path: string, body: object): Promise<string> => {
  // An answer of the admin API, which its own tests look at.
  const { id } = (await relay.gateway.admin('POST', path, body)) as Made
  return id
}
const newKey = async (of: object = {}): Promise<{ readonly id: string; readonly key: string }> =>
  (await relay.gateway.admin('POST', '/keys', { name: name(), ...of })) as { id: string; key: string }
const newUser = async (): Promise<string> => {
  const user = await make('/users', { name: name() })
  await make('/members', { organisation: ORGANISATION, user, role: 'member' })
  return user
}
const limit = (of: object): Promise<string> => make('/limits', of)
const ask = async (key: string, more: object = {}): Promise<RawResponse> => {
  const response = await relay.chat({ key, ...more })
  await response.bytes()
  return response
}
const statuses = async (key: string, times: number): Promise<readonly number[]> => {
  const all: number[] = []
  for (let at = 0; at < times; at++) all.push((await ask(key)).status)
  return all
}

describe('a limit of two requests an hour', () => {
  const subjects: {
    readonly scope: string
    readonly of: () => Promise<{ readonly subject?: string; readonly key: object }>
  }[] = [
    { scope: 'team', of: async () => withTeam(await make('/teams', { name: name() })) },
    { scope: 'project', of: async () => withProject(await make('/projects', { name: name() })) },
    { scope: 'user', of: async () => withOwner(await newUser()) },
  ]
  const withTeam = (team: string) => ({ subject: team, key: { team } })
  const withProject = (project: string) => ({ subject: project, key: { project } })
  const withOwner = (owner: string) => ({ subject: owner, key: { owner } })
  const TWO = { measure: 'requests', max: 2, per: 'hour' }

  test('of a key lets two through and refuses the third, without a call to the vendor', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, ...TWO })
    const before = relay.vendor.seen.length
    expect(await statuses(key, 3)).toEqual([200, 200, 429])
    expect(relay.vendor.seen.length).toBe(before + 2)
  })

  test.each(subjects)('of a $scope counts all its keys together, and no others', async ({ scope, of }) => {
    const { subject, key } = await of()
    const [one, other, stranger] = [await newKey(key), await newKey(key), await newKey()]
    await limit({ scope, subject, ...TWO })
    expect([(await ask(one.key)).status, (await ask(other.key)).status]).toEqual([200, 200])
    expect([(await ask(one.key)).status, (await ask(other.key)).status]).toEqual([429, 429])
    expect((await ask(stranger.key)).status).toBe(200)
  })

  test('of an organisation counts everything in it, and is gone once it is removed', async () => {
    const organisation = await make('/organisations', { name: name() })
    const [one, other] = [await newKey({ organisation }), await newKey({ organisation })]
    const id = await limit({ organisation, scope: 'organisation', ...TWO })
    expect([...(await statuses(one.key, 1)), ...(await statuses(other.key, 2))]).toEqual([200, 200, 429])
    await relay.gateway.admin('POST', `/limits/${id}/remove`, {})
    expect(await statuses(other.key, 2)).toEqual([200, 200])
  })

  test('lets more through as soon as it is raised, and remembers what it counted', async () => {
    const { id, key } = await newKey()
    const made = await limit({ scope: 'key', subject: id, ...TWO })
    expect(await statuses(key, 3)).toEqual([200, 200, 429])
    await relay.gateway.admin('POST', `/limits/${made}/change`, { max: 3 })
    expect(await statuses(key, 2)).toEqual([200, 429])
    await relay.gateway.admin('POST', `/limits/${made}/change`, { max: 0 })
    expect(await statuses(key, 1)).toEqual([429])
  })

  test.each(['fault/*', 'm'])('of the models %s counts these only, by every name of theirs', async (model) => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, models: [model], ...TWO })
    const alias = await ask(key, { model: 'ours' })
    expect([alias.status, ...(await statuses(key, 2))]).toEqual([200, 200, 429])
    const demo = { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hello' }] }
    const answer = await relay.gateway.ask('/v1/chat/completions', { key, body: demo })
    await answer.bytes()
    expect([answer.status, answer.header('x-ratelimit-limit-requests')]).toEqual([200, undefined])
  })
})

describe('a plan', () => {
  test('binds each one who has it by itself, and nobody any more once it is taken or ended', async () => {
    const plan = await make('/plans', { name: 'free' })
    await limit({ scope: 'plan', subject: plan, measure: 'requests', max: 1, per: 'day' })
    const [one, other] = [await newKey(), await newKey()]
    for (const { id } of [one, other]) await make(`/plans/${plan}/give`, { scope: 'key', subject: id })
    expect([await statuses(one.key, 2), await statuses(other.key, 2)]).toEqual([
      [200, 429],
      [200, 429],
    ])
    await make(`/plans/${plan}/take`, { scope: 'key', subject: one.id })
    expect([await statuses(one.key, 1), await statuses(other.key, 1)]).toEqual([[200], [429]])
    await make(`/plans/${plan}/archive`, {})
    expect(await statuses(other.key, 1)).toEqual([200])
  })

  test('is one at most: another one takes its place at once', async () => {
    const [free, team] = [await make('/plans', { name: name() }), await make('/plans', { name: name() })]
    await limit({ scope: 'plan', subject: free, measure: 'requests', max: 0, per: 'day' })
    await limit({ scope: 'plan', subject: team, measure: 'requests', max: 5, per: 'day' })
    const { id, key } = await newKey()
    await make(`/plans/${free}/give`, { scope: 'key', subject: id })
    expect(await statuses(key, 1)).toEqual([429])
    await make(`/plans/${team}/give`, { scope: 'key', subject: id })
    expect(await statuses(key, 1)).toEqual([200])
  })
})

describe('a limit of tokens', () => {
  const usage = (prompt: number, completion: number) => whole({ usage: { prompt, completion } })

  test('reserves what a request may use, and counts what it used', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'tokens', max: 1_000, per: 'hour' })
    const first = await ask(key, { behaviour: usage(20, 10) })
    expect([first.status, first.header('x-ratelimit-limit-tokens')]).toEqual([200, '1000'])
    const next = await ask(key, { behaviour: usage(900, 50) })
    expect(next.status).toBe(200)
    // 980 of a thousand are used: nothing that may use five hundred fits.
    expect((await ask(key)).status).toBe(429)
  })

  test('refuses for good what can never fit, and says how large it is', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'tokens', max: 10, per: 'minute' })
    const response = await relay.chat({ key })
    expect([response.status, response.header('retry-after'), response.header('x-should-retry')]).toEqual([
      429,
      undefined,
      'false',
    ])
    expect((await errorIn(response)).message).toMatch(/needs about \d+ tokens, and the limit is 10 tokens in a minute/)
  })

  test('gives everything back that a request which failed had reserved', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'tokens', max: 1_000, per: 'hour' })
    for (let at = 0; at < 5; at++) expect((await ask(key, { behaviour: refusal(500) })).status).toBe(500)
    expect((await ask(key)).status).toBe(200)
  })
})

describe('a limit of requests at once', () => {
  test('holds while they are open, streams among them, and gives each place back however it ends', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'concurrent', max: 2 })
    const before = relay.vendor.seen.length
    const held = await relay.beginChat({ key, behaviour: hang('request') })
    const streaming = await relay.beginChat({
      key,
      stream: true,
      behaviour: stream({ pace: { kind: 'every', ms: 60_000 } }),
    })
    await waitUntil('both at the vendor', () => relay.vendor.seen.length === before + 2)
    const refused = await ask(key)
    expect([refused.status, refused.header('retry-after')]).toEqual([429, '1'])
    held.close()
    streaming.close()
    await waitUntil('their places', async () => (await ask(key)).status === 200)
    expect(await statuses(key, 5)).toEqual([200, 200, 200, 200, 200])
  })
})

describe('what is left is told in the words of the client', () => {
  test('by OpenAI headers, on answers and refusals, and never the vendor’s own', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'requests', max: 2, per: 'minute' })
    const vendor = whole({ headers: [['x-ratelimit-remaining-requests', '999']] })
    const first = await ask(key, { behaviour: vendor })
    expect(first.header('x-ratelimit-limit-requests')).toBe('2')
    expect(first.header('x-ratelimit-remaining-requests')).toBe('1')
    expect(first.header('x-ratelimit-reset-requests')).toMatch(/^(1m0s|\d+(\.\d+)?m?s)$/)
    await ask(key)
    const refused = await ask(key)
    expect([refused.status, refused.header('x-ratelimit-remaining-requests')]).toEqual([429, '0'])
    const seconds = Number(refused.header('retry-after'))
    expect(seconds).toBeGreaterThanOrEqual(1)
    expect(seconds).toBeLessThanOrEqual(60)
  })

  test('by Anthropic headers and errors, and by Gemini’s status', async () => {
    const { id, key } = await newKey()
    await limit({ scope: 'key', subject: id, measure: 'requests', max: 1, per: 'minute' })
    const messages = { model: 'fault/m', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] }
    const first = await relay.gateway.ask('/anthropic/v1/messages', { key, body: messages })
    await first.bytes()
    expect([first.status, first.header('anthropic-ratelimit-requests-limit')]).toEqual([200, '1'])
    expect(first.header('anthropic-ratelimit-requests-reset')).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    const refused = await relay.gateway.ask('/anthropic/v1/messages', { key, body: messages })
    expect([refused.status, await refused.json()]).toMatchObject([429, { error: { type: 'rate_limit_error' } }])
    const contents = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }
    const google = await relay.gateway.ask('/v1beta/models/fault/m:generateContent', { key, body: contents })
    expect([google.status, await google.json()]).toMatchObject([429, { error: { status: 'RESOURCE_EXHAUSTED' } }])
  })
})

test('of several limits all are kept: one that is full costs the others nothing', async () => {
  const team = await make('/teams', { name: name() })
  const { id, key } = await newKey({ team })
  const colleague = await newKey({ team })
  await limit({ scope: 'key', subject: id, measure: 'requests', max: 1, per: 'hour' })
  await limit({ scope: 'team', subject: team, measure: 'requests', max: 3, per: 'hour' })
  expect(await statuses(key, 5)).toEqual([200, 429, 429, 429, 429])
  expect(await statuses(colleague.key, 3)).toEqual([200, 200, 429])
})

test('a limit of somebody in another organisation cannot be made, and is refused by its field', async () => {
  const organisation = await make('/organisations', { name: name() })
  const { id } = await newKey()
  const body = { organisation, scope: 'key', subject: id, measure: 'requests', max: 1, per: 'hour' }
  await expect(relay.gateway.admin('POST', '/limits', body)).rejects.toThrow(/400.*subject/s)
})

test('what one organisation sets for a user is neither felt nor seen where the same user works for another', async () => {
  const [mine, theirs] = [
    await make('/organisations', { name: 'Mine' }),
    await make('/organisations', { name: 'Theirs' }),
  ]
  const user = await make('/users', { name: 'Works for both' })
  for (const organisation of [mine, theirs]) await make('/members', { organisation, user, role: 'member' })
  const { key } = await newKey({ organisation: mine, owner: user })
  await limit({ organisation: theirs, scope: 'user', subject: user, measure: 'requests', max: 0, per: 'day' })
  await make('/budgets', { organisation: theirs, scope: 'user', subject: user, dollars: 5 })
  expect((await ask(key)).status).toBe(200)
  const own = await relay.gateway.ask('/v1/key', { key, method: 'GET' })
  expect(await own.json()).toMatchObject({ limits: [], budgets: [] })
})
