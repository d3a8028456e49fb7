import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect } from './collect.ts'
import type { Part } from './part.ts'
import { sequential } from './sequential.ts'

const run = (parts: readonly Part[]): readonly Part[] => {
  const step = sequential()
  return parts.flatMap((part) => step(part))
}
const open = (block: number, choice = 0): Part => ({ kind: 'open', choice, block, content: { kind: 'text' } })
const delta = (block: number, text: string, choice = 0): Part => ({ kind: 'delta', choice, block, text })
const close = (block: number, choice = 0): Part => ({ kind: 'close', choice, block })
const end = (choice = 0): Part => ({ kind: 'end', choice, stop: { reason: 'stop', native: null } })

/** Blocks of some choices whose parts are mixed in any way, each block's own in order. */
const interleaved: fc.Arbitrary<readonly Part[]> = fc
  .array(
    fc.record({
      choice: fc.nat(2),
      texts: fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }),
      closes: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .chain((blocks) => {
    const queues = blocks.map(({ choice, texts, closes }, block) => [
      open(block, choice),
      ...texts.map((text, index) => delta(block, `${block}.${index}:${text}`, choice)),
      ...(closes ? [close(block, choice)] : []),
    ])
    return fc.infiniteStream(fc.nat(100)).map((picks) => {
      const left = queues.map((queue) => [...queue])
      const out: Part[] = []
      while (left.some((queue) => queue.length > 0)) {
        const full = left.filter((queue) => queue.length > 0)
        const next = full[(picks.next().value ?? 0) % full.length]?.shift()
        if (next !== undefined) out.push(next)
      }
      const choices = [...new Set(blocks.map(({ choice }) => choice))]
      return [...out, ...choices.map(end), { kind: 'finish' as const }]
    })
  })

describe('blocks put one behind the other', () => {
  test('never overlap within a choice: one closes before the next opens', () => {
    fc.assert(
      fc.property(interleaved, (parts) => {
        const now = new Map<number, number>()
        for (const part of run(parts)) {
          if (!('block' in part)) continue
          const opened = now.get(part.choice)
          expect(opened).toBe(part.kind === 'open' ? undefined : part.block)
          if (part.kind === 'open') now.set(part.choice, part.block)
          if (part.kind === 'close') now.delete(part.choice)
        }
        expect(now.size).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('lose nothing, keep the order of each block and that in which they opened', () => {
    fc.assert(
      fc.property(interleaved, (parts) => {
        expect(collect(run(parts))).toEqual(collect(parts))
      }),
      { numRuns: 500 },
    )
  })

  test('of one choice do not wait for another one', () => {
    const step = sequential()
    step(open(0, 0))
    expect(step(open(0, 1))).toEqual([open(0, 1)])
    expect(step(delta(0, 'b', 1))).toEqual([delta(0, 'b', 1)])
  })

  test('a choice that ends does not end the blocks of another one', () => {
    const parts = [open(0, 0), open(0, 1), close(0, 0), end(0), delta(0, 'still', 1), close(0, 1), end(1)]
    expect(run(parts)).toEqual(parts)
  })
})

test('parts of the open block pass at once, so that nothing waits without need', () => {
  const step = sequential()
  for (const part of [open(0), delta(0, 'a'), close(0), open(1), delta(1, 'b')]) expect(step(part)).toEqual([part])
})

test('what waited follows as soon as the block before it closes', () => {
  const step = sequential()
  step(open(0))
  expect([open(1), delta(1, 'b'), close(1), open(2), delta(2, 'c')].flatMap((part) => step(part))).toEqual([])
  expect(step(close(0))).toEqual([close(0), open(1), delta(1, 'b'), close(1), open(2), delta(2, 'c')])
  expect(step(delta(2, 'd'))).toEqual([delta(2, 'd')])
})

test('a number that is used again after it was closed is another block', () => {
  const parts = [open(0), delta(0, 'a'), close(0), open(0), delta(0, 'b'), close(0), end()]
  expect(run(parts)).toEqual(parts)
})

test('what belongs to no block passes at once, and an error is not held back', () => {
  const step = sequential()
  step(open(0))
  step(open(1))
  const start: Part = { kind: 'start', id: 'r', model: 'm' }
  expect(step(start)).toEqual([start])
})
