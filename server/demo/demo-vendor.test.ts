import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent, fetch as undiciFetch, request } from 'undici'
import { IMAGE_TOKENS } from './chat-request.ts'
import { startDemoVendor, type DemoVendor } from './demo-vendor.ts'
import { DEMO_MODELS } from './models.ts'
import { countTokens } from './tokens.ts'

let folder: string
let vendor: DemoVendor
let agent: Agent
let client: OpenAI
/** How often the slow model has waited, and for how long. */
const pauses: number[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'))
  vendor = await startDemoVendor({
    socketPath: join(folder, 'run', 'demo.sock'),
    pause: async (milliseconds) => void pauses.push(milliseconds),
  })
  agent = new Agent({ connect: { socketPath: vendor.socketPath } })
  client = clientOver(agent)
})

afterAll(async () => {
  await agent.destroy()
  await vendor.close()
  await rm(folder, { recursive: true })
})

/** The official client, over a Unix socket. */
const clientOver = (dispatcher: Agent): OpenAI =>
  new OpenAI({
    apiKey: 'none',
    baseURL: 'http://demo/v1',
    maxRetries: 0,
    // The two declarations of fetch are the same function to a program, though not to the compiler.
    fetch: ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher })) as unknown as typeof fetch,
  })

async function collect<One>(stream: AsyncIterable<One>): Promise<One[]> {
  const all: One[] = []
  for await (const one of stream) all.push(one)
  return all
}

const user = (content: string) => [{ role: 'user' as const, content }]
const ask = (content: string, more: object = {}) => ({ model: 'demo-chat', messages: user(content), ...more })

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
      required: ['city'],
    },
  },
}

async function post(path: string, body: string) {
  const answer = await request(`http://demo${path}`, { method: 'POST', body, dispatcher: agent })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

describe('chat', () => {
  test('the answer describes the request and counts its tokens exactly', async () => {
    const answer = await client.chat.completions.create(ask('Hello there'))
    const text = answer.choices[0]?.message.content ?? ''
    expect(text).toContain('You said: "Hello there"')
    expect(answer.usage).toMatchObject({
      prompt_tokens: 1 + countTokens('Hello there'),
      completion_tokens: countTokens(text),
    })
    expect(answer.choices[0]?.finish_reason).toBe('stop')
  })

  test('the same request gets the same answer to the byte', async () => {
    const body = JSON.stringify(ask('again'))
    const [one, two] = [await post('/v1/chat/completions', body), await post('/v1/chat/completions', body)]
    expect(two.text).toBe(one.text)
  })

  test('a stream gives one token at a time, the whole text in the end, and usage only when asked', async () => {
    const whole = await client.chat.completions.create(ask('tell me'))
    const stream = await client.chat.completions.create({
      ...ask('tell me'),
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await collect(stream)
    const texts = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').filter((text) => text !== '')
    expect(texts.join('')).toBe(whole.choices[0]?.message.content)
    expect(texts).toHaveLength(whole.usage?.completion_tokens ?? 0)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage })
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)

    const plain = await collect(await client.chat.completions.create({ ...ask('tell me'), stream: true }))
    expect(plain.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  test('a stream ends with [DONE]', async () => {
    const { headers, text } = await post('/v1/chat/completions', JSON.stringify(ask('x', { stream: true })))
    expect(headers['content-type']).toContain('text/event-stream')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  test('a stream that nobody reads waits for its reader, and a reader gets all of it', async () => {
    const stream = await client.chat.completions.create({ ...ask('say 20000 tokens'), stream: true })
    let tokens = 0
    for await (const chunk of stream) tokens += countTokens(chunk.choices[0]?.delta.content ?? '')
    expect(tokens).toBe(20_000)
  })

  test('several choices come whole and, by their index, in a stream', async () => {
    const whole = await client.chat.completions.create(ask('many', { n: 3 }))
    const texts = ['', '', '']
    for await (const chunk of await client.chat.completions.create({ ...ask('many', { n: 3 }), stream: true })) {
      for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? ''
    }
    expect(texts).toEqual(whole.choices.map((choice) => choice.message.content))
    expect(new Set(texts).size).toBe(3)
  })

  test.each(['max_tokens', 'max_completion_tokens'])('%s cuts after exactly so many tokens', async (field) => {
    const answer = await client.chat.completions.create(ask('say 100 tokens', { [field]: 7 }))
    expect(answer.usage?.completion_tokens).toBe(7)
    expect(answer.choices[0]?.finish_reason).toBe('length')
    expect(countTokens(answer.choices[0]?.message.content ?? '')).toBe(7)
  })

  test('the answer ends before a stop text', async () => {
    const answer = await client.chat.completions.create(ask('one two', { stop: ['You', ' two'] }))
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: "Sekisho's demo model here. " },
    })
  })

  test('images are accepted and counted', async () => {
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } }
    const answer = await client.chat.completions.create({
      model: 'demo-chat',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'see' }, image, image] }],
    })
    expect(answer.choices[0]?.message.content).toContain('2 of them images')
    expect(answer.usage?.prompt_tokens).toBe(1 + countTokens('see') + 2 * IMAGE_TOKENS)
  })

  test('the slow model waits before each token', async () => {
    pauses.length = 0
    const stream = await client.chat.completions.create({
      model: 'demo-slow',
      messages: user('say 5 tokens'),
      stream: true,
    })
    await collect(stream)
    expect(pauses.length).toBeGreaterThanOrEqual(5)
    expect(new Set(pauses)).toEqual(new Set([50]))
  })

  test('the reasoning model thinks aloud and reports it, more with more effort', async () => {
    const tokens = async (effort: 'none' | 'low' | 'high') => {
      const answer = await client.chat.completions.create({
        model: 'demo-reason',
        messages: user('why'),
        reasoning_effort: effort,
      })
      const thoughts =
        (answer.choices[0]?.message as { reasoning_content?: string } | undefined)?.reasoning_content ?? ''
      expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBe(countTokens(thoughts))
      expect(answer.usage?.completion_tokens).toBe(
        countTokens(thoughts) + countTokens(answer.choices[0]?.message.content ?? ''),
      )
      return countTokens(thoughts)
    }
    expect(await tokens('none')).toBe(0)
    expect(await tokens('high')).toBeGreaterThan(await tokens('low'))
  })
})

