import { describe, expect, test } from 'vitest'
import { send } from './kit/client.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, withRelay } from './kit/relay.ts'
import { whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

/** What a key may be used for, from where, and what it can ask about itself. */

const relay = withRelay(withPostgres(), {
  config: () => ({ models: { mine: { targets: ['fault/m'] }, other: { targets: ['fault/m'] } } }),
})
let names = 0
interface NewKey {
  readonly id: string
  readonly key: string
}
const newKey = async (of: object = {}): Promise<NewKey> =>
  // An answer of the admin API, which its own tests look at.
  (await relay.gateway.admin('POST', '/keys', { name: `key ${++names}`, ...of })) as NewKey
const chat = async (key: string, model = 'fault/m'): Promise<readonly [number, string | null]> => {
  const response = await relay.chat({ key, model })
  return response.status === 200
    ? [await response.bytes().then(() => 200), '']
    : [response.status, (await errorIn(response)).code]
}
const listed = async (key: string): Promise<readonly string[]> => {
  const answer = await send(`${relay.gateway.url}/v1/models`, { headers: [['authorization', `Bearer ${key}`]] })
  const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] }
  return data.map(({ id }) => id)
}
const OK = [200, '']

describe('a key', () => {
  test('that may not use a model is refused it by every name, and does not see it in the list', async () => {
    const { key } = await newKey({ deniedModels: ['fault/*'] })
    for (const model of ['fault/m', 'mine']) expect(await chat(key, model)).toEqual([403, 'model_not_allowed'])
    expect((await listed(key)).filter((id) => id === 'mine' || id.startsWith('fault/'))).toEqual([])
    expect(await chat(key, 'demo/demo-chat')).toEqual(OK)
  })

  test('that is denied a model by its plain name is refused it at every provider and behind every name of ours', async () => {
    const { key } = await newKey({ deniedModels: ['m'] })
    for (const model of ['fault/m', 'mine', 'other'])
      expect([model, ...(await chat(key, model))]).toEqual([model, 403, 'model_not_allowed'])
    expect((await listed(key)).filter((id) => ['fault/m', 'mine', 'other'].includes(id))).toEqual([])
    expect(await chat(key, 'demo/demo-chat')).toEqual(OK)
  })

  test('that is allowed a model by its plain name is not thereby allowed it at a provider that it did not name', async () => {
    const { key } = await newKey({ models: ['m'] })
    for (const model of ['fault/m', 'mine']) expect(await chat(key, model)).toEqual([403, 'model_not_allowed'])
  })

  test('is denied a model also where a pattern allows it', async () => {
    const { key } = await newKey({ models: ['*'], deniedModels: ['mine'] })
    expect([await chat(key, 'mine'), await chat(key, 'other')]).toEqual([[403, 'model_not_allowed'], OK])
  })

  test('that may ask for some of our own names asks for no other name of the same model', async () => {
    const { key } = await newKey({ routes: ['mine'] })
    expect(await chat(key, 'mine')).toEqual(OK)
    for (const model of ['other', 'fault/m']) expect(await chat(key, model)).toEqual([403, 'model_not_allowed'])
    expect(await listed(key)).toEqual(['mine'])
  })

  test('for embeddings is refused a chat, before the body is looked at', async () => {
    const { key } = await newKey({ operations: ['embeddings'] })
    expect(await chat(key)).toEqual([403, 'forbidden'])
    const { key: other } = await newKey({ operations: ['chat'] })
    expect(await chat(other)).toEqual(OK)
  })

  test('for one network works from there only, in every way of using it', async () => {
    const here = await newKey({ ipRanges: ['127.0.0.0/8', '::1'] })
    const elsewhere = await newKey({ ipRanges: ['203.0.113.0/24'] })
    expect([await chat(here.key), await chat(elsewhere.key)]).toEqual([OK, [403, 'forbidden']])
    const list = await send(`${relay.gateway.url}/v1/models`, { headers: [['x-api-key', elsewhere.key]] })
    expect(list.status).toBe(403)
    await list.bytes()
  })

  test('is changed at once, and what was not named stays', async () => {
    const { id, key } = await newKey({ tags: ['a'], environment: 'test', deniedModels: ['mine'] })
    expect(await chat(key, 'mine')).toEqual([403, 'model_not_allowed'])
    const changed = await relay.gateway.admin('POST', `/keys/${id}/update`, {
      deniedModels: [],
      metadata: { team: 'x' },
    })
    expect(changed).toMatchObject({ tags: ['a'], environment: 'test', deniedModels: [], metadata: { team: 'x' } })
    expect(await chat(key, 'mine')).toEqual(OK)
    const { items } = (await relay.gateway.admin('GET', '/audit?action=keys.update')) as {
      readonly items: readonly { readonly before: object }[]
    }
    expect(items[0]?.before).toMatchObject({ deniedModels: ['mine'], metadata: {} })
  })

  test.each([
    [{ ipRanges: ['300.1.1.1'] }, 'ipRanges[0]'],
    [{ operations: ['fly'] }, 'operations[0]'],
    [{ metadata: { a: 1 } }, 'metadata.a'],
    [{ tags: ['\u001b'] }, 'tags[0]'],
  ])('%j is refused by its field', async (of, field) => {
    await expect(newKey(of)).rejects.toThrow(field)
  })

  test('says when it was last used', async () => {
    const { id, key } = await newKey()
    expect(await relay.gateway.admin('GET', `/keys/${id}`)).toMatchObject({ lastUsedAt: null })
    await chat(key)
    await relay.whenIdle()
    const shown = (await relay.gateway.admin('GET', `/keys/${id}`)) as { readonly lastUsedAt: string }
    expect(Math.abs(Date.parse(shown.lastUsedAt) - Date.now())).toBeLessThan(60_000)
  })
})

