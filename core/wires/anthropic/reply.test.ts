import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import { asking } from '../../contract/chat-parts.ts'
import type { JsonObject } from '../../json.ts'
import type { Part, Stop } from '../../part.ts'
import { UNSIGNED, wrapProof } from '../../proof.ts'
import { NO_USAGE } from '../../usage.ts'
import { readReply } from './reply-read.ts'
import { writeReply } from './reply-write.ts'

const context = { flavour: 'openai', account: 'main', spendLimitCodes: [], endsWithDone: false } as const
const client = {
  requestId: 'req_1',
  createdAt: 0,
  inputEstimate: 12,
  usageAsked: false,
  chat: asking({ model: 'asked' }),
}
const message = (fields: JsonObject): JsonObject => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 5 },
  ...fields,
})
const text = (words: string, more: JsonObject = {}): JsonObject => ({ type: 'text', text: words, ...more })

describe('a reply of this wire is written back as it was read, without a loss', () => {
  const bodies: { readonly [name: string]: JsonObject } = {
    'a text': message({ content: [text('Hello')] }),
    'an empty one': message({}),
    'an empty text': message({ content: [text('')] }),
    'every kind of block': message({
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
        { type: 'thinking', thinking: '', signature: '' },
        { type: 'thinking', thinking: 'no field' },
        { type: 'redacted_thinking', data: 'x', more: 1 },
        text('See', {
          citations: [{ type: 'page_location', document_title: null, cited_text: 'c', start_page_number: 1 }],
        }),
        text('None', { citations: [] }),
        text('Null', { citations: null }),
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: { b: [1] } }, caller: { type: 'direct' } },
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
        { type: 'kind_of_next_year', deep: { x: null } },
      ],
    }),
    'all that stands around it': message({
      stop_reason: 'refusal',
      stop_details: { type: 'refusal', category: null },
      container: { id: 'c', expires_at: 'soon' },
      context_management: { applied_edits: [] },
      input_transformations: [{ type: 'dropped' }],
      usage: {
        input_tokens: 1,
        output_tokens: 2,
        cache_creation: null,
        inference_geo: 'eu',
        service_tier: 'priority',
        iterations: [],
      },
    }),
    'a stop string': message({ stop_reason: 'stop_sequence', stop_sequence: 'END' }),
    'a reason of next year': message({ stop_reason: 'bored' }),
    'no usage': Object.fromEntries(Object.entries(message({})).filter(([key]) => key !== 'usage')),
    polluted: JSON.parse(JSON.stringify(message({})).replace('{', '{"__proto__":{"a":1},')),
  }

  test.each(Object.entries(bodies))('%s', (_, body) => {
    const written = writeReply(readReply(body, context), client)
    expect(JSON.parse(JSON.stringify(written.body))).toEqual(JSON.parse(JSON.stringify(body)))
    expect(written.losses).toEqual([])
  })
})

describe('a reply that is no reply', () => {
  test.each<[JsonObject, string]>([
    [{}, 'upstream_error'],
    [{ content: 'Hello' }, 'upstream_error'],
    [{ content: [7] }, 'upstream_error'],
    [{ content: [{ type: 'text' }] }, 'upstream_error'],
    [{ content: [{ type: 'tool_use', name: 'f', input: {} }] }, 'upstream_error'],
    [{ type: 'error', error: { type: 'overloaded_error' } }, 'overloaded'],
    [{ choices: [] }, 'upstream_error'],
  ])('%j is a fault', (body, code) => {
    expect(() => readReply(body, context)).toThrow(expect.objectContaining({ code }))
  })
})

describe('a stop reason is read', () => {
  const stopOf = (fields: JsonObject): Stop | undefined => collect(readReply(message(fields), context)).choices[0]?.stop
  const call: JsonObject = { type: 'tool_use', id: 'a', name: 'f', input: {} }

  test.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'context'],
    ['pause_turn', 'pause'],
    ['refusal', 'refusal'],
    ['constructor', 'stop'],
  ])('%s is %s', (native, reason) => {
    expect(stopOf({ stop_reason: native })).toEqual({ reason, native })
  })

  test('by the presence of a call, not by a word that says otherwise (trap 14)', () => {
    expect(stopOf({ stop_reason: 'end_turn', content: [call] })?.reason).toBe('calls')
    expect(stopOf({ stop_reason: 'tool_use', content: [] })?.reason).toBe('stop')
    expect(stopOf({ stop_reason: 'max_tokens', content: [call] })?.reason).toBe('length')
  })
})

