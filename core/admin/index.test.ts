import * as z from 'zod'
import { describe, expect, test } from 'vitest'
import { actions } from './index.ts'

describe.each(actions.map((declared) => [declared.name, declared] as const))('%s', (name, declared) => {
  const input = z.toJSONSchema(declared.input, { io: 'input' })
  const output = z.toJSONSchema(declared.output)

  test('is a noun and a verb, and says what it does in a sentence', () => {
    expect(name).toMatch(/^[a-z-]+\.[a-z-]+$/)
    expect(declared.summary).toMatch(/^[A-Z].*\.$/)
  })

  test('only reads when it is a GET, and only changes when it is a POST', () => {
    expect(declared.method).toBe(declared.changes ? 'POST' : 'GET')
  })

  test('refuses fields that it does not know', () => {
    expect(input).toMatchObject({ type: 'object', additionalProperties: false })
  })

  test('takes what its path names', () => {
    for (const [, field] of declared.path.matchAll(/:(\w+)/g)) expect(input.properties).toHaveProperty(field ?? '')
  })

  test('bounds every text and list that it takes', () => {
    expect(schemasIn(input).filter((schema) => !isBounded(schema))).toEqual([])
  })

  test('gives no secret but what it says to show once', () => {
    const shown = declared.secretOutput ?? []
    for (const field of shown) expect(output.properties).toHaveProperty(field)
    const suspicious = fieldsIn(output).filter(
      (field) => SECRET.test(field) && !shown.includes(field) && !PUBLIC.includes(field),
    )
    expect(suspicious).toEqual([])
  })
})

test('no two actions have the same name or the same address', () => {
  expect(new Set(actions.map(({ name }) => name)).size).toBe(actions.length)
  expect(new Set(actions.map(({ method, path }) => `${method} ${path}`)).size).toBe(actions.length)
})

const SECRET = /hash|secret|token|password|credential|^key$/i
/** Named like secrets and none: counts of tokens, a time, and an id. */
const PUBLIC = [
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'earlierSecretUntil',
  'tokenId',
]

const isBounded = (schema: Schema): boolean => {
  const bounds = BOUNDS.get(schema['type'])
  return bounds === undefined || bounds.some((word) => word in schema)
}
const BOUNDS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['array', ['maxItems']],
  ['string', ['maxLength', 'enum', 'pattern', 'format', 'allOf']],
])

type Schema = { readonly [word: string]: unknown }

/** The schema with all schemas inside it. */
const schemasIn = (value: unknown): readonly Schema[] =>
  typeof value !== 'object' || value === null
    ? []
    : [...(Array.isArray(value) ? [] : [value as Schema]), ...Object.values(value).flatMap(schemasIn)]

const fieldsIn = (schema: unknown): readonly string[] =>
  schemasIn(schema).flatMap(({ properties }) =>
    typeof properties === 'object' && properties !== null ? Object.keys(properties) : [],
  )
