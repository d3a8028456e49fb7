import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import type { JsonObject } from '../../json.ts'
import type { Part, StopReason } from '../../part.ts'
import { NO_USAGE } from '../../usage.ts'
import type { ReadReply, WriteReply } from '../../wire.ts'
import { openaiChat } from './index.ts'

const READ: ReadReply = { flavour: 'openai', account: 'main', spendLimitCodes: ['out_of_credit'], endsWithDone: true }
const WRITE: WriteReply = {
  requestId: 'req1',
  createdAt: 1_700_000_000,
  inputEstimate: 3,
  usageAsked: true,
  chat: { model: 'asked-model', stream: false, turns: [], tools: [] },
}
const read = (body: JsonObject, context = READ) => openaiChat.reply.read(body, context)
const write = (parts: readonly Part[]) => openaiChat.reply.write(parts, WRITE)
const completion = (message: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: 'stop', ...more }],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
})
const blocksOf = (message: JsonObject, more?: JsonObject) => collect(read(completion(message, more))).choices[0]?.blocks
const stopOf = (message: JsonObject, finish_reason: string | null) =>
  collect(read(completion(message, { finish_reason }))).choices[0]?.stop
const CALL = { id: 'c', type: 'function', function: { name: 'look', arguments: '{}' } }

describe('a reply of this wire is written back as it was read', () => {
  test.each<[string, JsonObject]>([
    ['a text', completion({ content: 'Hi', refusal: null, annotations: [] })],
    ['a call', completion({ content: null, tool_calls: [CALL] }, { finish_reason: 'tool_calls' })],
    ['a call with a native word that says less', completion({ content: '', tool_calls: [CALL] })],
    [
      'calls of nodes',
      completion({
        tool_calls: [
          { id: 'x', function: { name: 'f', arguments: '' } },
          { function: { name: 'f' } },
          { id: 'z', type: 'function', function: { name: 'f', arguments: { a: 1 } } },
        ],
      }),
    ],
    [
      'a custom call',
      completion({ content: null, tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'p', input: 'x' } }] }),
    ],
    ['a call of next year', completion({ content: null, tool_calls: [{ id: 'c', type: 'warp', warp: 1 }] })],
    ['reasoning', completion({ content: 'a', reasoning_content: 'hm' })],
    [
      'reasoning in two fields',
      completion({
        content: 'a',
        reasoning: 'hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 's', format: 'f', index: 0 }],
      }),
    ],
    [
      'reasoning among the content',
      completion({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'a' },
          { type: 'reference', ids: [1] },
        ],
      }),
    ],
    [
      'sources',
      completion({
        content: 'a',
        annotations: [
          {
            type: 'url_citation',
            url_citation: { url: 'https://a.example', title: 't', start_index: 0, end_index: 1, content: 'q' },
          },
        ],
      }),
    ],
    [
      'sources of other kinds',
      completion({ content: 'a', annotations: [{ type: 'file_citation', file_citation: {} }] }),
    ],
    [
      'a picture',
      completion({
        content: '',
        images: [{ type: 'image_url', index: 0, image_url: { url: 'data:image/png;base64,iVBORw0K' } }],
      }),
    ],
    [
      'a proof',
      completion({
        content: 'a',
        extra_content: { google: { thought_signature: 's', x: 1 } },
        tool_calls: [{ ...CALL, extra_content: { google: { thought_signature: 't' } } }],
      }),
    ],
    ['sound', completion({ content: null, audio: { id: 'a', data: 'UklGRg==' } })],
    ['no reason to end', completion({ content: 'a' }, { finish_reason: null })],
    [
      'a usage that says more',
      { ...completion({ content: 'a' }), usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.1, x: {} } },
    ],
    ['a usage that says nothing', { ...completion({ content: 'a' }), usage: null }],
    ['the least', { choices: [{ message: { content: 'a' } }] }],
    [
      'several choices',
      {
        ...completion({}),
        choices: ['b', 'c'].map((content, at) => ({
          index: at + 1,
          message: { role: 'assistant', content },
          finish_reason: 'stop',
        })),
      },
    ],
    [
      'fields of next year',
      JSON.parse(
        '{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a","__proto__":{"x":1}},"new":1}],"__proto__":{"y":1},"new":[]}',
      ),
    ],
  ])('%s', (_, body) => {
    const { body: written, losses } = write(read(body))
    expect(written).toEqual(body)
    expect(losses).toEqual([])
  })
})

