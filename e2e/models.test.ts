import { describe, expect, test } from 'vitest'
import { openConnection, send } from './kit/client.ts'
import { withGateway } from './kit/with-gateway.ts'

/** Which models a key sees, and that what it sees is what it may use. */

const running = withGateway({
  config: {
    models: {
      fast: { targets: ['fault/m-1'] },
      'team/any': { targets: ['demo/demo-chat', 'fault/org/m-2'], order: 'round-robin' },
    },
  },
})

interface Model {
  readonly id: string
}

describe('the list', () => {
  test.each(['/v1', '/openai/v1'])('has every model that there is for a key without limits (%s)', async (prefix) => {
    const models = await list({ path: `${prefix}/models` })
    expect(models.slice(0, 2)).toEqual([
      { id: 'fast', object: 'model', created: expect.any(Number), owned_by: 'sekisho' },
      { id: 'team/any', object: 'model', created: expect.any(Number), owned_by: 'sekisho' },
    ])
    expect(models).toContainEqual({ id: 'm-1', object: 'model', created: 0, owned_by: 'fault' })
    expect(models).toContainEqual({ id: 'org/m-2', object: 'model', created: 0, owned_by: 'fault' })
    expect(models).toContainEqual({ id: 'demo-chat', object: 'model', created: 1_767_225_600, owned_by: 'demo' })
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length)
  })

  test.each<readonly [readonly string[], readonly string[]]>([
    [['m-1'], ['m-1']],
    [['fault/m-1'], ['fast', 'm-1']],
    [['fast'], ['fast']],
    [['demo/*'], ['team/any', 'demo-chat', 'demo-slow', 'demo-reason', 'demo-error', 'demo-embed']],
    [['*/m-2'], ['team/any', 'org/m-2']],
    [['team/*'], ['team/any']],
    [
      ['demo-*', 'fast'],
      ['fast', 'demo-chat', 'demo-slow', 'demo-reason', 'demo-error', 'demo-embed'],
    ],
    [['nothing/*', 'M-1', 'm-', '-1', 'demo'], []],
  ])('has only what the key may use: %j', async (patterns, expected) => {
    const { key } = await running.gateway.createKey({ name: patterns.join(' '), models: patterns })
    expect((await list({ key })).map(({ id }) => id)).toEqual(expected)
  })

  test('and the calls that are let through agree, for every model and key', async () => {
    const names = ['fast', 'team/any', 'm-1', 'org/m-2', 'demo-chat', 'demo-reason']
    for (const patterns of [['m-1'], ['fault/*'], ['fast', 'demo/demo-chat'], ['*/m-2'], ['*'], ['team/any']]) {
      const { key } = await running.gateway.createKey({ name: 'agree', models: patterns })
      const listed = (await list({ key })).map(({ id }) => id)
      for (const model of names) {
        const body = { model, messages: [{ role: 'user', content: 'Hello' }] }
        const called = await running.gateway.ask('/v1/chat/completions', { key, body })
        const shown = await running.gateway.ask(`/v1/models/${model}`, { key })
        const may = listed.includes(model)
        expect([patterns, model, called.status, shown.status]).toEqual([
          patterns,
          model,
          may ? 200 : 403,
          may ? 200 : 404,
        ])
      }
    }
  })

  test('is in the form of Anthropic for a client that names its version', async () => {
    const { key } = await running.gateway.createKey({ name: 'two', models: ['m-1', 'demo-chat'] })
    const answer = await send(`${running.gateway.url}/v1/models?limit=1000`, {
      headers: [
        ['x-api-key', key],
        ['anthropic-version', '2023-06-01'],
      ],
    })
    expect(await answer.json()).toEqual({
      data: [anthropic('m-1', '1970-01-01T00:00:00.000Z'), anthropic('demo-chat', '2026-01-01T00:00:00.000Z')],
      has_more: false,
      first_id: 'm-1',
      last_id: 'demo-chat',
    })
    const nothing = await running.gateway.createKey({ name: 'none', models: ['nothing'] })
    expect(await (await running.gateway.ask('/v1/models', { key: nothing.key, headers: VERSION })).json()).toEqual({
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    })
  })

  test('is for whoever has a key only', async () => {
    for (const path of ['/v1/models', '/v1/models/m-1', '/openai/v1/models']) {
      const answer = await send(running.gateway.url + path)
      expect(answer.status).toBe(401)
      expect(await answer.text()).not.toContain('m-1')
    }
  })
})