describe('tools', () => {
  test('a tool is called when the text says so, and its answer is quoted afterwards', async () => {
    const asked = await client.chat.completions.create(ask('please call get_weather', { tools: [weather] }))
    const message = asked.choices[0]?.message
    const call = message?.tool_calls?.[0]
    if (message === undefined || call?.type !== 'function') throw new Error('no function was called')
    expect(asked.choices[0]?.finish_reason).toBe('tool_calls')
    expect(call.function.name).toBe('get_weather')
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'demo city', days: 2 })
    const told = await client.chat.completions.create({
      model: 'demo-chat',
      tools: [weather],
      messages: [
        ...user('please call get_weather'),
        message,
        { role: 'tool', tool_call_id: call.id, content: '21 degrees' },
      ],
    })
    expect(told.choices[0]?.message.content).toBe('The tool get_weather answered: "21 degrees".')
  })

  test('a streamed call has its id and name once and its arguments in pieces', async () => {
    const runner = client.chat.completions.stream({
      ...ask('x'),
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    })
    const final = await runner.finalChatCompletion()
    expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'get_weather', arguments: '{"city":"demo city","days":2}' },
    })
    expect(final.choices[0]?.finish_reason).toBe('tool_calls')
  })

  test('none calls nothing, required calls the first, several names call several', async () => {
    const other = { type: 'function' as const, function: { name: 'get_time' } }
    const names = async (text: string, more: object) => {
      const answer = await client.chat.completions.create(ask(text, { tools: [weather, other], ...more }))
      return (
        answer.choices[0]?.message.tool_calls?.map((call) => (call.type === 'function' ? call.function.name : '')) ?? []
      )
    }
    expect(await names('call get_weather', { tool_choice: 'none' })).toEqual([])
    expect(await names('hello', {})).toEqual([])
    expect(await names('hello', { tool_choice: 'required' })).toEqual(['get_weather'])
    expect(await names('call get_weather and call get_time', {})).toEqual(['get_weather', 'get_time'])
    expect(await names('call get_weather and call get_time', { parallel_tool_calls: false })).toEqual(['get_weather'])
  })

  test('a custom tool is called with plain text', async () => {
    const answer = await client.chat.completions.create(
      ask('call shell', { tools: [{ type: 'custom', custom: { name: 'shell' } }] }),
    )
    expect(answer.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      type: 'custom',
      custom: { name: 'shell', input: 'demo shell' },
    })
  })
})

