import { connect } from 'node:net'
import { once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ask, send, type RawResponse } from './client.ts'
import { closedPort, startDeafVendor, startFaultVendor, type FaultVendor } from './fault-vendor.ts'
import {
  credentialRefused,
  drip,
  errorInStream,
  flood,
  halfHead,
  hang,
  html,
  hugeHeaders,
  lengthAndChunked,
  malformedJson,
  noAnswer,
  notHttp,
  PROCESSING,
  quotaExceeded,
  rateLimited,
  refusal,
  stream,
  twoLengths,
  twoTransferEncodings,
  whole,
  type Behaviour,
  type Rupture,
} from './vendor-script.ts'
import { headerOf, jsonOf } from './vendor-truth.ts'

let vendor: FaultVendor
beforeEach(async () => {
  vendor = await startFaultVendor()
})
afterEach(() => vendor.close())

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'x' }] }
const STREAM = { ...CHAT, stream: true, stream_options: { include_usage: true } }

const post = (body: unknown = CHAT, path = '/chat/completions'): Promise<RawResponse> =>
  ask(vendor.url, path, { key: 'k', body })

function meet(behaviour: Behaviour, body: unknown = behaviour.kind === 'stream' ? STREAM : CHAT): Promise<RawResponse> {
  vendor.enqueue(behaviour)
  return post(body)
}

async function read(response: RawResponse): Promise<{ data: string[]; ending: string }> {
  const data: string[] = []
  for await (const event of response.events()) data.push(event.data ?? event.comments.join())
  return { data, ending: response.ending }
}

describe('a good vendor', () => {
  test('answers the official client, whole and streaming, with exact usage', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: vendor.url, maxRetries: 0 })
    vendor.enqueue(whole({ usage: { prompt: 100, completion: 7, cached: 60, reasoning: 2 } }))
    const answer = await client.chat.completions.create({ ...CHAT, messages: [{ role: 'user', content: 'x' }] })
    expect(answer.usage).toMatchObject({
      prompt_tokens: 100,
      completion_tokens: 7,
      prompt_tokens_details: { cached_tokens: 60 },
    })
    vendor.enqueue(stream({ events: [2, 3] }))
    let text = ''
    let used = 0
    const chunks = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta.content ?? ''
      used = chunk.usage?.completion_tokens ?? used
    }
    expect(text).toBe(' tok'.repeat(5))
    expect(used).toBe(5)
    expect((await client.completions.create({ model: 'm', prompt: 'x' })).choices[0]?.text).toBe(' tok tok tok')
    expect(
      (await client.embeddings.create({ model: 'm', input: ['a', 'b'], encoding_format: 'float' })).data,
    ).toHaveLength(2)
    expect((await client.models.list()).data).toHaveLength(1)
  })

  test('writes down what it received and what it sent', async () => {
    const body = '{ "model":"m",  "stream":true, "stream_options":{"include_usage":true} }'
    vendor.enqueue(stream({ events: [2, 3] }))
    await read(
      await send(`${vendor.url}/chat/completions`, {
        body,
        headers: [
          ['X-Sekisho-Request-Id', 'req-1'],
          ['X-Other', 'y'],
        ],
      }),
    )
    const seen = await vendor.waitFor(({ state }) => state === 'finished')
    expect(seen).toMatchObject({
      number: 0,
      id: 'req-1',
      method: 'POST',
      path: '/v1/chat/completions',
      eventsSent: 2,
      tokensSent: 5,
      usageSent: { completion: 5 },
    })
    expect(seen.body.toString()).toBe(body)
    expect(headerOf(seen, 'x-other')).toBe('y')
    expect(seen.headers).toContainEqual(['X-Other', 'y'])
    await read(await post())
    expect(vendor.seen[1]).toMatchObject({ number: 1, id: 'vendor-1', connection: 1 })
    expect(jsonOf(await vendor.waitFor(({ number }) => number === 1))).toEqual(CHAT)
  })

  test('follows the body of a request, then the queue, then its script', async () => {
    vendor.answer((_, body) => refusal(418, { message: JSON.stringify(body) }))
    vendor.enqueue(refusal(500), refusal(501))
    expect((await post({ ...CHAT, fault_vendor: refusal(502) })).status).toBe(502)
    expect((await post()).status).toBe(500)
    expect((await post()).status).toBe(501)
    const scripted = await post()
    expect(scripted.status).toBe(418)
    expect(await scripted.text()).toContain('messages')
  })
})

