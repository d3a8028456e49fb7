import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WireId } from './chat.ts'
import { Fault } from './fault.ts'
import { Translating, type TranslatingOptions } from './translating.ts'
import { type FormId, forms } from './wires/forms.ts'
import { wires } from './wires/index.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const optionsOf = (vendor: WireId, form: FormId, more: Partial<TranslatingOptions> = {}): TranslatingOptions => ({
  vendor: wires[vendor],
  form: forms[form],
  from: 'stream',
  to: 'stream',
  undo: { toolNames: new Map(), customTools: new Set() },
  read: { flavour: 'openai', account: 'main', spendLimitCodes: ['no_money'], endsWithDone: true },
  write: {
    requestId: 'r1',
    createdAt: 1_700_000_000,
    inputEstimate: 9,
    usageAsked: true,
    chat: { model: 'asked', stream: true, turns: [], tools: [] },
  },
  eventBytesMax: 100_000,
  replyBytesMax: 100_000,
  ...more,
})

const event = (data: object | string) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const chunk = (delta: object, finish_reason: string | null = null) =>
  event({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-1',
    choices: [{ index: 0, delta, finish_reason }],
  })
const USAGE = event({
  id: 'c1',
  model: 'm-1',
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
})
const DONE = event('[DONE]')
const HELLO = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hel' }),
  chunk({ content: 'lö' }),
  chunk({}, 'stop'),
  USAGE,
  DONE,
]

/** Everything that came out, as text. */
function run(reader: Translating, pieces: readonly (string | Uint8Array)[], end = true): string {
  const out: string[] = []
  for (const piece of pieces) out.push(textOf(reader.push(typeof piece === 'string' ? encoder.encode(piece) : piece)))
  if (end) out.push(textOf(reader.end()))
  return out.join('')
}
const textOf = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : decoder.decode(bytes))

test('a stream that nobody asked for is held up to a limit, not for ever', () => {
  const reader = new Translating(optionsOf('openai-chat', 'anthropic', { to: 'whole' }))
  const much = chunk({ content: 'x'.repeat(1_000) })
  reader.push(encoder.encode(chunk({ role: 'assistant', content: '' })))
  expect(() => {
    for (let times = 0; times < 200; times++) reader.push(encoder.encode(much))
  }).toThrow(expect.objectContaining({ code: 'upstream_error', reason: 'too_large' }))
})

describe('a stream of another wire', () => {
  test('comes in the words of the client, is complete, and tells what was used', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    const text = run(reader, HELLO)
    expect(text.match(/^event: .*/gm)).toEqual([
      'event: message_start',
      'event: content_block_start',
      'event: content_block_delta',
      'event: content_block_delta',
      'event: content_block_stop',
      'event: message_delta',
      'event: message_stop',
    ])
    expect([reader.ending(), reader.done]).toEqual(['complete', true])
    expect(reader.reading()).toMatchObject({ model: 'm-1', source: 'vendor', usage: { input: 3, output: 2 } })
  })

  test('means the same however its bytes are cut', () => {
    const whole = run(new Translating(optionsOf('openai-chat', 'anthropic')), [HELLO.join('')])
    const bytes = encoder.encode(HELLO.join(''))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const pieces: Uint8Array[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1
          pieces.push(bytes.subarray(at, at + size))
          at += size
        }
        expect(run(new Translating(optionsOf('openai-chat', 'anthropic')), pieces)).toBe(whole)
      }),
    )
  })

  test('gives nothing out before its first content, so that another target may still be tried', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    expect(run(reader, [chunk({ role: 'assistant', content: '' })], false)).toBe('')
    expect(reader.opened).toBe(false)
    expect(run(reader, [chunk({ content: 'Hi' })], false)).toContain('message_start')
    expect(reader.opened).toBe(true)
  })

  test('stays open by the sign of life of its own wire while the vendor says only that it is there', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    expect(run(reader, [': PROCESSING\n\n'], false)).toBe('')
    run(reader, [chunk({ content: 'Hi' })], false)
    expect(run(reader, [': PROCESSING\n\n'], false)).toContain('event: ping')
    expect(run(reader, ['data: {"id"'], false)).toBe('')
  })

  test('that begins with an error is none', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    expect(run(reader, [event({ error: { message: 'too busy', code: 503 } })])).toBe('')
    expect(reader.openingFault).toMatchObject({ code: 'overloaded', reason: 'error_in_stream' })
  })

  test("that breaks with the vendor's error tells it in the client's form, and ends there", () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    const text = run(reader, [chunk({ content: 'Hi' }), event({ error: { message: 'gave up' } }), DONE])
    expect(text).toContain('event: error\n')
    expect(text).not.toContain('message_stop')
    expect(reader.ending()).toBe('told')
  })

  test("that breaks with an error about our account tells nobody the vendor's words", () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    const text = run(reader, [chunk({ content: 'Hi' }), event({ error: { message: 'org-SECRET', code: 'no_money' } })])
    expect(text).not.toContain('SECRET')
    expect([reader.ending(), reader.brokenBy?.code]).toEqual(['broken', 'upstream_funds'])
  })

  test('that is cut is broken, and says what was counted', () => {
    const reader = new Translating(optionsOf('openai-chat', 'gemini'))
    run(reader, [chunk({ content: 'twelve chars' })])
    expect(reader.ending()).toBe('broken')
    expect(reader.reading()).toMatchObject({ source: 'counted', usage: { input: 9, output: 3 } })
    expect(reader.faultFrame(new Fault('upstream_error', 'It broke'))).toContain('"error"')
  })

  test('whose model calls a tool in a way that nobody can read is an error, and no empty success', () => {
    const reader = new Translating(optionsOf('gemini', 'openai-chat'))
    run(reader, [
      event({ candidates: [{ content: { parts: [] }, finishReason: 'MALFORMED_FUNCTION_CALL', index: 0 }] }),
    ])
    expect(reader.openingFault).toMatchObject({ code: 'upstream_error', reason: 'broken_call' })
  })

  test('that is nonsense throws before anything went out', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic'))
    expect(() => reader.push(encoder.encode('data: <html>\n\n'))).toThrow(Fault)
  })

  test('with an event that never ends is cut at the limit', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { eventBytesMax: 50 }))
    expect(() => {
      for (let count = 0; count < 100; count++) reader.push(encoder.encode('data: xxxxxxxxxx'))
    }).toThrow(/too large/)
  })
})

