import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { allows, isNamed } from './model-pattern.ts'

test.each([
  ['gpt-4.1', 'gpt-4.1', true],
  ['gpt-4.1', 'gpt-4.1-mini', false],
  ['gpt-4.1', 'gpt-4x1', false],
  ['gpt-*', 'gpt-4.1-mini', true],
  ['*', 'anything/at all', true],
  ['*', '', true],
  ['demo/*', 'demo/demo-chat', true],
  ['demo/*', 'openai/demo/x', false],
  ['*/llama-*', 'groq/llama-3.3-70b', true],
  ['*-mini', 'gpt-4.1-mini', true],
  ['*-mini', 'gpt-4.1-minimal', false],
  ['a*b*a', 'aba', true],
  ['a*a', 'a', false],
  ['ab*ba', 'aba', false],
  ['', '', true],
  ['', 'x', false],
])('the pattern %j and the name %j: %s', (pattern, name, expected) => {
  expect(allows([pattern], name)).toBe(expected)
})

test('one matching pattern of several is enough, and none allows nothing', () => {
  expect(allows(['a', 'b*'], 'bc')).toBe(true)
  expect(allows([], 'a')).toBe(false)
})

test.each([
  ['gpt-5*', true],
  ['openai/gpt-5*', true],
  ['*/gpt-5-pro', true],
  ['azure/gpt-5*', false],
  ['gpt-4*', false],
])('the pattern %s and gpt-5-pro of openai: %s', (pattern, expected) => {
  expect(isNamed([pattern], { id: 'openai/gpt-5-pro', model: 'gpt-5-pro' })).toBe(expected)
})

test('agrees with the definition of the star for any pattern and name', () => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
  fc.assert(
    fc.property(short, name, (pattern, given) => {
      expect(allows([pattern], given)).toBe(byDefinition(pattern, given))
    }),
    { numRuns: 2_000 },
  )
})

test('a pattern written to make an expression backtrack is answered at once', () => {
  const pattern = `${'a*'.repeat(1_000)}b`
  // With backtracking, a thousand stars over twenty thousand letters would never end: the time limit of the test is the measure.
  const name = 'a'.repeat(20_000)
  expect(allows([pattern], name)).toBe(false)
  expect(allows([`${'*a'.repeat(1_000)}*c`], name)).toBe(false)
})

function byDefinition(pattern: string, name: string): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return name === ''
  const tail = rest.join('')
  if (first !== '*') return name[0] === first && byDefinition(tail, name.slice(1))
  return Array.from({ length: name.length + 1 }, (_, skipped) => skipped).some((skipped) =>
    byDefinition(tail, name.slice(skipped)),
  )
}
