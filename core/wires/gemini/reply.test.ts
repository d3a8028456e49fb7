import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import { asking } from '../../contract/chat-parts.ts'
import { meaning } from '../../contract/meaning.ts'
import { reply, textBlock } from '../../contract/replies.ts'
import { READ_REPLY, WRITE_REPLY } from '../../contract/wire.ts'
import { asObject, type JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { unwrapProof, wrapProof } from '../../proof.ts'
import { readReply, streamReader } from './reply-read.ts'
import { writeReply } from './reply-write.ts'
import { readRequest } from './request-read.ts'

const candidate = (parts: readonly JsonObject[], fields: JsonObject = {}): JsonObject => ({
  candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP', index: 0, ...fields }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: 'gem-1',
  responseId: 'r1',
})
const read = (body: JsonObject) => readReply(body, READ_REPLY)
const write = (parts: readonly Part[]) => writeReply(parts, WRITE_REPLY)
const stop = (body: JsonObject) => collect(read(body)).choices[0]?.stop
const events = (...bodies: readonly JsonObject[]): readonly Part[] => {
  const reader = streamReader(READ_REPLY)
  return [...bodies.flatMap((body) => reader.push({ name: undefined, data: JSON.stringify(body) })), ...reader.end()]
}

describe('a whole reply is written back as it was read', () => {
  test.each<[string, JsonObject]>([
    ['a text', candidate([{ text: 'Hi' }])],
    [
      'texts in pieces, empty ones too',
      candidate([{ text: 'a' }, { text: '' }, { text: 'b', thoughtSignature: 'c2ln' }, { text: 'c' }, { text: '' }]),
    ],
    [
      'thoughts',
      candidate([
        { text: 'Hm', thought: true },
        { thought: true, text: 'm', thoughtSignature: 'c2ln' },
        { text: 'Hi' },
      ]),
    ],
    [
      'calls with and without ids, signatures and arguments',
      candidate([
        { functionCall: { name: 'f', args: { a: { b: [1] } } }, thoughtSignature: 'c2ln' },
        { functionCall: { name: 'f', id: 'x1' } },
        { functionCall: { name: 'g', args: {}, id: '', extra: 1 }, partMetadata: {} },
        { text: '' },
      ]),
    ],
    [
      'a call that broke off',
      candidate([{ functionCall: { name: 'f', willContinue: true } }], { finishReason: 'MAX_TOKENS' }),
    ],
    [
      'pictures and foreign parts',
      candidate([
        { inlineData: { mimeType: 'image/png', data: 'iVBO', x: 1 } },
        { executableCode: { code: '1' } },
        { thoughtSignature: 's' },
        { text: 'a', thought: false },
      ]),
    ],
    [
      'grounding and more',
      candidate([{ text: 'Hi' }], {
        groundingMetadata: { webSearchQueries: ['q'] },
        avgLogprobs: -1,
        finishMessage: 'm',
        safetyRatings: null,
      }),
    ],
    [
      'a candidate without content',
      { candidates: [{ finishReason: 'SAFETY' }], usageMetadata: { promptTokenCount: 1, x: 2 } },
    ],
    ['a content without parts', { candidates: [{ content: { role: 'model' }, finishReason: 'MAX_TOKENS', index: 0 }] }],
    [
      'a content without a role',
      { candidates: [{ content: { parts: [{ text: 'a' }], more: 1 }, finishReason: 'STOP' }] },
    ],
    [
      'several candidates',
      {
        candidates: [1, 0]
          .map((index) => ({
            content: { parts: [{ text: String(index) }], role: 'model' },
            finishReason: 'STOP',
            index,
          }))
          .toReversed(),
      },
    ],
    [
      'a blocked prompt',
      {
        promptFeedback: { blockReason: 'SAFETY', safetyRatings: [] },
        usageMetadata: { promptTokenCount: 3 },
        modelVersion: 'm',
      },
    ],
    ['a blocked prompt with an empty list', { candidates: [], promptFeedback: { blockReason: 'OTHER' } }],
    ['usage that counts nothing', { ...candidate([{ text: 'a' }]), usageMetadata: { trafficType: 'ON_DEMAND' } }],
    [
      'unknown fields',
      { ...candidate([{ text: 'a' }]), createTime: '2026-01-02T03:04:05.6Z', turnToken: 't', nothing: null },
    ],
    ['an unknown end', candidate([{ text: 'a' }], { finishReason: 'BRAND_NEW' })],
  ])('%s', (_, body) => {
    const written = write(read(body))
    expect(written.body).toEqual(body)
    expect(written.losses).toEqual([])
  })
})

describe('why it ended', () => {
  const call = { functionCall: { name: 'f', args: {} } }
  test.each<[string, readonly JsonObject[], string]>([
    ['STOP', [{ text: 'a' }], 'stop'],
    ['STOP', [call], 'calls'],
    ['STOP', [call, { text: 'a' }], 'calls'],
    ['MAX_TOKENS', [{ text: 'a' }], 'length'],
    ['SAFETY', [], 'filter'],
    ['PROHIBITED_CONTENT', [], 'filter'],
    ['SPII', [], 'filter'],
    ['IMAGE_SAFETY', [], 'filter'],
    ['MODEL_ARMOR', [], 'filter'],
    ['RECITATION', [], 'recitation'],
    ['LANGUAGE', [], 'recitation'],
    ['MALFORMED_FUNCTION_CALL', [], 'broken-call'],
    ['UNEXPECTED_TOOL_CALL', [call], 'broken-call'],
    ['TOO_MANY_TOOL_CALLS', [], 'broken-call'],
    ['constructor', [], 'filter'],
  ])('%s %j is %s (traps 14 and 44)', (finishReason, parts, reason) => {
    expect(stop(candidate(parts, { finishReason }))).toEqual({ reason, native: finishReason })
  })

  test('a prompt that was refused is blocked, never an empty answer (trap 26)', () => {
    const parts = read({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } })
    expect(parts.map(({ kind }) => kind)).toEqual(['start', 'usage', 'end', 'finish'])
    expect(collect(parts).choices[0]?.stop).toEqual({ reason: 'blocked', native: 'SAFETY' })
  })

  test.each<[string, JsonObject]>([
    ['nothing', {}],
    ['no candidates and no reason', { usageMetadata: { promptTokenCount: 4 } }],
    ['a candidate that has not ended', { candidates: [{ content: { parts: [{ text: 'a' }] } }] }],
    ['candidates that are no list', { candidates: {} }],
    ['parts that are no list', { candidates: [{ content: { parts: 'a' }, finishReason: 'STOP' }] }],
    ['a text that is none', candidate([{ text: 7 }])],
    ['a call without a name', candidate([{ functionCall: { args: {} } }])],
    ['arguments that are no object', candidate([{ functionCall: { name: 'f', args: '{}' } }])],
    [
      'too many candidates',
      { candidates: Array.from({ length: 1_000 }, (_, index) => ({ index, finishReason: 'STOP' })) },
    ],
  ])('%s is no reply', (_, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'upstream_error', reason: 'broken_reply' }))
  })

  test('an error in a good status is a fault, and nothing else', () => {
    expect(read({ error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } })).toMatchObject([
      { kind: 'fault', fault: { code: 'overloaded' } },
    ])
  })
})

