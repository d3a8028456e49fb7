import { expect, test } from 'vitest'
import type { Json } from './json.ts'
import { filled, objectsOf, put, without } from './json-object.ts'

test('put sets a key named __proto__ without touching the prototype', () => {
  const object: { [key: string]: Json } = {}
  put(object, '__proto__', { polluted: true })
  put(object, 'a', 1)
  expect(JSON.stringify(object)).toBe('{"__proto__":{"polluted":true},"a":1}')
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
})

const ODD = JSON.parse('{"__proto__":{"a":1},"b":null,"c":2}')

test('filled leaves out what has no value, and nothing else', () => {
  expect(JSON.stringify(filled({ ...ODD, d: undefined }))).toBe('{"__proto__":{"a":1},"b":null,"c":2}')
})

test('without keeps all other fields in their order', () => {
  expect(JSON.stringify(without(ODD, ['b', 'toString']))).toBe('{"__proto__":{"a":1},"c":2}')
})

test('objectsOf passes over what is no object, and takes no list for an empty one', () => {
  expect(objectsOf([{ a: 1 }, null, 'b', [], {}])).toEqual([{ a: 1 }, {}])
  for (const value of [undefined, null, 'text', { length: 1 }]) expect(objectsOf(value)).toEqual([])
})