const MESSAGE = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
}

describe('a reply of another shape than was asked for', () => {
  test('in one piece becomes a stream', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { from: 'whole' }))
    expect(run(reader, [JSON.stringify(MESSAGE)])).toMatch(/message_start[^]*Hello[^]*message_stop/)
    expect(reader.ending()).toBe('complete')
  })

  test('in a stream becomes one piece', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { to: 'whole' }))
    expect(JSON.parse(run(reader, HELLO))).toMatchObject({
      type: 'message',
      content: [{ text: 'Hellö' }],
      stop_reason: 'end_turn',
    })
  })

  test('in a stream that was cut becomes nothing', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { to: 'whole' }))
    expect(run(reader, HELLO.slice(0, 3))).toBe('')
    expect(reader.ending()).toBe('broken')
  })
})

describe('a whole reply', () => {
  const whole = { from: 'whole', to: 'whole' } as const

  test.each(['anthropic', 'gemini', 'openai-responses'] as const)(
    'of another wire is one for clients of %s',
    (form) => {
      const reader = new Translating(optionsOf('openai-chat', form, whole))
      expect(run(reader, [JSON.stringify(MESSAGE)])).toContain('Hello')
      expect([reader.ending(), reader.openingFault]).toEqual(['complete', undefined])
    },
  )

  test.each(['', 'no JSON', '[]', '{"hello":1}'])('that is %j is an error of the vendor', (body) => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', whole))
    expect(run(reader, [body])).toBe('')
    expect(reader.openingFault).toMatchObject({ code: 'upstream_error' })
  })

  test('larger than can be held is cut', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { ...whole, replyBytesMax: 10 }))
    expect(() => reader.push(encoder.encode('x'.repeat(11)))).toThrow(/too large/)
  })
})

describe('a call that could only be asked for', () => {
  const force = { names: ['look'] }
  const call = chunk({ tool_calls: [{ index: 0, id: 'c', function: { name: 'look', arguments: '{}' } }] })

  test('is told to be missing when the model answers with text', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { force }))
    run(reader, HELLO)
    expect(reader.losses()).toEqual([expect.objectContaining({ field: 'tool_choice', what: 'dropped' })])
  })

  test('is nothing to tell of when the model makes it', () => {
    const reader = new Translating(optionsOf('openai-chat', 'anthropic', { force }))
    run(reader, [call, chunk({}, 'tool_calls'), DONE])
    expect(reader.losses()).toEqual([])
  })
})
