import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RawResponse } from './kit/client.ts'
import { closedPort, startFaultVendor, type FaultVendor } from './kit/fault-vendor.ts'
import { startGateway, type Gateway } from './kit/gateway.ts'
import { rateLimited, refusal, stream, whole, type Whole } from './kit/vendor-script.ts'
import { headerOf, jsonOf, type Seen } from './kit/vendor-truth.ts'
import { waitUntil } from './kit/wait.ts'

/** Each wire at the door, each wire behind it: what passes as it came, what is translated, and what is told about it. */

const shared: { vendor?: FaultVendor; gateway?: Gateway } = {}
beforeAll(async () => {
  const vendor = await startFaultVendor()
  const root = vendor.url.replace('/v1', '')
  shared.vendor = vendor
  const models = ['m-1']
  const credential = '${FAULT_CREDENTIAL}'
  shared.gateway = await startGateway({
    env: { FAULT_CREDENTIAL: 'sk-vendor-wires' },
    config: {
      providers: {
        chat: { kind: 'openai-compatible', baseUrl: vendor.url, credential, models },
        responses: { kind: 'openai-compatible', baseUrl: vendor.url, credential, models, wires: ['openai-responses'] },
        claude: { kind: 'anthropic', baseUrl: vendor.url, credential, models },
        google: { kind: 'gemini', baseUrl: `${root}/v1beta`, credential, models: ['m-1', 'embed-1'] },
        keeping: { kind: 'gemini', baseUrl: `${root}/v1beta`, credential, models, store: true },
        gpt: { kind: 'openai', baseUrl: vendor.url, credential, models: ['gpt-6-sol', 'gpt-4.1'] },
        vectors: { kind: 'openai-compatible', baseUrl: vendor.url, credential, models: ['embed-2'] },
        away: { kind: 'gemini', baseUrl: `http://127.0.0.1:${await closedPort()}/v1beta`, credential, models },
      },
      models: {
        careful: { targets: ['chat/m-1'], lossy: 'strict' },
        quiet: { targets: ['chat/m-1'], lossy: 'silent' },
        'careful-vectors': { targets: ['google/embed-1'], lossy: 'strict' },
        'my-vectors': { targets: ['google/embed-1'] },
        'first-away': { targets: ['away/m-1', 'chat/m-1'] },
      },
    },
  })
})
afterAll(async () => {
  await shared.gateway?.dispose()
  await shared.vendor?.close()
})

function running(): { readonly gateway: Gateway; readonly vendor: FaultVendor } {
  const { gateway, vendor } = shared
  if (gateway === undefined || vendor === undefined) throw new Error('nothing runs yet')
  return { gateway, vendor }
}

const ask = (path: string, body: object, headers: readonly (readonly [string, string])[] = []): Promise<RawResponse> =>
  running().gateway.ask(path, { body, headers })
const lastSeen = (): Seen => {
  const seen = running().vendor.seen.at(-1)
  if (seen === undefined) throw new Error('the vendor has seen nothing')
  return seen
}
const json = (body: object): Whole => whole({ body: JSON.stringify(body) })
const events = (text: string): Whole => whole({ headers: [['content-type', 'text/event-stream']], body: text })

const MESSAGES = { model: 'claude/m-1', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }] }
const RESPONSES = { model: 'responses/m-1', input: 'Hi' }
const CONTENTS = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm-1',
  content: [{ type: 'text', text: 'Hello', x_new: [1] }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 7, x_new: 1 },
}
const RESPONSE = {
  id: 'resp_abc123',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model: 'm-1',
  output: [
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
    },
  ],
  usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 },
}
const GENERATED = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
  modelVersion: 'm-1',
}