describe('what a reply says', () => {
  test('reasoning, text and calls, in this order', () => {
    expect(blocksOf({ content: 'a', reasoning_content: 'hm', tool_calls: [CALL] })).toMatchObject([
      { content: { kind: 'reasoning' }, text: 'hm' },
      { content: { kind: 'text' }, text: 'a' },
      { content: { kind: 'call', id: 'c', name: 'look', input: 'function' }, text: '{}' },
    ])
  })

  test('reasoning among the content, as some vendors have it', () => {
    expect(
      blocksOf({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
          { type: 'text', text: 'a' },
        ],
      }),
    ).toMatchObject([
      { content: { kind: 'reasoning' }, text: 'hm' },
      { content: { kind: 'text' }, text: 'a' },
    ])
  })

  test('a proof belongs to the account that was asked', () => {
    expect(
      blocksOf({ content: 'a', tool_calls: [{ ...CALL, extra_content: { google: { thought_signature: 's' } } }] })?.[1]
        ?.proof,
    ).toEqual({
      wire: 'openai-chat',
      account: 'main',
      data: 's',
    })
  })

  test('an entry of reasoning details that says more than its secret comes back to its vendor whole', () => {
    const detail = { type: 'reasoning.text', text: 'hm', signature: 's', format: 'claude-v1', index: 0 }
    const block = blocksOf({ content: 'a', reasoning_details: [detail] })?.[0]
    expect(block?.proof?.data).toContain('claude-v1')
    const turn = {
      role: 'assistant',
      blocks: [{ kind: 'reasoning', text: 'hm', ...(block?.proof === undefined ? {} : { proof: block.proof }) }],
    } as const
    const dialect = { reasoningField: { name: 'reasoning_details', when: 'always' } } as const
    const { body } = openaiChat.request.write(
      { model: 'm', stream: false, tools: [], turns: [turn] },
      { model: 'm', account: 'main', outputTokensMax: null, dialect, foreign: true },
    )
    expect(body['messages']).toMatchObject([{ reasoning_details: [detail] }])
  })

  test('a call without an id gets one that is made, the same each time', () => {
    const [first, again] = [1, 2].map(
      () => blocksOf({ tool_calls: [{ function: { name: 'f', arguments: '' } }] })?.[0]?.content,
    )
    expect(first).toMatchObject({ kind: 'call', id: expect.stringMatching(/^call_made_/) })
    expect(again).toEqual(first)
  })

  test.each<[JsonObject, string | null, StopReason]>([
    [{ content: 'a' }, 'stop', 'stop'],
    [{ content: 'a' }, 'length', 'length'],
    [{ content: 'a' }, 'content_filter', 'filter'],
    [{ content: 'a' }, 'eos', 'stop'],
    [{ content: 'a' }, null, 'stop'],
    [{ tool_calls: [CALL] }, 'stop', 'calls'],
    [{ tool_calls: [CALL] }, 'tool_calls', 'calls'],
    [{ tool_calls: [CALL] }, 'length', 'length'],
    [{ refusal: 'No.' }, 'stop', 'refusal'],
  ])('%j that ends with %j has the reason %s', (message, native, reason) => {
    expect(stopOf(message, native)).toEqual({ reason, native })
  })

  test.each([{ error: { message: 'no', code: 'out_of_credit' } }, { object: 'error', message: 'no', code: 402 }])(
    'an error where the answer should be is a fault: %j',
    (body) => expect(read(body)).toMatchObject([{ kind: 'fault', fault: { code: 'upstream_funds' } }]),
  )

  test('an answer that failed is a fault and no answer', () => {
    expect(read(completion({ content: 'half' }, { finish_reason: 'error' }))).toMatchObject([{ kind: 'fault' }])
  })

  test.each<JsonObject>([
    {},
    { choices: [] },
    { choices: {} },
    { choices: ['a'] },
    { choices: [{ delta: {} }] },
    completion({ tool_calls: ['x'] }),
    completion({ tool_calls: [{ id: 'x', type: 'function' }] }),
    completion({ content: ['a'] }),
  ])('%j is no reply of this wire', (body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })
})

