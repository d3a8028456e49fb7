import OpenAI, { type ClientOptions } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { closedPort } from './kit/fault-vendor.ts'
import { errorInStream, noAnswer, rateLimited, refusal, stream, whole } from './kit/vendor-script.ts'
import { jsonOf, type Seen } from './kit/vendor-truth.ts'
import { waitUntil } from './kit/wait.ts'
import { withGateway } from './kit/with-gateway.ts'

/** The official client as a black box: what it makes of the gateway is what programs get. */

const nowhere = await closedPort()
const running = withGateway({
  config: {
    providers: { away: { kind: 'openai-compatible', baseUrl: `http://127.0.0.1:${nowhere}/v1`, models: ['gone'] } },
  },
})

async function client({ prefix = '/v1', ...options }: ClientOptions & { prefix?: string } = {}): Promise<OpenAI> {
  const { gateway } = running
  return new OpenAI({
    apiKey: await gateway.anyModelKey(),
    baseURL: gateway.url + prefix,
    // The gateway's own answers are what is tested, not what the client makes of a second try.
    maxRetries: 0,
    timeout: 20_000,
    ...options,
  })
}

const hello = [{ role: 'user' as const, content: 'Hello there' }]

describe.each(['/v1', '/openai/v1'])('under %s', (prefix) => {
  test.each([
    ['the built-in vendor', 'demo/demo-chat'],
    ['another vendor', 'm-1'],
  ])('%s answers a chat, whole and as a stream, with the same text', async (_, model) => {
    const openai = await client({ prefix })
    const answer = await openai.chat.completions.create({ model, messages: hello })
    expect(answer.object).toBe('chat.completion')
    expect(answer.choices[0]?.message.content).toMatch(/Hello there|tok tok tok/)
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + (answer.usage?.completion_tokens ?? 0))

    const chunks = await all(await openai.chat.completions.create({ model, messages: hello, stream: true }))
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      answer.choices[0]?.message.content,
    )
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.filter(({ usage, choices }) => (usage ?? null) !== null || choices.length === 0)).toEqual([])
  })

  test.each([
    ['the built-in vendor', 'demo/demo-chat'],
    ['another vendor', 'm-1'],
  ])('%s reports usage at the end of a stream to a client that asks', async (_, model) => {
    const openai = await client({ prefix })
    const asked = { model, messages: hello, stream: true, stream_options: { include_usage: true } } as const
    const chunks = await all(await openai.chat.completions.create(asked))
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0)
  })

  test.each([
    ['the built-in vendor', 'demo/demo-chat'],
    ['another vendor', 'm-1'],
  ])('%s continues a text (legacy completions), whole and as a stream', async (_, model) => {
    const openai = await client({ prefix })
    const answer = await openai.completions.create({ model, prompt: 'Once upon a time' })
    expect(answer.object).toBe('text_completion')
    const chunks = await all(await openai.completions.create({ model, prompt: 'Once upon a time', stream: true }))
    expect(answer.choices[0]?.text).not.toBe('')
    expect(chunks.map((chunk) => chunk.choices[0]?.text ?? '').join('')).toBe(answer.choices[0]?.text)
  })

  test('embeddings come as numbers, as base64, and as whatever the client takes by itself', async () => {
    const openai = await client({ prefix })
    const ask = { model: 'demo/demo-embed', input: ['a cat', 'a dog'], dimensions: 32 }
    const plain = await openai.embeddings.create(ask)
    const float = await openai.embeddings.create({ ...ask, encoding_format: 'float' })
    const base64 = await openai.embeddings.create({ ...ask, encoding_format: 'base64' })
    expect(float.data).toHaveLength(2)
    expect(float.data[0]?.embedding).toHaveLength(32)
    expect(plain.data.map(({ embedding }) => embedding)).toEqual(float.data.map(({ embedding }) => embedding))
    const encoded: unknown = base64.data[0]?.embedding
    expect(floats(encoded)).toEqual(float.data[0]?.embedding)
    expect(float.usage.total_tokens).toBeGreaterThan(0)
  })

  test('embeddings of another vendor arrive as it sent them', async () => {
    const openai = await client({ prefix })
    const vector = [0.5, -0.25]
    const encoded = Buffer.from(new Float32Array(vector).buffer).toString('base64')
    const body = { object: 'list', data: [{ object: 'embedding', index: 0, embedding: encoded }], model: 'm-1' }
    running.vendor.enqueue(whole({ body: JSON.stringify(body) }))
    expect((await openai.embeddings.create({ model: 'm-1', input: 'x' })).data[0]?.embedding).toEqual(vector)
    expect(lastBody()).toMatchObject({ encoding_format: 'base64' })
    const float = await openai.embeddings.create({ model: 'm-1', input: 'x', encoding_format: 'float' })
    expect(float.data[0]?.embedding).toEqual([0.6, 0.8])
  })

  test('models are listed and shown, those with a slash in their name too', async () => {
    const openai = await client({ prefix })
    const listed = (await all(openai.models.list())).map(({ id }) => id)
    expect(listed).toEqual(expect.arrayContaining(['m-1', 'org/m-2', 'demo-chat', 'gone']))
    expect(await openai.models.retrieve('m-1')).toMatchObject({ id: 'm-1', object: 'model', owned_by: 'fault' })
    expect(await openai.models.retrieve('org/m-2')).toMatchObject({ id: 'org/m-2', owned_by: 'fault' })
    const answer = await openai.chat.completions.create({ model: 'org/m-2', messages: hello })
    expect(answer.model).toBe('org/m-2')
  })
})