describe('to a vendor of its own wire', () => {
  test('a message passes as it came, with its version and betas, and so does the answer', async () => {
    running().vendor.enqueue(json(MESSAGE))
    const body = { ...MESSAGES, x_unknown: { a: [1] }, metadata: { user_id: 'u' } }
    const answer = await ask('/anthropic/v1/messages?beta=true', body, [
      ['anthropic-version', '2026-10-21'],
      ['anthropic-beta', 'one-2026,two-2026'],
      ['anthropic-new-thing', 'yes'],
    ])
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual(MESSAGE)
    expect(answer.header('x-sekisho-lossy')).toBeUndefined()
    expect(answer.header('request-id')).toBe(answer.header('x-sekisho-request-id'))
    const seen = lastSeen()
    expect(seen.path).toBe('/v1/messages')
    expect(seen.body.toString()).toBe(JSON.stringify({ ...body, model: 'm-1' }))
    expect(headerOf(seen, 'x-api-key')).toBe('sk-vendor-wires')
    expect(headerOf(seen, 'anthropic-version')).toBe('2026-10-21')
    expect(headerOf(seen, 'anthropic-beta')).toBe('one-2026,two-2026')
    expect(headerOf(seen, 'anthropic-new-thing')).toBe('yes')
    expect(headerOf(seen, 'authorization')).toBeUndefined()
  })

  test('a message without a version gets the one that every model takes', async () => {
    running().vendor.enqueue(json(MESSAGE))
    await (await ask('/v1/messages', MESSAGES)).json()
    expect(headerOf(lastSeen(), 'anthropic-version')).toBe('2023-06-01')
  })

  test('our workspace at the vendor is not for a client to choose', async () => {
    running().vendor.enqueue(json(MESSAGE))
    await (await ask('/v1/messages', MESSAGES, [['anthropic-workspace-id', 'wrkspc_other']])).json()
    expect(headerOf(lastSeen(), 'anthropic-workspace-id')).toBeUndefined()
  })

  test("the vendor's own error passes with status, words and hints", async () => {
    const error = {
      type: 'error',
      error: { type: 'overloaded_error', message: 'capability_rejected: x' },
      request_id: 'r',
    }
    running().vendor.enqueue(whole({ status: 529, headers: [['retry-after', '3']], body: JSON.stringify(error) }))
    const answer = await ask('/v1/messages', MESSAGES)
    expect([answer.status, answer.header('retry-after')]).toEqual([529, '3'])
    expect(await answer.json()).toEqual(error)
  })

  test.each([
    ['anthropic', 400, { type: 'invalid_request_error', message: 'Your credit balance is too low: org-ours' }, 503],
    [
      'anthropic',
      429,
      {
        type: 'rate_limit_error',
        message: 'Spend limit of org-ours',
        details: { error_code: 'contract_spend_limit_reached' },
      },
      503,
    ],
    ['gemini', 400, { code: 400, message: 'API key not valid. org-ours', status: 'INVALID_ARGUMENT' }, 502],
    ['gemini', 429, { code: 429, message: 'Prepayment credits are depleted: org-ours', status: 'x' }, 503],
  ])('what is about our own account is not told, whatever its status: %s %d %j', async (wire, status, error, told) => {
    running().vendor.enqueue(whole({ status, body: JSON.stringify({ type: 'error', error }) }))
    const [path, body] =
      wire === 'anthropic' ? ['/v1/messages', MESSAGES] : ['/v1beta/models/google/m-1:generateContent', CONTENTS]
    const answer = await ask(path, body)
    expect(answer.status).toBe(told)
    expect(await answer.text()).not.toContain('org-ours')
  })

  test('a response passes as it came', async () => {
    running().vendor.enqueue(json(RESPONSE))
    const answer = await ask('/v1/responses', { ...RESPONSES, store: false, include: ['x'] })
    expect(await answer.json()).toEqual(RESPONSE)
    expect(lastSeen().path).toBe('/v1/responses')
    expect(jsonOf(lastSeen())).toEqual({ ...RESPONSES, model: 'm-1', store: false, include: ['x'] })
  })

  test('contents pass, and the vendor is told not to keep them unless somebody says otherwise', async () => {
    const path = (model: string) => `/gemini/v1beta/models/${model}:generateContent`
    running().vendor.enqueue(json(GENERATED), json(GENERATED), json(GENERATED))
    expect(await (await ask(path('google/m-1'), CONTENTS)).json()).toEqual(GENERATED)
    expect(lastSeen().path).toBe('/v1beta/models/m-1:generateContent')
    expect(headerOf(lastSeen(), 'x-goog-api-key')).toBe('sk-vendor-wires')
    expect(jsonOf(lastSeen())).toEqual({ ...CONTENTS, store: false })
    await (await ask(path('google/m-1'), { ...CONTENTS, store: true })).json()
    expect(jsonOf(lastSeen())).toEqual({ ...CONTENTS, store: true })
    await (await ask(path('keeping/m-1'), CONTENTS)).json()
    expect(jsonOf(lastSeen())).toEqual(CONTENTS)
  })

  test.each([
    ['/v1/messages', MESSAGES, MESSAGE, { input: 3, cacheRead: 7, output: 5 }, 'anthropic'],
    ['/v1/responses', { ...RESPONSES, store: false }, RESPONSE, { input: 3, output: 5 }, 'openai-responses'],
    ['/v1beta/models/google/m-1:generateContent', CONTENTS, GENERATED, { input: 3, output: 5 }, 'gemini'],
  ])('%s is recorded with its usage and wires', async (path, body, reply, usage, wire) => {
    const { gateway, vendor } = running()
    vendor.enqueue(json(reply))
    const answer = await ask(path, body)
    await answer.json()
    const row = await recordOf(gateway, answer)
    expect(row).toMatchObject({ usage, wire, vendorWire: wire, losses: null, status: 'complete', modelAnswered: 'm-1' })
  })

  test('a key in the query opens the door, and stands in no log', async () => {
    const { gateway, vendor } = running()
    const key = await gateway.anyModelKey()
    vendor.enqueue(json(GENERATED))
    const url = `${gateway.url}/v1beta/models/google/m-1:generateContent?key=${key}`
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(CONTENTS) })
    expect(answer.status).toBe(200)
    await answer.text()
    expect(lastSeen().path).not.toContain('key')
    expect(gateway.logs()).not.toContain(key)
  })
})