describe('usage in a stream', () => {
  test.each([
    ['asked', STREAM, [null, null, null, null, 3]],
    ['asked', { ...CHAT, stream: true }, [undefined, undefined, undefined, undefined]],
    ['last', { ...CHAT, stream: true }, [null, null, null, null, 3]],
    ['every', { ...CHAT, stream: true }, [1, 2, 3, 3]],
    ['never', STREAM, [undefined, undefined, undefined, undefined]],
  ] as const)('%s', async (usageIn, body, completions) => {
    const { data } = await read(await meet(stream({ usageIn }), body))
    expect(data.pop()).toBe('[DONE]')
    const usages = data.map((text) => JSON.parse(text).usage)
    expect(usages.map((usage) => usage?.completion_tokens ?? usage)).toEqual(completions)
  })
})

describe('pace', () => {
  test('a driven stream takes one step for each call, and the truth runs along', async () => {
    const response = await meet(stream({ events: [4, 5], pace: { kind: 'driven' } }))
    const events = response.events()
    vendor.next(0)
    await events.next()
    expect(vendor.seen[0]).toMatchObject({ state: 'open', eventsSent: 1, tokensSent: 4, usageSent: null })
    vendor.next(0)
    await events.next()
    expect(vendor.seen[0]).toMatchObject({ state: 'open', tokensSent: 9, usageSent: null })
    vendor.next(0)
    while (!(await events.next()).done);
    expect(response.ending).toBe('complete')
    expect(vendor.seen[0]).toMatchObject({ usageSent: { completion: 9 } })
  })

  test('a driven answer in one piece waits before its head', async () => {
    vendor.enqueue(whole({ pace: { kind: 'driven' } }))
    const answer = post()
    const { number } = await vendor.waitFor(({ behaviour, body }) => body.length > 0 && behaviour.kind === 'whole')
    expect(vendor.seen[0]?.bytesSent).toBe(0)
    vendor.next(number)
    expect((await answer).status).toBe(200)
  })

  test('a timed stream leaves time between its events', async () => {
    const response = await meet(stream({ events: [1, 1, 1], pace: { kind: 'every', ms: 20 } }))
    const at: number[] = []
    for await (const event of response.events()) at.push(event.atMs)
    expect((at[2] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(30)
  })
})

describe('an answer breaks off', () => {
  const endings: readonly [Rupture, string][] = [
    ['close', 'closed'],
    ['half-close', 'closed'],
    ['reset', 'reset'],
  ]

  test.each(endings)('a stream after two events: %s', async (how, ending) => {
    const response = await meet(stream({ events: [1, 1, 1, 1], breaks: { afterEvents: 2, how } }))
    expect(await read(response)).toMatchObject({ data: { length: 2 }, ending })
    expect(vendor.seen[0]).toMatchObject({ state: 'broken', eventsSent: 2, tokensSent: 2, usageSent: null })
  })

  test.each(endings)('a body of known length after ten bytes: %s', async (how, ending) => {
    const response = await meet(whole({ breaks: { afterBytes: 10, how } }))
    expect(Number(response.header('content-length'))).toBeGreaterThan(10)
    expect((await response.bytes()).length).toBe(10)
    expect(response.ending).toBe(ending)
    expect(vendor.seen[0]).toMatchObject({ state: 'broken', bytesSent: 10 })
  })

  test('a stream in the middle of an event', async () => {
    const response = await meet(stream({ breaks: { afterBytes: 25, how: 'half-close' } }))
    expect((await response.bytes()).length).toBe(25)
    expect(response.ending).toBe('closed')
  })

  test('a stream that falls silent stays open until the other side leaves', async () => {
    const response = await meet(stream({ breaks: { afterEvents: 1, how: 'hang' } }))
    await response.events().next()
    expect(await vendor.waitFor(({ state }) => state === 'broken')).toMatchObject({ connectionClosedAt: null })
    response.abort()
    await vendor.waitFor(({ connectionClosedAt }) => connectionClosedAt !== null)
  })

  test('a stream that ends well but without [DONE]', async () => {
    const { data, ending } = await read(await meet(stream({ done: false })))
    expect(ending).toBe('complete')
    expect(data).not.toContain('[DONE]')
    expect(data.at(-1)).toContain('"completion_tokens":3')
    const bare = await read(await meet(stream({ done: false, usageIn: 'never' })))
    expect(bare.data).toHaveLength(3)
    expect(bare.data.join()).not.toContain('"stop"')
  })

  test('an error stands in a stream that began well', async () => {
    const { data } = await read(await meet(errorInStream([1, 1])))
    expect(data).toHaveLength(3)
    expect(JSON.parse(data[2] ?? '')).toMatchObject({ error: { code: 'overloaded' } })
  })

  test.each([
    ['nothing and a reset', noAnswer('reset'), /ECONNRESET/],
    ['nothing and a close', noAnswer('close'), /closed before/],
    ['half a head', halfHead(), /closed before/],
    ['another protocol', notHttp(), /closed before|not a status line/],
  ])('%s', async (_, behaviour, message) => {
    await expect(meet(behaviour)).rejects.toThrow(message)
    await vendor.waitFor(({ state }) => state === 'broken')
  })
})

describe('an answer does not come', () => {
  test('silence before the head', async () => {
    vendor.enqueue(hang())
    await expect(ask(vendor.url, '/chat/completions', { key: 'k', body: CHAT, timeoutMs: 50 })).rejects.toThrow(
      'in vain',
    )
    expect(await vendor.waitFor(({ state }) => state === 'left')).toMatchObject({ bytesSent: 0 })
  })

  test('silence after the head', async () => {
    const response = await meet(hang('head'))
    expect(response.status).toBe(200)
    expect(vendor.seen[0]).toMatchObject({ state: 'open' })
    response.reset()
    await vendor.waitFor(({ state }) => state === 'left')
  })

  test('a drip never ends, and is over when the other side leaves', async () => {
    const events = await meet(drip(5))
    let drips = 0
    for await (const event of events.events()) {
      expect(event.comments).toEqual(['still here'])
      if (++drips === 3) events.abort()
    }
    await vendor.waitFor(({ state }) => state === 'left')
  })

  test('a closed port refuses', async () => {
    const socket = connect(await closedPort(), '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toThrow('ECONNREFUSED')
  })

  test('a deaf vendor takes the connection and nothing of a large body', async () => {
    const deaf = await startDeafVendor()
    const body = Buffer.alloc(32 * 1024 * 1024)
    await expect(send(`${deaf.url}/embeddings`, { body, timeoutMs: 50 })).rejects.toThrow('in vain')
    await deaf.close()
  })

  test('a vendor that was closed refuses, and one at the same port answers again', async () => {
    const { port } = vendor
    await vendor.close()
    await expect(post()).rejects.toThrow('ECONNREFUSED')
    vendor = await startFaultVendor({ port })
    expect((await post()).status).toBe(200)
  })
})

describe('refusals', () => {
  test.each([
    [rateLimited(7), 429, 'rate_limit_exceeded'],
    [quotaExceeded(), 429, 'insufficient_quota'],
    [credentialRefused(401), 401, 'invalid_api_key'],
    [credentialRefused(403), 403, 'invalid_api_key'],
    [refusal(400, { code: 'bad' }), 400, 'bad'],
    [refusal(503), 503, null],
  ])('$status', async (behaviour, status, code) => {
    const response = await meet(behaviour)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(vendor.seen[0]).toMatchObject({ tokensSent: 0, usageSent: null })
  })

  test('429 says when to come back', async () => {
    expect((await meet(rateLimited(7))).header('retry-after')).toBe('7')
  })

  test('HTML with 200, and JSON that ends in the middle', async () => {
    const page = await meet(html())
    expect(page.header('content-type')).toBe('text/html')
    expect(await page.text()).toContain('<h1>')
    const broken = await meet(malformedJson())
    await expect(broken.json()).rejects.toThrow(SyntaxError)
    expect(broken.ending).toBe('complete')
  })
})

describe('strange bytes', () => {
  test.each(['\r\n', '\r'] as const)('lines that end with %j, and comments', async (newline) => {
    const response = await meet(stream({ newline, events: [PROCESSING, 1] }))
    const bytes = (await response.bytes()).toString()
    expect(bytes.startsWith(`: PROCESSING${newline}${newline}data: `)).toBe(true)
    expect(bytes.endsWith(`data: [DONE]${newline}${newline}`)).toBe(true)
    expect(bytes.includes('\n')).toBe(newline === '\r\n')
  })

  test('one byte at a time', async () => {
    const response = await meet(stream({ manner: 'byte-by-byte', events: [1] }), { ...CHAT, stream: true })
    const pieces: Buffer[] = []
    for await (const piece of response.pieces()) pieces.push(piece)
    expect(pieces.every((piece) => piece.length === 1)).toBe(true)
    expect(Buffer.concat(pieces).toString()).toContain('[DONE]')
    expect(vendor.seen[0]?.bytesSent).toBe(pieces.length)
  })

  test('gzip that nobody asked for, whole and streaming', async () => {
    const answer = await meet(whole({ manner: 'gzip' }))
    expect(answer.header('content-encoding')).toBe('gzip')
    expect(JSON.parse(gunzipSync(await answer.bytes()).toString())).toHaveProperty('usage')
    const events = await meet(stream({ manner: 'gzip' }))
    expect(gunzipSync(await events.bytes()).toString()).toMatch(/^data: [^]*\[DONE\]\n\n$/)
  })

  test('tool calls and other deltas of the test', async () => {
    const delta = { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }
    const { data } = await read(await meet(stream({ events: [{ delta, tokens: 6 }] })))
    expect(JSON.parse(data[0] ?? '').choices[0].delta).toEqual(delta)
    expect(vendor.seen[0]?.tokensSent).toBe(6)
  })

  test('huge headers', async () => {
    expect((await meet(hugeHeaders(100_000))).header('x-huge')).toHaveLength(100_000)
  })

  test.each([
    ['two lengths', twoLengths(), ['content-length', 'content-length']],
    ['two transfer encodings', twoTransferEncodings(), ['transfer-encoding', 'transfer-encoding']],
    ['a length and chunks', lengthAndChunked(), ['content-length', 'transfer-encoding']],
  ])('%s', async (_, behaviour, names) => {
    const { headers } = await meet(behaviour)
    expect(headers.map(([name]) => name).filter((name) => name !== 'content-type')).toEqual(names)
  })

  test('a flood without a line end comes as large as was ordered, and stops when the other side leaves', async () => {
    const small = await meet(flood('stream', 200_000))
    const bytes = await small.bytes()
    expect(bytes).toHaveLength(200_000)
    expect(bytes.indexOf('\n')).toBe(-1)
    const huge = await meet(flood('whole'))
    let read = 0
    for await (const piece of huge.pieces()) {
      read += piece.length
      if (read > 1_000_000) break
    }
    huge.abort()
    const seen = await vendor.waitFor(({ number, state }) => number === 1 && state === 'left')
    expect(seen.bytesSent).toBeLessThan(100_000_000)
  })
})

test('a client that leaves in the middle of its body, or of a stream, is written down', async () => {
  const socket = connect(vendor.port, '127.0.0.1')
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{')
  await vendor.waitFor(({ number }) => number === 0)
  socket.destroy()
  await vendor.waitFor(({ state }) => state === 'left')
  const response = await meet(stream({ events: [1, 1], pace: { kind: 'driven' } }))
  vendor.next(1)
  await response.events().next()
  response.abort()
  const left = await vendor.waitFor(({ number, state }) => number === 1 && state === 'left')
  expect(left).toMatchObject({ tokensSent: 1, usageSent: null })
  expect(left.connectionClosedAt).not.toBeNull()
})
