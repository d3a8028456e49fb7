import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from './fault.ts'
import { badField, Fields } from './fields.ts'
import type { Json, JsonObject } from './json.ts'

/** The path that the 400 names, or `null` when there is none. */
function refused(read: () => unknown): string | null {
  try {
    read()
    return null
  } catch (error) {
    const isTheOne =
      error instanceof Fault && error.code === 'bad_request' && error.message.includes(`'${error.field}'`)
    if (!isTheOne) throw error
    return error.field ?? ''
  }
}

const body = (json: string): Fields => new Fields(JSON.parse(json) as JsonObject, '')
const inner = (json: string): Fields => Fields.of(JSON.parse(json) as Json, 'messages[2]')

describe('a field of the wrong type is a 400 that names its path', () => {
  test.each<[string, (fields: Fields) => unknown, string]>([
    ['{"a":1}', (fields) => fields.text('a'), 'messages[2].a'],
    ['{"a":["x"]}', (fields) => fields.text('a'), 'messages[2].a'],
    ['{}', (fields) => fields.textNeeded('a'), 'messages[2].a'],
    ['{"a":null}', (fields) => fields.textNeeded('a'), 'messages[2].a'],
    ['{"a":"true"}', (fields) => fields.flag('a'), 'messages[2].a'],
    ['{"a":"1"}', (fields) => fields.number('a'), 'messages[2].a'],
    ['{"a":1e999}', (fields) => fields.number('a'), 'messages[2].a'],
    ['{"a":1.5}', (fields) => fields.count('a'), 'messages[2].a'],
    ['{"a":-1}', (fields) => fields.count('a'), 'messages[2].a'],
    ['{"a":9007199254740993}', (fields) => fields.count('a'), 'messages[2].a'],
    ['{"a":"c"}', (fields) => fields.oneOf('a', ['a', 'b']), 'messages[2].a'],
    ['{"a":"constructor"}', (fields) => fields.oneOf('a', ['a', 'b']), 'messages[2].a'],
    ['{"a":[]}', (fields) => fields.object('a'), 'messages[2].a'],
    ['{"a":"x"}', (fields) => fields.object('a'), 'messages[2].a'],
    ['{}', (fields) => fields.objectNeeded('a'), 'messages[2].a'],
    ['{"a":{}}', (fields) => fields.list('a'), 'messages[2].a'],
    ['{"a":"list"}', (fields) => fields.list('a'), 'messages[2].a'],
    ['{"a":[{},1]}', (fields) => fields.objects('a'), 'messages[2].a[1]'],
    ['{"a":[{},[]]}', (fields) => fields.objects('a'), 'messages[2].a[1]'],
    ['{"a":["x",null]}', (fields) => fields.texts('a'), 'messages[2].a[1]'],
    [
      '{"a":[{"b":[{"c":3}]}]}',
      (fields) => fields.objects('a')?.[0]?.objects('b')?.[0]?.text('c'),
      'messages[2].a[0].b[0].c',
    ],
  ])('%s', (json, read, path) => {
    expect(refused(() => read(inner(json)))).toBe(path)
  })

  test('at the top the path is the bare name', () => {
    expect(refused(() => body('{"a":1}').text('a'))).toBe('a')
    expect(refused(() => body('{"a":{"b":1}}').object('a')?.text('b'))).toBe('a.b')
  })

  test('what should be an object and is none names itself', () => {
    for (const json of ['[]', '"x"', '1', 'true', 'null']) {
      expect(refused(() => Fields.of(JSON.parse(json) as Json, 'messages[0]'))).toBe('messages[0]')
    }
    expect(refused(() => Fields.of(undefined, 'messages[0]'))).toBe('messages[0]')
  })

  test('any JSON at all is read or refused with its path, never anything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const fields = new Fields({ a: value as Json }, '')
        for (const read of [
          () => fields.text('a'),
          () => fields.flag('a'),
          () => fields.number('a'),
          () => fields.count('a'),
          () => fields.object('a'),
          () => fields.objects('a'),
          () => fields.texts('a'),
        ]) {
          expect(refused(read) ?? 'a').toMatch(/^a/)
        }
      }),
    )
  })
})

describe('null is what an absent field is', () => {
  const fields = body('{"a":null}')

  test('for every kind of value', () => {
    expect(fields.has('a')).toBe(false)
    expect(fields.any('a')).toBeUndefined()
    expect(fields.text('a')).toBeUndefined()
    expect(fields.flag('a')).toBeUndefined()
    expect(fields.count('a')).toBeUndefined()
    expect(fields.oneOf('a', ['x'])).toBeUndefined()
    expect(fields.object('a')).toBeUndefined()
    expect(fields.objects('a')).toBeUndefined()
    expect(fields.texts('a')).toBeUndefined()
  })

  test('but it stood there, and is written back at home', () => {
    expect(fields.rest()).toEqual({ a: null })
  })
})

test('what every object inherits is no field of a body', () => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    expect(body('{}').has(key)).toBe(false)
    expect(body('{}').any(key)).toBeUndefined()
  }
})

describe('the rest', () => {
  test('is exactly what nobody has asked for, in its order', () => {
    const fields = body('{"z":1,"a":"x","m":[1],"b":{"c":2}}')
    fields.text('a')
    fields.object('b')
    expect(Object.keys(fields.rest())).toEqual(['z', 'm'])
    expect(fields.rest()).toEqual({ z: 1, m: [1] })
  })

  test('keeps a __proto__ as the plain field that it is', () => {
    const rest = body('{"__proto__":{"admin":true},"a":1}').rest()
    expect(JSON.stringify(rest)).toBe('{"__proto__":{"admin":true},"a":1}')
    expect(Object.getPrototypeOf(rest)).toBe(Object.prototype)
    expect('admin' in rest).toBe(false)
  })

  test('together with what was read is the whole body, for any body and any choice of fields', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.infiniteStream(fc.boolean()), (json, picks) => {
        const fields = new Fields(json as JsonObject, '')
        const read = Object.keys(json).filter(() => picks.next().value === true)
        const taken = read.map((key) => [key, fields.any(key)] as const).filter(([, value]) => value !== undefined)
        expect({ ...Object.fromEntries(taken), ...fields.rest() }).toEqual({ ...json })
      }),
    )
  })
})

test('the 400 for a field says the path in its text too', () => {
  expect(badField('tools[0].name', 'is required')).toMatchObject({
    code: 'bad_request',
    status: 400,
    field: 'tools[0].name',
    message: "'tools[0].name': is required",
  })
})