test('a key in the query that is not the only one is refused', async () => {
  const { gateway } = running()
  const key = await gateway.anyModelKey()
  const url = `${gateway.url}/v1beta/models/google/m-1:generateContent?key=${key}&key=another`
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(CONTENTS) })
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('two different credentials')])
})

async function recordOf(gateway: Gateway, answer: RawResponse) {
  const id = answer.header('x-sekisho-request-id')
  await gateway.waitForRecords(1)
  for (let tries = 0; tries < 100; tries++) {
    const row = (await gateway.records()).find(({ requestId }) => requestId === id)
    if (row !== undefined) return row
    await gateway.readyz()
  }
  throw new Error(`no record of ${id}`)
}

describe('what cannot be said', () => {
  const lossy = { ...MESSAGES, model: 'chat/m-1', top_k: 5, x_own: 1 }

  test('is listed in a header, by the names that the client uses, and stands in the record', async () => {
    const answer = await ask('/v1/messages', lossy)
    expect(answer.status).toBe(200)
    expect(answer.header('x-sekisho-lossy')?.split(', ').toSorted()).toEqual(['top_k=dropped', 'x_own=dropped'])
    expect(jsonOf(lastSeen())).not.toHaveProperty('top_k')
    await answer.json()
    const row = await recordOf(running().gateway, answer)
    expect(row).toMatchObject({ wire: 'anthropic', vendorWire: 'openai-chat' })
    expect(row.losses).toContain('top_k=dropped')
  })

  test('is refused with the name of the field on a strict route, before anything is sent', async () => {
    const before = running().vendor.seen.length
    const answer = await ask('/v1/messages', { ...lossy, model: 'careful' })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
    expect(running().vendor.seen.length).toBe(before)
    const fine = await ask('/v1/messages', { ...MESSAGES, model: 'careful' })
    expect(fine.status).toBe(200)
  })

  test('is only recorded on a silent route', async () => {
    const answer = await ask('/v1/messages', { ...lossy, model: 'quiet' })
    expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, undefined])
    await answer.json()
    expect((await recordOf(running().gateway, answer)).losses).toContain('top_k=dropped')
  })

  test('is refused for vectors too, where the route is strict', async () => {
    const before = running().vendor.seen.length
    const answer = await ask('/v1/embeddings', { model: 'careful-vectors', input: 'x', user: 'u-1' })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: 'user' } }])
    expect(running().vendor.seen.length).toBe(before)
  })

  test('is refused for a strict key on any route', async () => {
    const { gateway } = running()
    const made = (await gateway.admin('POST', '/keys', { name: 'strict', lossy: 'strict' })) as { readonly key: string }
    const answer = await gateway.ask('/v1/messages', { body: { ...lossy, model: 'quiet' }, key: made.key })
    expect(answer.status).toBe(400)
  })
})

describe('a kind of content that its own API does not know', () => {
  const imagine = { type: 'imagine', prompt: 'a moon' }
  const said = { role: 'user', content: [{ type: 'text', text: 'Hi' }, imagine] }
  const cases = [
    {
      name: 'a chat completion',
      path: () => '/v1/chat/completions',
      body: { messages: [said] },
      own: 'chat/m-1',
      field: 'messages[0].content[1].type',
    },
    {
      name: 'a message',
      path: () => '/v1/messages',
      body: { max_tokens: 50, messages: [said] },
      own: 'claude/m-1',
      field: 'messages[0].content[1].type',
    },
    {
      name: 'a part of a response',
      path: () => '/v1/responses',
      body: { input: [{ role: 'user', content: [imagine] }] },
      own: 'responses/m-1',
      field: 'input[0].content[0].type',
    },
    {
      name: 'an item of a response',
      path: () => '/v1/responses',
      body: { input: [imagine] },
      own: 'responses/m-1',
      field: 'input[0].type',
    },
    {
      name: 'a content',
      path: (model: string) => `/v1beta/models/${model}:generateContent`,
      body: { contents: [{ role: 'user', parts: [{ text: 'Hi' }, { imagine: {} }] }] },
      own: 'google/m-1',
      field: 'contents[0].parts[1].imagine',
    },
  ]

  test.each(cases)('in $name is refused by its path where it would have to be translated', async (one) => {
    const model = one.own === 'claude/m-1' ? 'google/m-1' : 'claude/m-1'
    const before = running().vendor.seen.length
    const answer = await ask(one.path(model), { ...one.body, model })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(`'${one.field}'`)])
    expect(running().vendor.seen.length).toBe(before)
  })

  test.each(cases)('in $name passes to a vendor of its own, who may be newer', async (one) => {
    const answer = await ask(one.path(one.own), { ...one.body, model: one.own })
    expect(answer.status).toBe(200)
    expect(lastSeen().body.toString()).toContain('imagine')
  })

  test("in the model's own turn is left out, and told", async () => {
    const messages = [
      ...MESSAGES.messages,
      { role: 'assistant', content: [{ type: 'text', text: 'Hello' }, imagine] },
      { role: 'user', content: 'Go on' },
    ]
    const answer = await ask('/v1/messages', { ...MESSAGES, model: 'chat/m-1', messages })
    expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, expect.stringContaining('imagine')])
  })
})