describe('calls', () => {
  test('that have no id get one that is unique in the conversation', () => {
    const ids = (responseId: string) =>
      collect(
        read({ ...candidate([{ functionCall: { name: 'f' } }, { functionCall: { name: 'f' } }]), responseId }),
      ).choices[0]?.blocks.map(({ content }) => content.kind === 'call' && content.id)
    expect(new Set([...(ids('r1') ?? []), ...(ids('r2') ?? [])]).size).toBe(4)
  })

  test('with a signature keep it for the account that it came from', () => {
    const [block] =
      collect(read(candidate([{ functionCall: { name: 'f' }, thoughtSignature: 's' }]))).choices[0]?.blocks ?? []
    expect(block?.proof).toEqual({ wire: 'gemini', account: 'main', data: 's' })
  })
})

describe('sources (trap 52)', () => {
  const grounding = (segment: JsonObject): JsonObject => ({
    groundingMetadata: {
      webSearchQueries: ['q', 'p'],
      groundingChunks: [
        { web: { uri: 'https://example.com/a', title: 'A' } },
        { retrievedContext: { uri: 'u', text: 'quoted' } },
      ],
      groundingSupports: [{ segment, groundingChunkIndices: [0, 1, 9] }],
    },
  })
  const cited = (parts: readonly JsonObject[], fields: JsonObject) =>
    collect(read(candidate(parts, fields))).choices[0]?.blocks.map(({ citations }) => citations)

  test('are told by units of UTF-16, though the vendor counts bytes', () => {
    const text = 'Zürich 🎈 ist schön.'
    expect(cited([{ text }], grounding({ startIndex: 13, endIndex: 16, text: 'ist' }))).toEqual([
      [
        { url: 'https://example.com/a', title: 'A', start: 10, end: 13 },
        { url: 'u', quote: 'quoted', start: 10, end: 13 },
      ],
    ])
  })

  test.each<[string, JsonObject, number | undefined]>([
    ['by the words, where the numbers are wrong', { startIndex: 1, endIndex: 3, text: 'two' }, 4],
    ['without words by the numbers', { startIndex: 4, endIndex: 7 }, 4],
    ['nowhere where neither fits', { startIndex: 900, endIndex: 901, text: 'nine' }, undefined],
    ['nowhere without an end', { text: 'ten' }, undefined],
  ])('are found %s', (_, segment, start) => {
    expect(cited([{ text: 'one two' }], grounding(segment))?.[0]?.[0]?.start).toBe(start)
  })

  test.each<[JsonObject, number]>([
    [{ startIndex: 13, endIndex: 16 }, 10],
    [{ startIndex: 17, endIndex: 20, text: 'ist' }, 14],
  ])('are found behind letters of several bytes by %j', (segment, start) => {
    expect(cited([{ text: 'Zürich 🎈 ist ist' }], grounding(segment))?.[0]?.[0]?.start).toBe(start)
  })

  test('of a copied text as well', () => {
    const fields = {
      citationMetadata: {
        citationSources: [{ startIndex: 0, endIndex: 3, uri: 'https://example.com/b', license: 'mit' }, { uri: 7 }],
      },
    }
    expect(cited([{ text: 'abc def' }], fields)).toEqual([[{ url: 'https://example.com/b', start: 0, end: 3 }]])
  })

  test('are told of a signed text too, and of every text of a whole reply', () => {
    const parts = [{ text: 'one ' }, { executableCode: { code: '1' } }, { text: 'two', thoughtSignature: 's' }]
    const at = (startIndex: number, text: string) =>
      cited(parts, grounding({ startIndex, endIndex: startIndex + 3, text }))
    expect(at(0, 'one')?.map((citations) => citations[0]?.start)).toEqual([0, undefined, undefined])
    expect(at(4, 'two')?.map((citations) => citations[0]?.start)).toEqual([undefined, undefined, 0])
  })

  test('are counted as searches', () => {
    expect(collect(read(candidate([{ text: 'a' }], grounding({})))).usage?.usage.searches).toBe(2)
  })

  test('of another vendor are written in bytes, and come back', () => {
    const text = 'Zürich 🎈 ist schön.'
    const parts = reply([
      { ...textBlock(text), citations: [{ url: 'https://example.com/a', title: 'A', start: 10, end: 13 }] },
    ])
    const { body } = write(parts)
    expect(body).toMatchObject({
      candidates: [
        { groundingMetadata: { groundingSupports: [{ segment: { startIndex: 13, endIndex: 16, text: 'ist' } }] } },
      ],
    })
    expect(collect(read(body)).choices[0]?.blocks[0]?.citations).toEqual([
      { url: 'https://example.com/a', title: 'A', start: 10, end: 13 },
    ])
  })
})

