import { describe, expect, test } from 'vitest'
import type { JsonObject } from './json.ts'
import { isClosed, named, nameApart, withInnerSchemas } from './json-schema.ts'

const open: JsonObject = { type: 'object', properties: { a: { type: 'string' } } }
const closed: JsonObject = { ...open, required: ['a'], additionalProperties: false }

describe('a schema is closed', () => {
  test.each<readonly [string, JsonObject, boolean]>([
    ['when every object names all of its properties', { ...closed, $defs: { x: closed }, anyOf: [closed] }, true],
    ['when there is no object at all', { type: 'string' }, true],
    ['not when one property may be left out', { ...closed, required: [] }, false],
    ['not when more may stand there', open, false],
    ['not when an object deep inside is open', { anyOf: [{ items: { $defs: { x: open } } }] }, false],
    [
      'not when it is deeper than any schema',
      Array.from({ length: 1_000 }).reduce<JsonObject>((items) => ({ items }), {}),
      false,
    ],
  ])('%s', (_, schema, expected) => {
    expect(isClosed(schema)).toBe(expected)
  })

  test('or not, whatever stands there instead of a schema', () => {
    const odd = JSON.parse(
      '{"properties":[],"anyOf":{},"items":7,"$defs":{"__proto__":{"type":"object"}},"required":"a"}',
    )
    expect(isClosed(odd)).toBe(false)
  })
})

describe('the name of a schema', () => {
  test('is its title, and comes back', () => {
    const { schema, name } = nameApart({ title: 'rain', type: 'object' })
    expect({ schema, name }).toEqual({ schema: { type: 'object' }, name: 'rain' })
    expect(named(schema, { name })).toEqual({ title: 'rain', type: 'object' })
  })

  test.each(['two words', '', 'x'.repeat(65), 7])('is not a title that could be none: %j', (title) => {
    expect(nameApart({ title })).toEqual({ schema: { title } })
  })

  test('does not take the place of what the schema says itself', () => {
    const schema = { title: 'The rain', description: 'of a day' }
    expect(named(schema, { name: 'rain', description: 'other' })).toEqual(schema)
  })
})

test('schemas inside a keyword are replaced, and nothing else', () => {
  const change = (): JsonObject => ({ changed: true })
  expect(withInnerSchemas('properties', { a: {}, b: true }, change)).toEqual({ a: { changed: true }, b: true })
  expect(withInnerSchemas('anyOf', [{}, 'b'], change)).toEqual([{ changed: true }, 'b'])
  expect(withInnerSchemas('items', {}, change)).toEqual({ changed: true })
  expect(withInnerSchemas('enum', [{}], change)).toEqual([{}])
})