describe("another vendor's errors come in the client's own form", () => {
  test.each([
    ['/v1/messages', { ...MESSAGES, model: 'chat/m-1' }, { error: { type: 'rate_limit_error' } }],
    ['/v1/responses', { ...RESPONSES, model: 'chat/m-1' }, { error: { code: 'rate_limit_exceeded' } }],
    ['/v1beta/models/chat/m-1:generateContent', CONTENTS, { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } }],
  ])('%s: 429 with the hint for a retry', async (path, body, expected) => {
    running().vendor.enqueue(rateLimited(7))
    const answer = await ask(path, body)
    expect([answer.status, answer.header('retry-after')]).toEqual([429, '7'])
    expect(await answer.json()).toMatchObject(expected)
  })

  test('the finer hint for a retry is kept as whole seconds', async () => {
    running().vendor.enqueue(refusal(429, { code: 'rate_limit_exceeded', headers: [['retry-after-ms', '2300']] }))
    const answer = await ask('/v1/messages', { ...MESSAGES, model: 'chat/m-1' })
    expect([answer.status, answer.header('retry-after')]).toEqual([429, '3'])
  })

  test("a vendor's 400 keeps its words", async () => {
    running().vendor.enqueue(refusal(400, { type: 'invalid_request_error', message: 'That model has no eyes' }))
    const answer = await ask('/v1/messages', { ...MESSAGES, model: 'chat/m-1' })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('That model has no eyes')
  })

  test('nonsense with a good status is 502 before the first content', async () => {
    running().vendor.enqueue(json({ hello: 'world' }))
    const answer = await ask('/v1/messages', { ...MESSAGES, model: 'chat/m-1' })
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } })
  })

  test('a stream that is cut ends in the error event of the client, and abnormally', async () => {
    const chunk = (delta: object) =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`
    running().vendor.enqueue(events(chunk({ role: 'assistant', content: 'Hel' }) + chunk({ content: 'lo' })))
    const answer = await ask('/v1/messages', { ...MESSAGES, model: 'chat/m-1', stream: true })
    expect(answer.status).toBe(200)
    const { text, whole: finished } = await readAll(answer)
    expect(text).toContain('"text":"lo"')
    expect(text).toMatch(/event: error\ndata: \{"type":"error"/)
    expect(text).not.toContain('message_stop')
    expect(finished).toBe(false)
  })

  test('a stream of responses that is cut still has its terminal event', async () => {
    const chunk = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm-1', choices: [{ index: 0, delta: { content: 'Hi' } }] })}\n\n`
    running().vendor.enqueue(events(chunk))
    const answer = await ask('/v1/responses', { ...RESPONSES, model: 'chat/m-1', stream: true })
    const { text } = await readAll(answer)
    expect(text).toContain('event: response.failed\n')
    expect(text).not.toContain('response.completed')
  })
})

async function readAll(answer: RawResponse): Promise<{ readonly text: string; readonly whole: boolean }> {
  const text = await answer.text()
  return { text, whole: answer.ending === 'complete' }
}