describe('a reply of another vendor', () => {
  const START: Part = { kind: 'start', id: 'msg_1', model: 'claude' }
  const FINISH: readonly Part[] = [{ kind: 'finish' }]
  const saying = (blocks: readonly Part[], reason: StopReason = 'stop', native: string | null = null) =>
    write([START, ...blocks, { kind: 'end', choice: 0, stop: { reason, native } }, ...FINISH])
  const text = (words: string, block = 0): readonly Part[] => [
    { kind: 'open', choice: 0, block, content: { kind: 'text' } },
    { kind: 'delta', choice: 0, block, text: words },
    { kind: 'close', choice: 0, block },
  ]

  test('has everything that OpenAI’s clients expect', () => {
    expect(saying(text('Hi')).body).toEqual({
      id: 'chatcmpl-req1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'claude',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
    })
  })

  test('keeps a name that this wire could have given', () => {
    expect(write([{ kind: 'start', id: 'chatcmpl-9', model: '' }, ...FINISH]).body).toMatchObject({
      id: 'chatcmpl-9',
      model: 'asked-model',
    })
  })

  test.each<[StopReason, string]>([
    ['stop', 'stop'],
    ['sequence', 'stop'],
    ['length', 'length'],
    ['context', 'length'],
    ['pause', 'stop'],
    ['refusal', 'content_filter'],
    ['filter', 'content_filter'],
    ['blocked', 'content_filter'],
    ['recitation', 'content_filter'],
  ])('%s is told as %s', (reason, word) => {
    expect(saying(text('a'), reason).body['choices']).toMatchObject([{ finish_reason: word }])
  })

  test('the vendor’s own word is added where OpenAI’s says less', () => {
    expect(saying(text('a'), 'recitation', 'RECITATION').body['choices']).toMatchObject([
      { native_finish_reason: 'RECITATION' },
    ])
    expect(JSON.stringify(saying(text('a'), 'stop', 'end_turn').body)).not.toContain('native')
  })

  test('sources count in the one text of the message; one without an address is lost', () => {
    const at = { choice: 0, block: 1 }
    const cited: readonly Part[] = [
      { kind: 'open', ...at, content: { kind: 'text' } },
      { kind: 'delta', ...at, text: 'world' },
      { kind: 'cite', ...at, citation: { url: 'https://a.example', title: 'A', start: 1, end: 3 } },
      { kind: 'cite', ...at, citation: { url: 'https://b.example' } },
      { kind: 'cite', ...at, citation: { title: 'a document' } },
      { kind: 'close', ...at },
    ]
    const { body, losses } = saying([...text('Hello '), ...cited])
    expect(body['choices']).toMatchObject([
      {
        message: {
          content: 'Hello world',
          annotations: [
            {
              type: 'url_citation',
              url_citation: { start_index: 7, end_index: 9, url: 'https://a.example', title: 'A' },
            },
            {
              type: 'url_citation',
              url_citation: { start_index: 6, end_index: 11, url: 'https://b.example', title: '' },
            },
          ],
        },
      },
    ])
    expect(losses).toMatchObject([{ field: 'text.citations', what: 'dropped' }])
  })

  test('a call without input has an empty object, unless the limit cut it off', () => {
    const call: readonly Part[] = [
      { kind: 'open', choice: 0, block: 0, content: { kind: 'call', id: 'c', name: 'f', input: 'function' } },
      { kind: 'close', choice: 0, block: 0 },
    ]
    expect(saying(call).body['choices']).toMatchObject([
      { finish_reason: 'tool_calls', message: { content: null, tool_calls: [{ function: { arguments: '{}' } }] } },
    ])
    expect(saying(call, 'length').body['choices']).toMatchObject([
      { finish_reason: 'length', message: { tool_calls: [{ function: { arguments: '' } }] } },
    ])
  })

  test('usage is told in this wire’s spelling, with the cache inside the prompt', () => {
    const usage = { ...NO_USAGE, input: 10, cacheRead: 5, cacheWrite5m: 2, cacheWrite1h: 1, output: 7, reasoning: 3 }
    const parts: readonly Part[] = [START, { kind: 'usage', usage, serviceTier: 'priority' }, ...FINISH]
    expect(write(parts).body).toMatchObject({
      service_tier: 'priority',
      usage: {
        prompt_tokens: 18,
        completion_tokens: 10,
        total_tokens: 28,
        prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    })
    expect(
      collect(
        read({
          ...completion({ content: 'a' }),
          ...write(parts).body,
          choices: completion({ content: 'a' })['choices'] ?? [],
        }),
      ).usage?.usage,
    ).toEqual({
      ...usage,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      cacheWriteOther: 3,
    })
  })

  test('a block of another wire never goes out, and is reported', () => {
    const { body, losses } = saying([
      {
        kind: 'open',
        choice: 0,
        block: 0,
        content: { kind: 'foreign', wire: 'anthropic', type: 'server_tool_use', json: { secret: 1 } },
      },
      { kind: 'close', choice: 0, block: 0 },
    ])
    expect(JSON.stringify(body)).not.toContain('secret')
    expect(losses).toMatchObject([{ field: 'content.server_tool_use', what: 'dropped' }])
  })
})