test('a loop of three turns with tools on the built-in vendor', async () => {
  const openai = await client()
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'user', content: 'call get_weather and call get_time' },
  ]
  const answers: (string | null)[] = []
  for (const tool_choice of ['auto', 'required', 'auto'] as const) {
    const { choices } = await openai.chat.completions.create({ model: 'demo/demo-chat', messages, tools, tool_choice })
    const message = choices[0]?.message
    if (message === undefined) throw new Error('an answer without a choice')
    answers.push(message.content)
    messages.push(message, ...(message.tool_calls ?? []).map(resultOf))
  }
  expect(messages.filter(({ role }) => role === 'tool')).toHaveLength(4)
  expect(answers).toEqual([null, null, expect.stringContaining('noon in demo zone')])
})

test("the client's own tool runner goes through three turns of a stream", async () => {
  const openai = await client()
  running.vendor.enqueue(
    stream({ events: calling('call_1', 'get_weather', ['{"ci', 'ty":"Kyo', 'to"}']) }),
    stream({ events: calling('call_2', 'get_time', ['{"zone":', '"Asia/Tokyo"}']) }),
    stream({ events: [2, 1] }),
  )
  const asked: unknown[] = []
  const runnable = (name: string) => ({
    type: 'function' as const,
    function: {
      name,
      description: name,
      parameters: { type: 'object', properties: {} },
      parse: (text: string): unknown => JSON.parse(text),
      function: (input: unknown) => {
        asked.push({ name, input })
        return `${name} is done`
      },
    },
  })
  const run = openai.chat.completions.runTools({
    model: 'm-1',
    stream: true,
    messages: hello,
    tools: [runnable('get_weather'), runnable('get_time')],
  })
  expect(await run.finalContent()).toBe(' tok tok tok')
  expect(asked).toEqual([
    { name: 'get_weather', input: { city: 'Kyoto' } },
    { name: 'get_time', input: { zone: 'Asia/Tokyo' } },
  ])
  expect(lastBody()).toMatchObject({
    messages: { length: 5, 4: { tool_call_id: 'call_2', content: 'get_time is done' } },
  })
})

test.each(['whole', 'stream'] as const)('an answer fits the JSON schema that was asked for (%s)', async (form) => {
  const openai = await client()
  const Person = z.object({ name: z.string(), age: z.int().min(18), tags: z.array(z.enum(['a', 'b'])) })
  const asked = {
    model: 'demo/demo-chat',
    messages: hello,
    response_format: zodResponseFormat(Person, 'person'),
  }
  const answer =
    form === 'whole'
      ? await openai.chat.completions.parse(asked)
      : await openai.chat.completions.stream(asked).finalChatCompletion()
  expect(Person.parse(answer.choices[0]?.message.parsed)).toMatchObject({ age: 18, tags: ['a'] })
})