describe('a response that the vendor keeps', () => {
  const path = `/v1/responses/${RESPONSE.id}`

  test('is read, cancelled and deleted by the key that made it, and does not exist for another', async () => {
    const { gateway, vendor } = running()
    vendor.enqueue(json(RESPONSE))
    await (await ask('/v1/responses', RESPONSES)).json()
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/input_items?limit=2'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const) {
      vendor.enqueue(json({ id: RESPONSE.id, said: method }))
      const answer = await gateway.ask(path + rest, { method })
      expect([answer.status, await answer.json()]).toEqual([200, { id: RESPONSE.id, said: method }])
      expect([lastSeen().method, lastSeen().path]).toEqual([method, `/v1/responses/${RESPONSE.id}${rest}`])
    }
    const before = vendor.seen.length
    const { key } = await gateway.createKey({ name: 'another' })
    const stranger = await gateway.ask(path, { method: 'GET', key })
    const unknown = await gateway.ask('/v1/responses/resp_unknown', { method: 'GET' })
    expect([stranger.status, unknown.status]).toEqual([404, 404])
    expect(vendor.seen.length).toBe(before)
  })

  test('can be gone on from by its key only, at the provider that keeps it', async () => {
    const { gateway, vendor } = running()
    const kept = { ...RESPONSE, id: 'resp_go_on' }
    vendor.enqueue(json(kept))
    await (await ask('/v1/responses', RESPONSES)).json()
    vendor.enqueue(json(kept))
    const more = { ...RESPONSES, previous_response_id: kept.id }
    expect((await ask('/v1/responses', more)).status).toBe(200)
    expect(jsonOf(lastSeen())).toMatchObject({ previous_response_id: kept.id })
    const elsewhere = await ask('/v1/responses', { ...more, model: 'claude/m-1' })
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([
      400,
      { error: { param: 'previous_response_id' } },
    ])
    const { key } = await gateway.createKey({ name: 'third' })
    const stranger = await gateway.ask('/v1/responses', { body: more, key })
    expect([stranger.status, await stranger.json()]).toMatchObject([400, { error: { param: 'previous_response_id' } }])
  })

  test('can be cancelled while it still streams', async () => {
    const { gateway, vendor } = running()
    const event = (type: string, more: object) => ({
      raw: `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}`,
    })
    vendor.enqueue(
      stream({
        events: [
          event('response.created', { response: { ...RESPONSE, id: 'resp_running', status: 'in_progress' } }),
          event('response.output_text.delta', { output_index: 0, delta: 'Hel' }),
        ],
        usageIn: 'never',
        done: false,
        breaks: { afterEvents: 2, how: 'hang' },
      }),
    )
    const streaming = await ask('/v1/responses', { ...RESPONSES, background: true, stream: true })
    expect(streaming.status).toBe(200)
    vendor.answer(json({ id: 'resp_running', status: 'cancelled' }))
    await waitUntil('the response is known', async () => {
      const answer = await gateway.ask('/v1/responses/resp_running/cancel', { method: 'POST' })
      await answer.text()
      return answer.status === 200
    })
    vendor.answer(whole())
    streaming.abort()
  })

  test.each(['', 'no id', 'nul\0', 'r'.repeat(20_000), 7, {}])(
    'is not looked for by what is no id: %j',
    async (previous_response_id) => {
      const before = running().vendor.seen.length
      const answer = await ask('/v1/responses', { ...RESPONSES, previous_response_id })
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: 'previous_response_id' } }])
      expect(running().vendor.seen.length).toBe(before)
    },
  )

  test('cannot be reached by what is too long to be read', async () => {
    const before = running().vendor.seen.length
    const body = `{"model":"responses/m-1","input":"Hi","conversation":{"id":"conv_1"${' '.repeat(20_000)}}}`
    const answer = await ask('/v1/responses', Buffer.from(body))
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: 'conversation' } }])
    expect(running().vendor.seen.length).toBe(before)
  })

  test("that the vendor does not give is refused in the vendor's words, unless they are about our account", async () => {
    const { gateway, vendor } = running()
    vendor.enqueue(json({ ...RESPONSE, id: 'resp_refused' }))
    await (await ask('/v1/responses', RESPONSES)).json()
    const get = () => gateway.ask('/v1/responses/resp_refused', { method: 'GET' })
    vendor.enqueue(refusal(404, { message: 'It is gone' }))
    const gone = await get()
    expect([gone.status, await gone.text()]).toEqual([404, expect.stringContaining('It is gone')])
    vendor.enqueue(refusal(429, { code: 'insufficient_quota', message: 'org-ours has no money' }))
    const poor = await get()
    expect([poor.status, await poor.text()]).toEqual([503, expect.not.stringContaining('org-ours')])
  })

  test('outlives the process that relayed it', async () => {
    const { gateway, vendor } = running()
    vendor.enqueue(json({ ...RESPONSE, id: 'resp_long_life' }))
    const made = await ask('/v1/responses', RESPONSES)
    await made.json()
    await recordOf(gateway, made)
    await gateway.stop()
    await gateway.restart()
    vendor.enqueue(json({ id: 'resp_long_life' }))
    expect((await gateway.ask('/v1/responses/resp_long_life', { method: 'GET' })).status).toBe(200)
  })

  test.each([
    [{ store: true }, 'store'],
    [{ background: true }, 'background'],
    [{ conversation: 'conv_1' }, 'conversation'],
  ])('is refused where the vendor keeps nothing: %j', async (more, field) => {
    const answer = await ask('/v1/responses', { ...RESPONSES, model: 'claude/m-1', ...more })
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: field } }])
  })
})

