import { describe, expect, test } from 'vitest'
import { blockParts, type CollectedBlock, collect } from './collect.ts'
import type { Part } from './part.ts'
import { NO_USAGE } from './usage.ts'

const at = { choice: 0, block: 0 }
const text = (block: number, words: string, choice = 0): readonly Part[] =>
  blockParts({ choice, block }, { content: { kind: 'text' }, text: words })

describe('parts put together', () => {
  test('are the reply that they tell of', () => {
    const parts: readonly Part[] = [
      { kind: 'start', id: 'r', model: 'm', createdAt: 5, own: { wire: 'gemini', fields: { a: 1 } } },
      ...blockParts(at, {
        content: { kind: 'reasoning', id: 'rs' },
        text: 'hm',
        citations: [],
        proof: { wire: 'anthropic', account: 'main', data: 'sig' },
      }),
      ...text(1, 'yes'),
      { kind: 'end', choice: 0, stop: { reason: 'stop', native: 'end_turn' } },
      { kind: 'usage', usage: { ...NO_USAGE, input: 3 }, serviceTier: 'fast' },
      { kind: 'finish' },
    ]
    expect(collect(parts)).toEqual({
      id: 'r',
      model: 'm',
      createdAt: 5,
      own: { wire: 'gemini', fields: { a: 1 } },
      choices: [
        {
          index: 0,
          blocks: [
            {
              content: { kind: 'reasoning', id: 'rs' },
              text: 'hm',
              citations: [],
              proof: { wire: 'anthropic', account: 'main', data: 'sig' },
            },
            { content: { kind: 'text' }, text: 'yes', citations: [] },
          ],
          stop: { reason: 'stop', native: 'end_turn' },
        },
      ],
      usage: { usage: { ...NO_USAGE, input: 3 }, serviceTier: 'fast' },
      finished: true,
    })
  })

  test('are the same however a text was cut', () => {
    const whole = text(0, 'one two three')
    const cut: readonly Part[] = [
      { kind: 'open', ...at, content: { kind: 'text' } },
      ...['one', ' two', '', ' three'].map((words): Part => ({ kind: 'delta', ...at, text: words })),
      { kind: 'close', ...at },
    ]
    expect(collect(cut)).toEqual(collect(whole))
  })

  test('of blocks that overlap are told apart', () => {
    const parts = [text(0, 'a'), text(1, 'b')]
    const mixed = [0, 1, 2].flatMap((index) => parts.flatMap((block) => block.slice(index, index + 1)))
    expect(collect(mixed)).toEqual(collect(parts.flat()))
  })

  test('give choices in the order of their index, whichever came first', () => {
    const { choices } = collect([...text(0, 'second', 1), ...text(0, 'first', 0)])
    expect(choices.map(({ index, blocks }) => [index, blocks[0]?.text])).toEqual([
      [0, 'first'],
      [1, 'second'],
    ])
  })

  test('of several usages keep the last one', () => {
    const usage = (input: number): Part => ({ kind: 'usage', usage: { ...NO_USAGE, input }, serviceTier: null })
    expect(collect([usage(1), usage(2)]).usage?.usage.input).toBe(2)
  })

  test('without the wire’s terminal are no finished reply', () => {
    expect(collect(text(0, 'a')).finished).toBe(false)
    expect(collect([]).choices).toEqual([])
  })

  test('of a block that never opened are nothing', () => {
    expect(collect([{ kind: 'delta', choice: 0, block: 7, text: 'ghost' }]).choices[0]?.blocks).toEqual([])
  })

  test('a block whose number is used again is another block', () => {
    expect(collect([...text(0, 'a'), ...text(0, 'b')]).choices[0]?.blocks.map((block) => block.text)).toEqual([
      'a',
      'b',
    ])
  })
})

test.each<[string, CollectedBlock]>([
  ['text with its source', { content: { kind: 'text' }, text: 'a', citations: [{ url: 'https://example.com' }] }],
  ['a call', { content: { kind: 'call', id: 'c', name: 'f', input: 'function' }, text: '{}', citations: [] }],
  [
    'a call without an argument',
    { content: { kind: 'call', id: 'c', name: 'f', input: 'custom' }, text: '', citations: [] },
  ],
  ['a picture', { content: { kind: 'media', mediaType: 'image/png', base64: 'AA==' }, text: '', citations: [] }],
  ['a foreign block', { content: { kind: 'foreign', wire: 'gemini', type: 'x', json: {} }, text: '', citations: [] }],
  [
    'what the wire keeps at both ends',
    {
      content: { kind: 'text' },
      text: 'a',
      citations: [],
      proof: { wire: 'gemini', account: null, data: 'd' },
      own: { wire: 'gemini', fields: { opened: 1 } },
      closeOwn: { wire: 'gemini', fields: { closed: 1 } },
    },
  ],
])('a block in one piece is collected as it was: %s', (_, block) => {
  expect(collect(blockParts(at, block)).choices[0]?.blocks).toEqual([block])
})
