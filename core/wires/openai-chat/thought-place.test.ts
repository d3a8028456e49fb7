import { describe, expect, test } from 'vitest'
import type { Block, ReasoningBlock } from '../../chat.ts'
import { inPlace, Pieces } from './thought-place.ts'
import { numbered } from './thoughts.ts'

const thought = (text: string, index: number | undefined, wire: 'anthropic' | 'openai-chat' = 'anthropic') =>
  ({
    kind: 'reasoning',
    text,
    proof: { wire, account: 'main', data: 'c2ln' },
    own: { wire: 'openai-chat', fields: {}, spelt: numbered(index) },
  }) satisfies ReasoningBlock
const text = (words: string): Block => ({ kind: 'text', text: words })
const call = (name: string): Block => ({ kind: 'call', id: name, name, input: { kind: 'function', text: '' } })
const said = (blocks: readonly Block[]) =>
  blocks.map((block) => (block.kind === 'call' ? block.name : 'text' in block ? block.text : block.kind))

describe('a thought that a client gives back', () => {
  test.each([
    ['stands first by number 0', [thought('a', 0)], [text('x'), call('c')], ['a', 'x', 'c']],
    ['stands behind the text', [thought('a', 0), thought('b', 2)], [text('x'), call('c')], ['a', 'x', 'b', 'c']],
    ['stands between calls', [thought('a', 1)], [call('c'), call('d')], ['c', 'a', 'd']],
    ['stands behind a text that was cut', [thought('a', 1)], [text('x'), text('y'), call('c')], ['x', 'y', 'a', 'c']],
    ['stands last by a number beyond all', [thought('a', 9_000_000)], [text('x'), call('c')], ['x', 'c', 'a']],
    [
      'keeps the order of the list by numbers that fall',
      [thought('a', 2), thought('b', 0)],
      [text('x')],
      ['x', 'a', 'b'],
    ],
    ['stands first without a number', [thought('a', undefined)], [text('x')], ['a', 'x']],
    ['stands alone', [thought('a', 3)], [], ['a']],
  ])('%s', (_, thoughts, others, order) => {
    expect(said(inPlace(thoughts, others))).toEqual(order)
  })

  test('stands first when the node of this wire has numbered it, which counts thoughts only', () => {
    expect(said(inPlace([thought('a', 1, 'openai-chat')], [text('x'), call('c')]))).toEqual(['a', 'x', 'c'])
  })
})

test('texts are one piece and calls are many, so that the numbers agree with what a client gives back', () => {
  const pieces = new Pieces()
  const counts = (['reasoning', 'text', 'text', 'call', 'call', 'text'] as const).map((kind) => {
    pieces.add(kind)
    return pieces.count
  })
  expect(counts).toEqual([1, 2, 2, 3, 4, 4])
})