describe('structured answers', () => {
  test('json_schema gives an instance of the schema', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
      additionalProperties: false,
    }
    const answer = await client.chat.completions.parse(
      ask('who', { response_format: { type: 'json_schema', json_schema: { name: 'person', schema, strict: true } } }),
    )
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ name: 'demo name', age: 1 })
  })

  test('json_object gives a JSON object', async () => {
    const answer = await client.chat.completions.create(ask('who', { response_format: { type: 'json_object' } }))
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toHaveProperty('answer')
  })
})

describe('completions', () => {
  test('each prompt gets its choices, and the stream says the same', async () => {
    const body = { model: 'demo-chat', prompt: ['one', 'two'], n: 2, max_tokens: 5 }
    const whole = await client.completions.create(body)
    expect(whole.choices).toHaveLength(4)
    expect(whole.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 20 })
    const texts = ['', '', '', '']
    for await (const chunk of await client.completions.create({ ...body, stream: true })) {
      for (const choice of chunk.choices) texts[choice.index] += choice.text
    }
    expect(texts).toEqual(whole.choices.map((choice) => choice.text))
  })

  test('token numbers are a prompt, and echo puts the prompt in front', async () => {
    const answer = await client.completions.create({ model: 'demo-chat', prompt: [1, 2, 3], echo: true })
    expect(answer.usage?.prompt_tokens).toBe(3)
    expect(answer.choices[0]?.text).toMatch(/^1 2 3 That was/)
  })
})

describe('embeddings', () => {
  const vectors = async (input: string[], more: object = {}) => {
    const answer = await client.embeddings.create({ model: 'demo-embed', input, ...more })
    return answer.data.map((one) => one.embedding)
  }
  const dot = (a: readonly number[] = [], b: readonly number[] = []) =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)

  test('equal texts are equal, similar ones near, others far, and all of length 1', async () => {
    const [a, same, near, far] = await vectors([
      'the cat sat on the mat',
      'the cat sat on the mat',
      'the cat sat on a mat',
      'quarterly revenue',
    ])
    expect(same).toEqual(a)
    expect(dot(a, a)).toBeCloseTo(1, 5)
    expect(dot(a, near)).toBeGreaterThan(0.7)
    expect(dot(a, far)).toBeLessThan(0.3)
  })

  test('floats and base64 are the same numbers', async () => {
    const floats = await vectors(['hello'], { encoding_format: 'float', dimensions: 64 })
    expect(floats[0]).toHaveLength(64)
    // The client asks for base64 by itself and decodes it.
    expect(await vectors(['hello'], { dimensions: 64 })).toEqual(floats)
    const raw = await post(
      '/v1/embeddings',
      JSON.stringify({ model: 'demo-embed', input: 'hello', encoding_format: 'base64' }),
    )
    expect(JSON.parse(raw.text).data[0].embedding).toBeTypeOf('string')
  })

  test('the least vector still has a direction, and usage counts every input', async () => {
    const answer = await client.embeddings.create({
      model: 'demo-embed',
      input: ['a b', 'c'],
      dimensions: 1,
      encoding_format: 'float',
    })
    expect(answer.data.map((one) => Math.abs(one.embedding[0] ?? 0))).toEqual([1, 1])
    expect(answer.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 })
  })
})

test('the models are listed and found one by one', async () => {
  const list = await client.models.list()
  expect(list.data.map((model) => model.id)).toEqual(DEMO_MODELS.map((model) => model.id))
  expect(await client.models.retrieve('demo-embed')).toMatchObject({ id: 'demo-embed', object: 'model' })
})