describe('chat completions', () => {
  const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }
  const chat = (model: string, more: object = {}) =>
    ask('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }], ...more })

  test('with tools reach a model that takes them on the responses endpoint only', async () => {
    const call = {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'look',
      arguments: '{}',
      status: 'completed',
    }
    running().vendor.enqueue(json({ ...RESPONSE, model: 'gpt-6-sol', output: [call] }))
    const answer = await chat('gpt/gpt-6-sol', { tools: [TOOL] })
    expect(lastSeen().path).toBe('/v1/responses')
    expect(jsonOf(lastSeen())).toMatchObject({
      model: 'gpt-6-sol',
      store: false,
      tools: [{ type: 'function', name: 'look' }],
    })
    expect(await answer.json()).toMatchObject({
      object: 'chat.completion',
      choices: [
        { finish_reason: 'tool_calls', message: { tool_calls: [{ id: 'call_1', function: { name: 'look' } }] } },
      ],
    })
  })

  test('stay what they are without tools, and for any other model', async () => {
    expect((await chat('gpt/gpt-6-sol')).status).toBe(200)
    expect(lastSeen().path).toBe('/v1/chat/completions')
    expect((await chat('gpt/gpt-4.1', { tools: [TOOL] })).status).toBe(200)
    expect(lastSeen().path).toBe('/v1/chat/completions')
  })

  test('in their old form are answered by models that only chat', async () => {
    running().vendor.enqueue(json(MESSAGE))
    const answer = await ask('/v1/completions', { model: 'claude/m-1', prompt: 'Once upon a time', max_tokens: 9 })
    expect(await answer.json()).toMatchObject({
      object: 'text_completion',
      choices: [{ text: 'Hello', finish_reason: 'stop' }],
    })
    expect(jsonOf(lastSeen())).toMatchObject({ max_tokens: 9, messages: [{ role: 'user' }] })
  })
})

describe('reasoning that a vendor signed', () => {
  test('comes back to it through a client of another wire, and to nobody else', async () => {
    const { vendor } = running()
    const thought = { type: 'thinking', thinking: 'Hm', signature: 'c2lnbmVk' }
    vendor.enqueue(json({ ...MESSAGE, content: [thought, { type: 'text', text: 'Hello' }] }))
    const body = { messages: [{ role: 'user', content: 'Hi' }] }
    const first = await ask('/v1/chat/completions', { ...body, model: 'claude/m-1' })
    const { choices } = (await first.json()) as { readonly choices: readonly { readonly message: object }[] }
    const next = { messages: [...body.messages, choices[0]?.message, { role: 'user', content: 'Go on' }] }

    vendor.enqueue(json(MESSAGE), json(GENERATED))
    expect((await ask('/v1/chat/completions', { ...next, model: 'claude/m-1' })).status).toBe(200)
    expect(jsonOf(lastSeen())).toMatchObject({
      messages: [{ role: 'user' }, { content: [thought, { type: 'text' }] }, {}],
    })

    const other = await ask('/v1/chat/completions', { ...next, model: 'google/m-1' })
    expect([other.status, other.header('x-sekisho-lossy')]).toEqual([200, expect.stringContaining('reasoning')])
    expect(lastSeen().body.toString()).not.toContain('c2lnbmVk')
  })

  test('of one vendor is taken out of what passes to another in its own wire', async () => {
    const { vendor } = running()
    const part = { functionCall: { name: 'look', args: {} }, thoughtSignature: 'Z2VtaW5p' }
    vendor.enqueue(
      json({
        ...GENERATED,
        candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
      }),
    )
    const tools = [{ name: 'look', input_schema: { type: 'object', properties: {} } }]
    const asked = { max_tokens: 50, tools, messages: MESSAGES.messages }
    const first = (await (await ask('/v1/messages', { ...asked, model: 'google/m-1' })).json()) as {
      readonly content: readonly { readonly id?: string }[]
    }
    const id = first.content.find((block) => block.id !== undefined)?.id
    const messages = [
      ...MESSAGES.messages,
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'sunny' }] },
    ]
    vendor.enqueue(json(MESSAGE), json(GENERATED))
    expect((await ask('/v1/messages', { ...asked, model: 'claude/m-1', messages })).status).toBe(200)
    expect(lastSeen().body.toString()).not.toContain('sekisho-proof')
    expect((await ask('/v1/messages', { ...asked, model: 'google/m-1', messages })).status).toBe(200)
    expect(lastSeen().body.toString()).toContain('"thoughtSignature":"Z2VtaW5p"')
  })
})