test('many keys are made at once, each with its own secret', async () => {
  const made = (await relay.gateway.admin('POST', '/keys/create-many', {
    name: 'course',
    count: 30,
    tags: ['course'],
  })) as {
    readonly ids: readonly string[]
    readonly keys: readonly string[]
  }
  expect([new Set(made.ids).size, new Set(made.keys).size]).toEqual([30, 30])
  expect(await Promise.all([0, 29].map((at) => chat(made.keys[at] ?? '')))).toEqual([OK, OK])
  const lines = await relay.gateway.admin('GET', '/audit?action=keys.create-many')
  expect(JSON.stringify(lines)).not.toContain(made.keys[0])
})

describe('what a key asks about itself', () => {
  const own = async (key: string) => {
    const answer = await send(`${relay.gateway.url}/v1/key`, { headers: [['authorization', `Bearer ${key}`]] })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  test('is its rules, what is left of its limits, and what it used', async () => {
    const { id, key } = await newKey({ models: ['fault/*'] })
    const limit = { measure: 'requests', max: 5, per: 'hour' }
    await relay.gateway.admin('POST', '/limits', { scope: 'key', subject: id, ...limit })
    const used = await relay.chat({ key, behaviour: whole({ usage: { prompt: 1_000, completion: 10 } }) })
    await used.bytes()
    await waitUntil('its usage', async () => JSON.stringify((await own(key)).body).includes('"requests":1'))
    const { status, body } = await own(key)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id,
      models: ['fault/*'],
      limits: [{ measure: 'requests', max: 5, window_seconds: 3_600, remaining: 4 }],
      usage: { today: { input_tokens: 1_000, output_tokens: 10, cost_dollars: '0.00102' }, month: { requests: 1 } },
    })
    expect(JSON.stringify(body)).not.toContain(key)
  })

  test('is told to nobody else', async () => {
    expect((await own('sek_nobody')).status).toBe(401)
    const post = await send(`${relay.gateway.url}/v1/key`, { method: 'POST', headers: [['x-api-key', 'x']] })
    expect([post.status, post.header('allow')]).toEqual([405, 'GET, HEAD'])
    await post.bytes()
  })
})