describe('bad requests get an error in the form of OpenAI', () => {
  const chat = '/v1/chat/completions'
  const message = { role: 'user', content: 'x' }
  const base = { model: 'demo-chat', messages: [message] }
  test.each([
    ['malformed JSON', chat, '{', 400, null],
    ['a list', chat, '[]', 400, null],
    ['no model', chat, { messages: [message] }, 400, 'model'],
    ['an unknown model', chat, { ...base, model: 'nope' }, 404, 'model'],
    ['a model of another kind', '/v1/embeddings', { ...base, input: 'x' }, 400, 'model'],
    ['no messages', chat, { model: 'demo-chat' }, 400, 'messages'],
    ['empty messages', chat, { ...base, messages: [] }, 400, 'messages'],
    ['an unknown role', chat, { ...base, messages: [{ role: 'robot', content: 'x' }] }, 400, 'messages[0].role'],
    [
      'content of a wrong type',
      chat,
      { ...base, messages: [{ role: 'user', content: 5 }] },
      400,
      'messages[0].content',
    ],
    [
      'an unknown part',
      chat,
      { ...base, messages: [{ role: 'user', content: [{ type: 'smell' }] }] },
      400,
      'messages[0].content[0].type',
    ],
    [
      'an answer to no call',
      chat,
      { ...base, messages: [message, { role: 'tool', tool_call_id: 'a', content: 'x' }] },
      400,
      'messages[1].role',
    ],
    ['a temperature beyond 2', chat, { ...base, temperature: 3 }, 400, 'temperature'],
    ['half a choice', chat, { ...base, n: 1.5 }, 400, 'n'],
    ['both limits', chat, { ...base, max_tokens: 1, max_completion_tokens: 1 }, 400, 'max_tokens'],
    ['stream as text', chat, { ...base, stream: 'yes' }, 400, 'stream'],
    [
      'stream options without a stream',
      chat,
      { ...base, stream_options: { include_usage: true } },
      400,
      'stream_options',
    ],
    [
      'a tool without a name',
      chat,
      { ...base, tools: [{ type: 'function', function: {} }] },
      400,
      'tools[0].function.name',
    ],
    [
      'a choice of no tool',
      chat,
      { ...base, tools: [weather], tool_choice: { type: 'function', function: { name: 'x' } } },
      400,
      'tool_choice',
    ],
    [
      'a format without a schema',
      chat,
      { ...base, response_format: { type: 'json_schema' } },
      400,
      'response_format.json_schema',
    ],
    ['no prompt', '/v1/completions', { model: 'demo-chat' }, 400, 'prompt'],
    ['an empty input', '/v1/embeddings', { model: 'demo-embed', input: '' }, 400, 'input'],
    ['no token numbers', '/v1/completions', { model: 'demo-chat', prompt: [1, 'x'] }, 400, 'prompt'],
    ['too many choices', '/v1/completions', { model: 'demo-chat', prompt: Array(100).fill('x'), n: 2 }, 400, 'n'],
    ['a long echo', '/v1/completions', { model: 'demo-chat', prompt: 'x'.repeat(5000), echo: true }, 400, 'echo'],
    ['a long input', '/v1/embeddings', { model: 'demo-embed', input: 'x'.repeat(300_000) }, 400, 'input'],
    [
      'too many numbers',
      '/v1/embeddings',
      { model: 'demo-embed', input: Array(500).fill('x'), dimensions: 1024 },
      400,
      'input',
    ],
    ['too many dimensions', '/v1/embeddings', { model: 'demo-embed', input: 'x', dimensions: 5000 }, 400, 'dimensions'],
    ['an unknown path', '/v1/nope', base, 404, null],
  ])('%s', async (_, path, body, status, param) => {
    const answer = await post(path, typeof body === 'string' ? body : JSON.stringify(body))
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toMatchObject({
      error: { message: expect.any(String), type: 'invalid_request_error', param },
    })
  })

  test('a body that is too large is refused, and the connection stays good', async () => {
    const one = new Agent({ connect: { socketPath: vendor.socketPath }, connections: 1 })
    const big = JSON.stringify(ask('x'.repeat(3 * 1024 * 1024)))
    const send = (body: string | AsyncIterable<Buffer>) =>
      request('http://demo/v1/chat/completions', { method: 'POST', body: body as string, dispatcher: one })
    for (const body of [big, pieces(big)]) {
      const refused = await send(body)
      expect(refused.statusCode).toBe(413)
      expect(await refused.body.json()).toMatchObject({ error: { code: 'request_too_large' } })
    }
    const good = await send(JSON.stringify(ask('x')))
    expect(good.statusCode).toBe(200)
    await good.body.dump()
    await one.destroy()
  })

  async function* pieces(text: string) {
    for (let at = 0; at < text.length; at += 65_536) yield Buffer.from(text.slice(at, at + 65_536))
  }
})

