import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const FIELDS = ['credential', 'baseUrl', 'nodes', 'models', 'kind']

test.each([
  ['credental', 'credential'],
  ['Credential', 'credential'],
  ['base_url', 'baseUrl'],
  ['ndoes', 'nodes'],
  ['model', 'models'],
  ['kidn', 'kind'],
])('%s was meant to be %s', (word, meant) => {
  expect(nearest(word, FIELDS)).toBe(meant)
})

test.each(['password', 'x', '', 'a'.repeat(10_000)])('%s is near to nothing', (word) => {
  expect(nearest(word, FIELDS)).toBeUndefined()
})

test('of two that are as near, the first is taken', () => {
  expect(nearest('cat', ['bat', 'hat'])).toBe('bat')
})