describe('a proof of another vendor', () => {
  const item = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sekisho-proof-1.anthropic.YQ.YQ' }
  const input = [{ role: 'user', content: 'Hi' }, item, { role: 'user', content: 'Go on' }]

  test('is taken out of a request that stays in its wire, and whose reply is kept', async () => {
    const { gateway, vendor } = running()
    vendor.enqueue(json({ ...RESPONSE, id: 'resp_without' }))
    const answer = await ask('/v1/responses', { model: 'gpt/gpt-4.1', input, truncation: 'auto' })
    expect([answer.status, await answer.json()]).toMatchObject([200, { id: 'resp_without' }])
    expect(lastSeen().path).toBe('/v1/responses')
    expect(jsonOf(lastSeen())).toMatchObject({ model: 'gpt-4.1', truncation: 'auto' })
    expect(lastSeen().body.toString()).not.toContain('sekisho-proof')
    vendor.enqueue(json({ id: 'resp_without' }))
    expect((await gateway.ask('/v1/responses/resp_without', { method: 'GET' })).status).toBe(200)
  })

  test('that is taken out leaves a message its version and its betas', async () => {
    running().vendor.enqueue(json(MESSAGE))
    const thought = { type: 'thinking', thinking: 'Hm', signature: 'sekisho-proof-1.gemini.YQ.YQ' }
    const messages = [...MESSAGES.messages, { role: 'assistant', content: [thought, { type: 'text', text: 'Hi' }] }]
    const body = { ...MESSAGES, messages: [...messages, ...MESSAGES.messages], context_management: { edits: [] } }
    const answer = await ask('/v1/messages', body, [
      ['anthropic-version', '2026-10-21'],
      ['anthropic-beta', 'context-management-2025-06-27'],
    ])
    expect(answer.status).toBe(200)
    expect(lastSeen().body.toString()).not.toContain('sekisho-proof')
    expect(jsonOf(lastSeen())).toMatchObject({ context_management: { edits: [] } })
    expect(headerOf(lastSeen(), 'anthropic-version')).toBe('2026-10-21')
    expect(headerOf(lastSeen(), 'anthropic-beta')).toBe('context-management-2025-06-27')
  })

  test('makes tokens be counted here, where a translation would be answered and paid for', async () => {
    const before = running().vendor.seen.length
    const counted = await ask('/v1/responses/input_tokens', { model: 'gpt/gpt-4.1', input })
    expect([counted.status, counted.header('x-sekisho-lossy')]).toEqual([200, 'count=emulated'])
    const thoughtSignature = Buffer.from(item.encrypted_content).toString('base64')
    const contents = [...CONTENTS.contents, { role: 'model', parts: [{ text: 'Hi', thoughtSignature }] }]
    const gemini = await ask('/v1beta/models/google/m-1:countTokens', { contents })
    expect([gemini.status, gemini.header('x-sekisho-lossy')]).toEqual([200, 'count=emulated'])
    expect(running().vendor.seen.length).toBe(before)
  })
})

describe('tokens', () => {
  test('are not counted by having a request answered, when the vendor that counts is away', async () => {
    const before = running().vendor.seen.length
    const answer = await ask('/v1beta/models/first-away:countTokens', CONTENTS)
    expect(answer.status).toBe(503)
    expect(running().vendor.seen.length).toBe(before)
  })

  test('of a large prompt are estimated as well', async () => {
    const content = 'Word after word. '.repeat(65_000)
    const answer = await ask('/v1/messages/count_tokens', { model: 'chat/m-1', messages: [{ role: 'user', content }] })
    expect(answer.status).toBe(200)
    const { input_tokens: tokens } = (await answer.json()) as { readonly input_tokens: number }
    expect(tokens).toBeGreaterThan(200_000)
  })

  test('are counted by the vendor where it can, and that costs nothing', async () => {
    const { gateway, vendor } = running()
    vendor.enqueue(json({ input_tokens: 42 }))
    const answer = await ask('/v1/messages/count_tokens', { model: 'claude/m-1', messages: MESSAGES.messages })
    expect(await answer.json()).toEqual({ input_tokens: 42 })
    expect(lastSeen().path).toBe('/v1/messages/count_tokens')
    expect(await recordOf(gateway, answer)).toMatchObject({ operation: 'count_tokens', costNano: 0 })
  })

  test.each([
    ['/v1/messages/count_tokens', { model: 'chat/m-1', messages: MESSAGES.messages }, 'input_tokens'],
    ['/v1beta/models/chat/m-1:countTokens', CONTENTS, 'totalTokens'],
    ['/v1/responses/input_tokens', { model: 'chat/m-1', input: 'Hi' }, 'input_tokens'],
  ])('%s is an estimate where the vendor does not speak that wire, and says so', async (path, body, field) => {
    const before = running().vendor.seen.length
    const answer = await ask(path, body)
    expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, 'count=emulated'])
    expect(await answer.json()).toMatchObject({ [field]: expect.any(Number) })
    expect(running().vendor.seen.length).toBe(before)
  })
})