describe('a stream means what the whole reply means', () => {
  test('of text in pieces, with a signature behind it in an empty part', () => {
    const whole = candidate([{ text: 'Hello, world', thoughtSignature: 'c2ln' }])
    const chunk = (parts: readonly JsonObject[], fields: JsonObject = {}) => ({
      ...whole,
      candidates: [{ content: { parts, role: 'model' }, index: 0, ...fields }],
    })
    const streamed = events(
      chunk([{ text: 'Hello, ' }]),
      chunk([{ text: 'world' }]),
      chunk([{ text: '', thoughtSignature: 'c2ln' }], { finishReason: 'STOP' }),
    )
    expect(meaning(streamed)).toEqual(meaning(read(whole)))
  })

  test('of a call, with an empty text in the last chunk', () => {
    const whole = candidate([{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'c2ln' }])
    const parts = events(
      {
        ...whole,
        candidates: [
          { content: { parts: [{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'c2ln' }] } },
        ],
      },
      { ...whole, candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP' }] },
    )
    expect(meaning(parts)).toEqual(meaning(read(whole)))
  })

  test('of arguments in pieces (Vertex)', () => {
    const piece = (fields: JsonObject): JsonObject => ({
      candidates: [{ content: { parts: [{ functionCall: fields }] } }],
      responseId: 'r1',
    })
    const parts = events(
      piece({ name: 'cook', willContinue: true }),
      piece({
        partialArgs: [{ jsonPath: '$.steps[0].say', stringValue: 'Boil ', willContinue: true }],
        willContinue: true,
      }),
      piece({ partialArgs: [{ jsonPath: '$.steps[0].say', stringValue: 'water' }], willContinue: true }),
      piece({
        partialArgs: [
          { jsonPath: "$['a b']", numberValue: 2 },
          { jsonPath: '$.ok', boolValue: true },
          { jsonPath: '$.no', nullValue: 'NULL_VALUE' },
        ],
        willContinue: true,
      }),
      piece({}),
      { candidates: [{ content: { parts: [{ functionCall: {} }] }, finishReason: 'STOP' }] },
    )
    const [block] = collect(parts).choices[0]?.blocks ?? []
    expect(JSON.parse(block?.text ?? '')).toEqual({ steps: [{ say: 'Boil water' }], 'a b': 2, ok: true, no: null })
    expect(collect(parts).choices[0]?.stop?.reason).toBe('calls')
    expect(collect(parts).choices[0]?.blocks).toHaveLength(1)
  })

  test('of arguments in pieces that broke off, they are no call (trap 48)', () => {
    const parts = events(
      { candidates: [{ content: { parts: [{ functionCall: { name: 'f', willContinue: true } }] } }] },
      {
        candidates: [
          {
            content: {
              parts: [{ functionCall: { partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }], willContinue: true } }],
            },
            finishReason: 'MAX_TOKENS',
          },
        ],
      },
    )
    const [block] = collect(parts).choices[0]?.blocks ?? []
    expect(block?.text).toBe('{"a":"x"')
    expect(collect(parts).choices[0]?.stop?.reason).toBe('length')
  })

  test('the last reason holds, where a server goes on behind the first', () => {
    const parts = events(
      { candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: {} } }] }, finishReason: 'STOP' }] },
      { candidates: [{ content: { parts: [{ text: 'Done' }] }, finishReason: 'MAX_TOKENS' }] },
    )
    expect(parts.filter(({ kind }) => kind === 'end')).toHaveLength(1)
    expect(collect(parts).choices[0]?.stop?.native).toBe('MAX_TOKENS')
  })

  test('it is finished by its end only, and only when every candidate has ended', () => {
    const one = { candidates: [{ index: 0, content: { parts: [{ text: 'a' }] }, finishReason: 'STOP' }] }
    expect(events(one).at(-1)?.kind).toBe('finish')
    expect(
      events({ candidates: [{ index: 1, content: { parts: [{ text: 'b' }] } }] }, one).map(({ kind }) => kind),
    ).not.toContain('finish')
    expect(events({ candidates: [{ content: { parts: [{ text: 'a' }] } }] }).map(({ kind }) => kind)).not.toContain(
      'end',
    )
    const reader = streamReader(READ_REPLY)
    expect(reader.push({ name: undefined, data: JSON.stringify(one) }).map(({ kind }) => kind)).not.toContain('finish')
  })

  test.each(['nonsense', '[]', '7', 'null', '{"candidates":[7]}'])('%s is no event of the wire', (data) => {
    expect(() => streamReader(READ_REPLY).push({ name: undefined, data })).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    )
  })

  test.each([
    '{"error":{"code":503,"message":"lost capacity","status":"UNAVAILABLE"}}',
    '[{"error":{"code":503,"message":"lost capacity","status":"UNAVAILABLE"}}]',
  ])('an error behind the events is a fault, and nothing follows it: %s', (data) => {
    const reader = streamReader(READ_REPLY)
    const parts = [
      ...reader.push({ name: undefined, data: JSON.stringify(candidate([{ text: 'a' }])) }),
      ...reader.push({ name: undefined, data }),
      ...reader.push({ name: undefined, data: JSON.stringify(candidate([{ text: 'b' }])) }),
      ...reader.end(),
    ]
    expect(parts.at(-1)).toMatchObject({ kind: 'fault', fault: { code: 'overloaded', message: 'lost capacity' } })
    expect(parts.map(({ kind }) => kind)).not.toContain('finish')
  })

  test('usage is told when it changes', () => {
    const chunk = (candidatesTokenCount: number) => ({
      candidates: [],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount },
    })
    const used = events(chunk(1), chunk(1), chunk(2)).flatMap((part) =>
      part.kind === 'usage' ? [part.usage.output] : [],
    )
    expect(used).toEqual([1, 2])
  })
})