describe('the model that fails', () => {
  const fail = (text: string, more: object = {}) =>
    client.chat.completions.create({ model: 'demo-error', messages: user(text), ...more })

  test('a status that is asked for comes, in the typed error of the client', async () => {
    await expect(fail('status 429')).rejects.toThrow(OpenAI.RateLimitError)
    await expect(fail('status 401')).rejects.toThrow(OpenAI.AuthenticationError)
    await expect(fail('status 503')).rejects.toThrow(OpenAI.InternalServerError)
    const limited = await post('/v1/chat/completions', JSON.stringify(ask('status 429', { model: 'demo-error' })))
    expect(limited.headers['retry-after']).toBe('1')
    await expect(fail('hello')).resolves.toMatchObject({ model: 'demo-error' })
  })

  test('a cut stream breaks after some content', async () => {
    const seen: unknown[] = []
    const read = async () => {
      for await (const chunk of await client.chat.completions.create({
        model: 'demo-error',
        messages: user('cut'),
        stream: true,
      }))
        seen.push(chunk)
    }
    await expect(read()).rejects.toThrow()
    expect(seen).toHaveLength(4)
  })

  test('an error event stands in the stream', async () => {
    const stream = await client.chat.completions.create({
      model: 'demo-error',
      messages: user('error event'),
      stream: true,
    })
    await expect(collect(stream)).rejects.toThrow(OpenAI.APIError)
  })

  test('hang says nothing until the client leaves', async () => {
    const leave = new AbortController()
    const hung = client.chat.completions.create(
      { model: 'demo-error', messages: user('hang') },
      { signal: leave.signal },
    )
    leave.abort()
    await expect(hung).rejects.toThrow(OpenAI.APIUserAbortError)
  })
})

test('a client that leaves ends the waiting of a slow answer', async () => {
  const place = join(folder, 'slow', 'demo.sock')
  const stopped = Promise.withResolvers<void>()
  const slow = await startDemoVendor({
    socketPath: place,
    pause: async (_, signal) => {
      await once(signal, 'abort')
      stopped.resolve()
      throw signal.reason
    },
  })
  const own = new Agent({ connect: { socketPath: place } })
  const leave = new AbortController()
  const asked = clientOver(own).chat.completions.create(
    { model: 'demo-slow', messages: user('x'), stream: true },
    { signal: leave.signal },
  )
  const stream = await asked
  leave.abort()
  await stopped.promise
  await collect(stream)
  await own.destroy()
  await slow.close()
})

describe('the socket', () => {
  test('only its owner can open it', async () => {
    expect((await stat(vendor.socketPath)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'run'))).mode & 0o777).toBe(0o700)
  })

  test('it is gone after close, and one left by a killed process is replaced', async () => {
    const place = join(folder, 'left', 'demo.sock')
    const first = await startDemoVendor({ socketPath: place })
    await first.close()
    await expect(stat(place)).rejects.toThrow('ENOENT')
    await leaveStale(place)
    const second = await startDemoVendor({ socketPath: place })
    await second.close()
  })

  test('a place that is taken, a file, an open folder and a path that is too long are refused', async () => {
    await expect(startDemoVendor({ socketPath: vendor.socketPath })).rejects.toThrow('something else')
    await writeFile(join(folder, 'run', 'file'), '')
    await expect(startDemoVendor({ socketPath: join(folder, 'run', 'file') })).rejects.toThrow('something else')
    const open = join(folder, 'open')
    await mkdir(open)
    await chmod(open, 0o755)
    await expect(startDemoVendor({ socketPath: join(open, 'demo.sock') })).rejects.toThrow('0700')
    await expect(startDemoVendor({ socketPath: join(folder, 'x'.repeat(120)) })).rejects.toThrow('100 bytes')
  })

  /** A socket file without a process, as `kill -9` leaves it: the name is moved away while the server closes. */
  async function leaveStale(place: string): Promise<void> {
    const server = createServer().listen(`${place}.tmp`)
    await once(server, 'listening')
    await rename(`${place}.tmp`, place)
    server.close()
    await once(server, 'close')
  }
})
