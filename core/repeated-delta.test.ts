import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { RepeatedDelta } from './repeated-delta.ts'
import type { ReadReply, StreamEvent } from './wire.ts'
import { wires } from './wires/index.ts'

const context: ReadReply = { flavour: 'openai', account: 'a', spendLimitCodes: [], endsWithDone: true }

const chunk = (delta: object, more: object = {}): StreamEvent => ({
  name: undefined,
  data: JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...more }),
})
const block = (index: number, text: string): StreamEvent => ({
  name: 'content_block_delta',
  data: JSON.stringify({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
})

/** The parts of a stream, and how many events had to be read for them. */
function read(wire: 'openai-chat' | 'anthropic', events: readonly StreamEvent[], repeated?: RepeatedDelta) {
  const reader = wires[wire].stream.reader(context)
  const parts: Part[] = []
  let count = 0
  for (const event of events) {
    const known = repeated?.match(event)
    if (known !== undefined) {
      parts.push(known)
      continue
    }
    count++
    const some = reader.push(event)
    repeated?.learn(event, some)
    parts.push(...some)
  }
  return { parts, count }
}

test('a stream means the same whether its pieces are read or known again', () => {
  // Texts that look like the frame around them, quotes, escapes, and pieces of other kinds in between.
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('c', 'm', 'a"b', 'back\\slash', '","finish_reason":"stop', 'choices', '', '\n', '{"x":1}'),
  )
  const event = fc.oneof(
    { weight: 6, arbitrary: piece.map((content) => chunk({ content })) },
    piece.map((reasoning_content) => chunk({ reasoning_content })),
    piece.map((refusal) => chunk({ refusal })),
    piece.map((text) =>
      chunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'look', arguments: text } }] }),
    ),
    piece.map((content) => chunk({ content }, { obfuscation: 'x' })),
    fc.constant(chunk({})),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      expect(read('openai-chat', events, new RepeatedDelta()).parts).toEqual(read('openai-chat', events).parts)
    }),
  )
})

test('of a plain stream two pieces are read, and no more', () => {
  const words = Array.from({ length: 50 }, (_, index) => chunk({ content: ` word${index}` }))
  const { parts, count } = read('openai-chat', words, new RepeatedDelta())
  expect(parts).toEqual(read('openai-chat', words).parts)
  expect(count).toBe(2)
})

test('a piece of another block is never taken for one of this', () => {
  const start = (index: number): StreamEvent => ({
    name: 'content_block_start',
    data: JSON.stringify({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }),
  })
  const stop = (index: number): StreamEvent => ({
    name: 'content_block_stop',
    data: JSON.stringify({ type: 'content_block_stop', index }),
  })
  const message: StreamEvent = {
    name: 'message_start',
    data: JSON.stringify({ type: 'message_start', message: { id: 'msg_1', model: 'm', content: [], usage: {} } }),
  }
  const two = (index: number, words: readonly string[]) => [
    start(index),
    ...words.map((word) => block(index, word)),
    stop(index),
  ]
  const events = [message, ...two(0, ['one', 'two']), ...two(1, ['three', 'four'])]
  expect(read('anthropic', events, new RepeatedDelta()).parts).toEqual(read('anthropic', events).parts)
})