describe('a reply of another vendor', () => {
  test('has everything that clients expect', () => {
    const { body } = write(reply([textBlock('Hi')]))
    expect(body).toEqual({
      candidates: [{ content: { parts: [{ text: 'Hi' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 40, candidatesTokenCount: 20, totalTokenCount: 60 },
      modelVersion: 'served-model',
      responseId: 'reply-1',
    })
  })

  test('without names gets ours', () => {
    const parts = reply([textBlock('Hi')]).map((part) =>
      part.kind === 'start' ? { ...part, id: '', model: '' } : part,
    )
    const { body } = writeReply(parts, { ...WRITE_REPLY, chat: asking({ model: 'asked' }) })
    expect(body).toMatchObject({ modelVersion: 'asked', responseId: 'req_contract' })
  })

  test.each([
    ['sequence', 'STOP'],
    ['length', 'MAX_TOKENS'],
    ['context', 'MAX_TOKENS'],
    ['pause', 'STOP'],
    ['refusal', 'SAFETY'],
    ['recitation', 'RECITATION'],
    ['broken-call', 'MALFORMED_FUNCTION_CALL'],
  ] as const)('that ends with %s ends with %s', (reason, finishReason) => {
    expect(write(reply([textBlock('a')], reason)).body).toMatchObject({ candidates: [{ finishReason }] })
  })

  test('a call that was cut is not complete, and one that nobody can read no good end (traps 44 and 48)', () => {
    const cut = {
      content: { kind: 'call', id: 'c1', name: 'f', input: 'function' },
      text: '{"a":',
      citations: [],
    } as const
    expect(write(reply([cut], 'length')).body).toMatchObject({
      candidates: [
        {
          content: { parts: [{ functionCall: { id: 'c1', name: 'f', willContinue: true } }] },
          finishReason: 'MAX_TOKENS',
        },
      ],
    })
    expect(write(reply([cut], 'calls')).body).toMatchObject({
      candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }],
    })
    expect(JSON.stringify(write(reply([cut], 'length')).body)).not.toContain('"args"')
  })

  test('a prompt that was refused has no candidates', () => {
    expect(write(reply([], 'blocked')).body).toMatchObject({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } })
    expect(write(reply([], 'blocked')).body).not.toHaveProperty('candidates')
  })

  test('proofs travel in the wire’s own field and come back, hidden thoughts too', () => {
    const proof = { wire: 'anthropic', account: 'main', data: 'c2ln' } as const
    const { body } = write(
      reply([
        { content: { kind: 'reasoning' }, text: 'Hm', citations: [], proof },
        { content: { kind: 'reasoning', redacted: true }, text: '', citations: [], proof },
        textBlock('Hi'),
      ]),
    )
    const content = asObject((body['candidates'] as unknown as readonly JsonObject[])[0]?.['content']) ?? {}
    expect(content['parts']).toMatchObject([
      { text: 'Hm', thought: true, thoughtSignature: btoa(wrapProof(proof)) },
      {},
      { text: 'Hi' },
    ])
    const { turns } = readRequest({ contents: [content] }, { model: 'm', stream: false })
    expect(turns[0]?.blocks).toEqual([
      { kind: 'reasoning', text: 'Hm', proof },
      { kind: 'reasoning', text: '', redacted: true, proof },
      { kind: 'text', text: 'Hi' },
    ])
    expect(unwrapProof(wrapProof(proof), 'gemini')).toEqual(proof)
    // SDKs whose field is of bytes read it and write it again.
    const again = Buffer.from(btoa(wrapProof(proof)), 'base64').toString('base64url')
    expect(Buffer.from(again, 'base64url').toString()).toBe(wrapProof(proof))
  })

  test('what only another vendor knows is left out, and told', () => {
    const written = write(
      reply([
        { content: { kind: 'foreign', wire: 'anthropic', type: 'server_tool_use', json: {} }, text: '', citations: [] },
        textBlock('a'),
      ]),
    )
    expect(written.body).toMatchObject({ candidates: [{ content: { parts: [{ text: 'a' }] } }] })
    expect(written.losses).toMatchObject([{ field: 'content.server_tool_use', what: 'dropped' }])
  })
})