describe('a reply of another vendor', () => {
  const parts = (blocks: readonly Part[], stop: Stop = { reason: 'stop', native: 'stop' }): readonly Part[] => [
    { kind: 'start', id: 'chatcmpl-1', model: '' },
    ...blocks,
    { kind: 'end', choice: 0, stop },
    { kind: 'usage', usage: { ...NO_USAGE, input: 4, cacheRead: 2, output: 3, reasoning: 1 }, serviceTier: 'priority' },
    { kind: 'finish' },
  ]
  const at = { choice: 0, block: 0 }
  const block = (content: Extract<Part, { kind: 'open' }>['content'], words: string, block = 0): readonly Part[] => [
    { kind: 'open', choice: 0, block, content },
    { kind: 'delta', choice: 0, block, text: words },
    { kind: 'close', choice: 0, block },
  ]

  test('has everything that the API promises', () => {
    expect(writeReply(parts(block({ kind: 'text' }, 'Hello')), client).body).toEqual({
      id: 'msg_req_1',
      type: 'message',
      role: 'assistant',
      model: 'asked',
      content: [text('Hello')],
      stop_reason: 'end_turn',
      stop_sequence: null,
      stop_details: null,
      usage: {
        input_tokens: 4,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 2,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens: 4,
        output_tokens_details: { thinking_tokens: 1 },
        service_tier: 'priority',
      },
    })
  })

  test.each<[Stop, string]>([
    [{ reason: 'length', native: null }, 'max_tokens'],
    [{ reason: 'context', native: null }, 'model_context_window_exceeded'],
    [{ reason: 'sequence', native: null, sequence: 'END' }, 'stop_sequence'],
    [{ reason: 'pause', native: null }, 'pause_turn'],
    [{ reason: 'filter', native: 'content_filter' }, 'refusal'],
    [{ reason: 'blocked', native: 'SAFETY' }, 'refusal'],
    [{ reason: 'recitation', native: 'RECITATION' }, 'refusal'],
    [{ reason: 'broken-call', native: 'MALFORMED_FUNCTION_CALL' }, 'refusal'],
  ])('ends with $reason as %s', (stop, word) => {
    const { body } = writeReply(parts([], stop), client)
    expect(body['stop_reason']).toBe(word)
  })

  test('a refusal keeps the vendor’s own word for it', () => {
    const { body } = writeReply(parts([], { reason: 'blocked', native: 'SAFETY' }), client)
    expect(body['stop_details']).toEqual({
      type: 'refusal',
      category: null,
      explanation: expect.stringContaining('SAFETY'),
    })
  })

  test('waits for its tools where there is a call, whatever the vendor says', () => {
    const { body } = writeReply(parts(block({ kind: 'call', id: 'call:1', name: 'f', input: 'function' }, '')), client)
    expect(body).toMatchObject({ stop_reason: 'tool_use', content: [{ id: 'callx63616c6c3a31', input: {} }] })
  })

  test('a cut call is not mended (trap 48)', () => {
    const cut = block({ kind: 'call', id: 'c', name: 'f', input: 'function' }, '{"city":"Os')
    expect(writeReply(parts(cut, { reason: 'length', native: 'length' }), client).body).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ type: 'tool_use', input: { invalid_json: '{"city":"Os' } }],
    })
  })

  test('its thoughts carry its own proof, or a sign that there is none', () => {
    const proof = { wire: 'openai-responses', account: 'o', data: 'enc' } as const
    const [open, delta, close] = block({ kind: 'reasoning', id: 'rs_1' }, 'Hm.')
    if (open === undefined || delta === undefined || close === undefined) throw new Error('three parts')
    const signed = writeReply(parts([open, delta, { kind: 'prove', ...at, proof }, close]), client)
    expect(signed.body['content']).toEqual([{ type: 'thinking', thinking: 'Hm.', signature: wrapProof(proof) }])
    const unsigned = writeReply(parts([open, delta, close]), client)
    expect(unsigned.body['content']).toEqual([{ type: 'thinking', thinking: 'Hm.', signature: UNSIGNED }])
  })

  test('blank text and empty thoughts do not come: a client would send them back, to be refused', () => {
    const blank = [...block({ kind: 'text' }, ' \n'), ...block({ kind: 'reasoning' }, '', 1)]
    expect(writeReply(parts(blank), client).body['content']).toEqual([])
  })

  test('the sources of a text are web sources', () => {
    const cite: Part = { kind: 'cite', ...at, citation: { url: 'https://e.com', quote: 'q', start: 1, end: 2 } }
    const [open, delta, close] = block({ kind: 'text' }, 'See')
    if (open === undefined || delta === undefined || close === undefined) throw new Error('three parts')
    const written = writeReply(parts([open, delta, cite, close]), client)
    expect(written.losses).toMatchObject([{ field: 'text.citations', what: 'emulated' }])
    expect(written.body['content']).toEqual([
      text('See', {
        citations: [
          {
            type: 'web_search_result_location',
            url: 'https://e.com',
            title: null,
            cited_text: 'q',
            encrypted_index: '',
          },
        ],
      }),
    ])
  })

  test('what this wire has no place for is reported', () => {
    const media: Part = { kind: 'open', ...at, content: { kind: 'media', mediaType: 'image/png', base64: 'iVBO' } }
    const foreign: Part = {
      kind: 'open',
      choice: 0,
      block: 1,
      content: { kind: 'foreign', wire: 'gemini', type: 'codeResult', json: {} },
    }
    const other: Part = { kind: 'open', choice: 1, block: 0, content: { kind: 'text' } }
    const refusal = block({ kind: 'refusal' }, 'No.', 2)
    const { body, losses } = writeReply(parts([media, foreign, other, ...refusal]), client)
    expect(body['content']).toEqual([text('No.')])
    expect(losses.map(({ field, what }) => `${field} ${what}`)).toEqual([
      'choices dropped',
      'image.data dropped',
      'content.codeResult dropped',
      'refusal emulated',
    ])
  })
})