describe('one model', () => {
  test.each([
    'm-1',
    'org/m-2',
    'org%2Fm-2',
    'org%2fm-2',
    'fault/org/m-2',
    'fast',
    'team/any',
    'demo/demo-chat',
    'm-1?x=/y',
  ])('is shown by its name, slashes included: %s', async (id) => {
    for (const prefix of ['/v1', '/openai/v1']) {
      const answer = await running.gateway.ask(`${prefix}/models/${id}`, {})
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ object: 'model', id: decodeURIComponent(id.replace(/\?.*/, '')) })
    }
  })

  test.each([
    ['fault/m-1', 0],
    ['fault/gpt-4o', 1_715_558_400],
    ['gpt-4o-2024-08-06', expect.any(Number)],
  ])('is shown by a name that is not listed, as what it is there: %s', async (id, created) => {
    const answer = await running.gateway.ask(`/v1/models/${id}`, {})
    expect(await answer.json()).toEqual({ id, object: 'model', created, owned_by: 'fault' })
  })

  test('is shown in the form of Anthropic, too', async () => {
    const answer = await running.gateway.ask('/v1/models/org/m-2', { headers: VERSION })
    expect(await answer.json()).toEqual(anthropic('org/m-2', '1970-01-01T00:00:00.000Z'))
  })

  test.each(['nothing', 'org', 'm-2', 'm-1/', 'org//m-2', 'M-1', '%zz', '%00', '__proto__', 'constructor', 'fault'])(
    'that does not exist is 404: %s',
    async (id) => {
      const answer = await running.gateway.ask(`/v1/models/${id}`, {})
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({
        error: { code: 'model_not_found', param: 'model', type: 'invalid_request_error' },
      })
    },
  )

  test('is not looked up by a way around its path', async () => {
    const connection = await openConnection(running.gateway.url)
    const key = await running.gateway.anyModelKey()
    connection.write(`GET /v1/models/../models/m-1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`)
    expect((await connection.response()).status).toBe(404)
    connection.close()
  })

  test('that the key may not use does not exist for it', async () => {
    const { key } = await running.gateway.createKey({ name: 'demo only', models: ['demo/*'] })
    const hidden = await running.gateway.ask('/v1/models/m-1', { key })
    const unknown = await running.gateway.ask('/v1/models/m-9', { key })
    expect([hidden.status, unknown.status]).toEqual([404, 404])
    expect((await hidden.text()).replace('m-1', 'm-9')).toBe(await unknown.text())
  })
})

test('asking for models is nothing that is billed', async () => {
  await running.gateway.ask('/v1/models', {})
  const rows = await running.gateway.records()
  expect(rows.filter(({ operation }) => !['chat', 'completions', 'embeddings'].includes(operation))).toEqual([])
  expect(running.vendor.seen.filter(({ path }) => path.includes('models'))).toEqual([])
})

const VERSION = [['anthropic-version', '2023-06-01']] as const

const anthropic = (id: string, createdAt: string) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: createdAt,
  max_input_tokens: null,
  max_tokens: null,
})

async function list({ path = '/v1/models', ...request }: { path?: string; key?: string }): Promise<readonly Model[]> {
  const answer = await running.gateway.ask(path, request)
  expect(answer.status).toBe(200)
  const body: unknown = await answer.json()
  expect(body).toEqual({ object: 'list', data: expect.any(Array) })
  return Reflect.get(Object(body), 'data')
}
