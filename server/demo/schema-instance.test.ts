import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { schemaInstance } from './schema-instance.ts'

const shapes = {
  'an object with optional and required fields': z.object({
    city: z.string(),
    days: z.int().min(3),
    wind: z.boolean().optional(),
  }),
  'lists with a least length': z.object({ tags: z.array(z.enum(['warm', 'cold'])).min(2) }),
  'numbers between bounds': z.object({
    a: z.number().gt(0).lt(0.1),
    b: z.int().max(-4),
    c: z.number().multipleOf(5).min(7),
  }),
  'texts of a length and a format': z.object({
    code: z.string().min(12).max(14),
    mail: z.email(),
    at: z.iso.datetime(),
  }),
  'unions, literals and null': z.object({
    kind: z.union([z.literal('x'), z.number()]),
    none: z.null(),
    maybe: z.string().nullable(),
  }),
  'an intersection': z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
}

describe('an instance is what its schema allows', () => {
  test.each(Object.entries(shapes))('%s', (_, shape) => {
    const schema = JSON.parse(JSON.stringify(z.toJSONSchema(shape))) as JsonObject
    const instance = schemaInstance(schema, 'answer')
    expect(shape.safeParse(instance)).toMatchObject({ success: true })
    expect(schemaInstance(schema, 'answer')).toEqual(instance)
  })
})

test('a schema that refers to itself ends', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/node' } } },
        required: ['name', 'children'],
      },
    },
  }
  expect(schemaInstance(tree, 'tree')).toEqual({ name: 'demo name', children: [{ name: 'demo name', children: [] }] })
  const list = {
    type: 'object',
    properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
    required: ['next'],
  }
  expect(schemaInstance(list, 'list')).toMatchObject({ value: 1, next: { next: null } })
})

test('a schema made to explode stays small', () => {
  const wide = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`p${index}`, { $ref: '#' }]))
  const bomb: JsonObject = { type: 'object', properties: wide, required: Object.keys(wide) }
  expect(JSON.stringify(schemaInstance(bomb, 'bomb')).length).toBeLessThan(200_000)
})

test('no schema makes it throw', () => {
  const keys = [
    'type',
    'properties',
    'items',
    'required',
    'anyOf',
    'allOf',
    '$ref',
    'enum',
    'minItems',
    'format',
    '__proto__',
    'constructor',
  ]
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('object', 'array', 'string', '#', '#/a', 'constructor'),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4 }),
  }))
  fc.assert(
    fc.property(value, (any) => {
      const schema = JSON.parse(JSON.stringify({ type: 'object', properties: { any } })) as JsonObject
      expect(JSON.stringify(schemaInstance(schema, 'x'))).toBeTypeOf('string')
    }),
  )
})
