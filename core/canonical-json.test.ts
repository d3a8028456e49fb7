import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { asList, asObject, type Json } from './json.ts'

const json = (): fc.Arbitrary<Json> => fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))

describe('JSON as one text', () => {
  test('says the same for the same value, in whatever order its keys stand', () => {
    fc.assert(
      fc.property(json(), (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value))
      }),
    )
  })

  test('loses nothing', () => {
    fc.assert(
      fc.property(json(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value)
      }),
    )
  })

  test('keeps lists in their order, and a text apart from what it spells', () => {
    expect(canonicalJson(JSON.parse('{"b": [2, 1], "a": {"d": null, "c": "x"}}'))).toBe(
      '{"a":{"c":"x","d":null},"b":[2,1]}',
    )
    expect(canonicalJson('1')).not.toBe(canonicalJson(1))
    expect(canonicalJson(JSON.parse('1e999'))).not.toBe(canonicalJson(null))
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}')
  })
})

/** The same with the keys of every object the other way round. */
function turned(value: Json): Json {
  const object = asObject(value)
  if (object === undefined) return asList(value)?.map(turned) ?? value
  return Object.fromEntries(
    Object.keys(object)
      .toReversed()
      .map((key) => [key, turned(object[key] ?? null)]),
  )
}
