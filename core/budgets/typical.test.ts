import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TypicalOutput } from './typical.ts'

const seen = (...answers: readonly number[]): TypicalOutput => {
  const typical = new TypicalOutput()
  for (const tokens of answers) typical.note(tokens)
  return typical
}
const times = (count: number, tokens: number): readonly number[] => Array.from({ length: count }, () => tokens)

test('says nothing before it has seen 20 answers', () => {
  expect(seen(...times(19, 100)).p99).toBeUndefined()
  expect(seen(...times(20, 100)).p99).toBe(127)
})

test('is never below the 99th percentile of what it saw, and less than twice of it', () => {
  const answers = fc.array(fc.oneof(fc.nat(5_000), fc.nat(1_000_000)), { minLength: 20, maxLength: 400 })
  fc.assert(
    fc.property(answers, (tokens) => {
      const sorted = tokens.toSorted((a, b) => a - b)
      const truth = sorted[Math.ceil(tokens.length * 0.99) - 1] ?? 0
      const said = seen(...tokens).p99 ?? Number.NaN
      expect(said).toBeGreaterThanOrEqual(truth)
      expect(said).toBeLessThanOrEqual(Math.max(0, 2 * truth - 1))
    }),
  )
})

test('one long answer among a hundred does not decide', () => {
  expect(seen(...times(99, 100), 100_000).p99).toBe(127)
  expect(seen(...times(98, 100), 100_000).p99).toBe(131_071)
})

test('follows within some hundred answers when answers become longer or shorter', () => {
  expect(seen(...times(5_000, 100), ...times(20, 60_000)).p99).toBe(65_535)
  expect(seen(...times(5_000, 60_000), ...times(3_000, 100)).p99).toBe(127)
})

test('counts of nothing, of everything and of no number do it no harm', () => {
  expect(seen(...times(20, 0)).p99).toBe(0)
  expect(seen(...times(20, Number.POSITIVE_INFINITY)).p99).toBe(2 ** 30 - 1)
  expect(seen(...times(20, Number.NaN), ...times(20, -1)).p99).toBeUndefined()
})