describe('embeddings', () => {
  const vector = [0.5, -0.25]
  const base64 = Buffer.from(new Float32Array(vector).buffer).toString('base64')
  const vectors = (embedding: unknown) =>
    json({
      object: 'list',
      model: 'embed-2',
      data: [{ object: 'embedding', index: 0, embedding }],
      usage: { prompt_tokens: 2, total_tokens: 2 },
    })

  test.each([
    ['base64', vector, base64],
    ['base64', base64, base64],
    ['float', base64, vector],
    ['float', vector, vector],
  ])('asked for as %s come so, whatever the vendor sends', async (encoding, sent, expected) => {
    running().vendor.enqueue(vectors(sent))
    const answer = await ask('/v1/embeddings', { model: 'vectors/embed-2', input: 'x', encoding_format: encoding })
    expect(await answer.json()).toMatchObject({ data: [{ embedding: expected }] })
  })

  test('of a Gemini model are there for OpenAI clients', async () => {
    running().vendor.enqueue(json({ embeddings: [{ values: vector }, { values: [1, 2] }] }))
    const answer = await ask('/v1/embeddings', { model: 'google/embed-1', input: ['a', 'b'], dimensions: 2 })
    expect(await answer.json()).toMatchObject({
      object: 'list',
      data: [
        { index: 0, embedding: vector },
        { index: 1, embedding: [1, 2] },
      ],
    })
    expect(lastSeen().path).toBe('/v1beta/models/embed-1:batchEmbedContents')
    expect(jsonOf(lastSeen())).toEqual({
      requests: ['a', 'b'].map((text) => ({
        model: 'models/embed-1',
        content: { parts: [{ text }] },
        outputDimensionality: 2,
      })),
    })
  })

  test("asked for by another name repeat the vendor's own, as it wants it", async () => {
    running().vendor.enqueue(json({ embeddings: [{ values: vector }] }))
    const request = { content: { parts: [{ text: 'a' }] }, taskType: 'RETRIEVAL_QUERY' }
    const answer = await ask('/v1beta/models/my-vectors:batchEmbedContents', {
      requests: [{ model: 'models/my-vectors', ...request }],
    })
    expect(await answer.json()).toEqual({ embeddings: [{ values: vector }] })
    expect(jsonOf(lastSeen())).toEqual({ requests: [{ model: 'models/embed-1', ...request }] })
  })

  test('of any model are there for Gemini clients', async () => {
    running().vendor.enqueue(vectors(base64))
    const answer = await ask('/v1beta/models/vectors/embed-2:embedContent', { content: { parts: [{ text: 'x' }] } })
    expect(await answer.json()).toEqual({ embedding: { values: vector } })
  })
})

describe('a client finds its way', () => {
  test.each(['/', '/anthropic', '/anthropic/', '/v1', '/gemini', '/gemini/v1beta/'])(
    'HEAD %s says at once that somebody is there',
    async (path) => {
      expect((await running().gateway.ask(path, { method: 'HEAD' })).status).toBe(200)
    },
  )

  test('the models are listed in the form of each API', async () => {
    const { gateway } = running()
    const list = async (path: string) => (await gateway.ask(path, {})).json()
    expect(await list('/v1/models')).toMatchObject({ object: 'list' })
    expect(await list('/anthropic/v1/models?limit=1000')).toMatchObject({
      has_more: false,
      first_id: expect.any(String),
    })
    const { models } = (await list('/v1beta/models')) as { readonly models: readonly { readonly name: string }[] }
    expect(models.map(({ name }) => name)).toContain('models/careful')
    expect(await list('/gemini/v1beta/models/careful')).toMatchObject({ name: 'models/careful' })
  })

  test.each([
    ['/anthropic/v1/nothing', { type: 'error', error: { type: 'not_found_error' } }],
    ['/v1beta/nothing', { error: { code: 404, status: 'NOT_FOUND' } }],
    ['/v1/nothing', { error: { code: 'not_found' } }],
  ])('%s is unknown in the form of that API', async (path, expected) => {
    const answer = await ask(path, {})
    expect([answer.status, await answer.json()]).toMatchObject([404, expected])
  })
})

test('a compressed body of which nothing ever comes out is cut off at the limit of bodies', async () => {
  const { gateway } = running()
  const nothing = Buffer.concat(Array.from({ length: 50_000 }, () => gzipSync('')))
  const limitBytes = 33_554_432
  let sentBytes = 0
  const body = new ReadableStream({
    pull(controller) {
      // A gateway that takes more than that would be fed for ever.
      if (sentBytes > 3 * limitBytes) return controller.close()
      sentBytes += nothing.length
      controller.enqueue(nothing)
    },
  })
  const headers = { authorization: `Bearer ${await gateway.anyModelKey()}`, 'content-encoding': 'gzip' }
  const answer = fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body, duplex: 'half' })
  const status = await answer.then(
    (response) => response.status,
    () => 'cut off',
  )
  expect([413, 'cut off']).toContain(status)
  expect(sentBytes).toBeLessThan(3 * limitBytes)
})

test('a megabyte is translated without a loss', async () => {
  const text = 'Word after word. '.repeat(65_000)
  const answer = await ask('/v1/messages', {
    ...MESSAGES,
    model: 'chat/m-1',
    messages: [{ role: 'user', content: text }],
  })
  expect(answer.status).toBe(200)
  expect(jsonOf(lastSeen())).toMatchObject({ model: 'm-1', messages: [{ role: 'user', content: text }] })
})