test('the request id of the client is that of the record', async () => {
  const openai = await client()
  const answer = await openai.chat.completions.create({ model: 'm-1', messages: hello })
  const shown = await openai.models.retrieve('m-1').withResponse()
  expect(shown.request_id).toMatch(/^[0-9a-f-]{36}$/)
  const refused = await failure(openai.chat.completions.create({ model: 'nothing', messages: hello }))
  expect(refused).toMatchObject({ requestID: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  const record = await waitUntil('the record of the request', async () =>
    (await running.gateway.records()).find(({ requestId }) => requestId === answer._request_id),
  )
  expect(record).toMatchObject({ status: 'complete', usage: { input: 11, output: 3 }, usageSource: 'vendor' })
})

test('an abort closes the connection to the vendor within a second, and the record says what was generated', async () => {
  const openai = await client()
  const { vendor, gateway } = running
  const number = vendor.seen.length
  vendor.enqueue(stream({ events: Array.from({ length: 50 }, () => 1), pace: { kind: 'driven' } }))
  vendor.next(number, 3)
  const leaving = new AbortController()
  const asked = { model: 'm-1', messages: hello, stream: true } as const
  const { data: chunks, request_id: requestId } = await openai.chat.completions
    .create(asked, { signal: leaving.signal })
    .withResponse()
  let got = 0
  let abortedAt = 0
  for await (const chunk of chunks) {
    expect(chunk.choices[0]?.delta.content).toBe(' tok')
    if (++got < 3) continue
    abortedAt = Date.now()
    leaving.abort()
  }
  const seen = await vendor.waitFor((one) => one.number === number && one.connectionClosedAt !== null)
  expect(seen.state).toBe('left')
  expect((seen.connectionClosedAt ?? Number.POSITIVE_INFINITY) - abortedAt).toBeLessThan(1_000)
  const record = await waitUntil('the record of the aborted request', async () =>
    (await gateway.records()).find((one) => one.requestId === requestId),
  )
  expect(record).toMatchObject({ status: 'canceled', usage: { output: 3 }, usageSource: 'counted' })
})

describe('each typed error', () => {
  const chat = (openai: OpenAI, model: string) => openai.chat.completions.create({ model, messages: hello })

  test('AuthenticationError: a key that nobody knows', async () => {
    const openai = await client({ apiKey: 'sek_nobody' })
    const error = await failure(chat(openai, 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' })
    expect(await failure(openai.models.retrieve('m-1'))).toBeInstanceOf(OpenAI.AuthenticationError)
    // Still busy sending when it is refused: the client must see why.
    const long = [{ role: 'user' as const, content: 'x'.repeat(20_000_000) }]
    const refused = await failure(openai.chat.completions.create({ model: 'm-1', messages: long }))
    expect(refused).toBeInstanceOf(OpenAI.AuthenticationError)
  })

  test('PermissionDeniedError: a model that the key may not use', async () => {
    const { key } = await running.gateway.createKey({ name: 'demo only', models: ['demo/*'] })
    const error = await failure(chat(await client({ apiKey: key }), 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError)
    expect(error).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' })
  })

  test('NotFoundError: a model that does not exist', async () => {
    const openai = await client()
    const error = await failure(chat(openai, 'nothing/of/the/kind'))
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect(await failure(openai.models.retrieve('nothing'))).toBeInstanceOf(OpenAI.NotFoundError)
  })

  test('BadRequestError: our own about the shape, and the one of the vendor', async () => {
    const openai = await client()
    const wrong = { model: 'm-1', messages: JSON.parse('[{"content":"no role"}]') }
    expect(await failure(openai.chat.completions.create(wrong))).toMatchObject({
      status: 400,
      param: 'messages[0].role',
    })
    running.vendor.enqueue(refusal(400, { code: 'context_length_exceeded', type: 'invalid_request_error' }))
    const error = await failure(chat(openai, 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    expect(error).toMatchObject({ code: 'context_length_exceeded', message: '400 The vendor says no' })
  })

  test.each([
    [409, OpenAI.ConflictError],
    [422, OpenAI.UnprocessableEntityError],
    [500, OpenAI.InternalServerError],
    [503, OpenAI.InternalServerError],
  ])("the vendor's %i is the client's", async (status, type) => {
    running.vendor.enqueue(refusal(status, { code: 'its_own' }))
    const error = await failure(chat(await client(), 'm-1'))
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ status, code: 'its_own' })
  })

  test("RateLimitError: the vendor's, with its hint", async () => {
    running.vendor.enqueue(rateLimited(7))
    const error = await failure(chat(await client(), 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
    expect(error instanceof OpenAI.APIError && error.headers?.get('retry-after')).toBe('7')
  })

  test('InternalServerError: a vendor that cannot be reached, or breaks off before it answers', async () => {
    const openai = await client()
    expect(await failure(chat(openai, 'away/gone'))).toMatchObject({ status: 503, code: 'upstream_unavailable' })
    running.vendor.enqueue(noAnswer())
    const error = await failure(chat(openai, 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error).toMatchObject({ status: 502, code: 'upstream_error' })
  })

  test('APIConnectionError: nobody listens at the address', async () => {
    const error = await failure(chat(await client({ baseURL: `http://127.0.0.1:${nowhere}/v1` }), 'm-1'))
    expect(error).toBeInstanceOf(OpenAI.APIConnectionError)
  })

  test('APIUserAbortError: the program itself gave up before an answer', async () => {
    const openai = await client()
    const { vendor } = running
    const number = vendor.seen.length
    vendor.enqueue({ kind: 'hang', after: 'request' })
    const leaving = new AbortController()
    const asked = openai.chat.completions.create({ model: 'm-1', messages: hello }, { signal: leaving.signal })
    const failed = failure(asked)
    await vendor.waitFor((one) => one.number === number && one.body.length > 0)
    leaving.abort()
    expect(await failed).toBeInstanceOf(OpenAI.APIUserAbortError)
    await vendor.waitFor((one) => one.number === number && one.state === 'left')
  })

  test('APIError: the error that the vendor put into its stream', async () => {
    const openai = await client()
    running.vendor.enqueue(errorInStream([1, 1]))
    const { got, error } = await consume(openai)
    expect(got).toBe(' tok tok')
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ code: 'overloaded', message: expect.stringContaining('The vendor gave up') })
  })

  test.each([
    ['is cut', stream({ breaks: { afterEvents: 2, how: 'close' } })],
    ['is reset', stream({ breaks: { afterEvents: 2, how: 'reset' } })],
    ['ends without [DONE]', stream({ events: [1, 1], done: false, usageIn: 'never' })],
  ])('APIError: a stream that %s never looks finished', async (_, behaviour) => {
    const openai = await client()
    running.vendor.enqueue(behaviour)
    const { got, error } = await consume(openai)
    expect(got).toBe(' tok tok')
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject({ type: 'api_error', code: 'upstream_error' })
  })

  test('an answer that is too large to be held and breaks off is an error, not a short answer', async () => {
    const openai = await client()
    const body = JSON.stringify({
      id: 'x',
      object: 'chat.completion',
      model: 'm-1',
      choices: [],
      text: 'a'.repeat(3_000_000),
    })
    running.vendor.enqueue(whole({ body, breaks: { afterBytes: 2_500_000, how: 'close' } }))
    // The client hands on what its transport says of a connection that closed in the middle of a body.
    expect(await failure(chat(openai, 'm-1'))).toMatchObject({ message: 'terminated' })
  })

  async function consume(openai: OpenAI): Promise<{ got: string; error: unknown }> {
    let got = ''
    const error = await failure(
      (async () => {
        for await (const chunk of await openai.chat.completions.create({ model: 'm-1', messages: hello, stream: true }))
          got += chunk.choices[0]?.delta.content ?? ''
      })(),
    )
    return { got, error }
  }
})

const tools: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'get_weather', parameters: objectOf('city') } },
  { type: 'function', function: { name: 'get_time', parameters: objectOf('zone') } },
]

function objectOf(field: string): Record<string, unknown> {
  return { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] }
}

/** What a program answers to a call, made of the arguments that it got. */
function resultOf(call: OpenAI.ChatCompletionMessageToolCall): OpenAI.ChatCompletionToolMessageParam {
  if (call.type !== 'function') throw new Error('a call of another kind')
  const { city, zone } = JSON.parse(call.function.arguments)
  return { role: 'tool', tool_call_id: call.id, content: city === undefined ? `noon in ${zone}` : `sunny in ${city}` }
}

/** The pieces in which a vendor streams a call of a tool. */
const calling = (id: string, name: string, pieces: readonly string[]) => [
  {
    delta: { role: 'assistant', tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: '' } }] },
    tokens: 1,
  },
  ...pieces.map((text) => ({ delta: { tool_calls: [{ index: 0, function: { arguments: text } }] }, tokens: 1 })),
]

const lastBody = (): unknown => {
  const last: Seen | undefined = running.vendor.seen.at(-1)
  return last === undefined ? undefined : jsonOf(last)
}

const floats = (encoded: unknown): number[] => {
  const bytes = Buffer.from(String(encoded), 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

/** What a promise fails with; a test that expects a failure and gets none has failed. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}
