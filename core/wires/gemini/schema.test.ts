import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { rewriteSchema } from './schema.ts'
import { readOpenApiSchema } from './schema-read.ts'

const rewrite = (schema: JsonObject, form: 'json-schema' | 'openapi' = 'json-schema') => {
  const losses: string[] = []
  const written = rewriteSchema(schema, form, (keyword, what) => losses.push(`${keyword} ${what}`))
  return { written, losses }
}

describe('JSON Schema as the vendor takes it', () => {
  test.each<[string, JsonObject, JsonObject, string[]]>([
    ['what is in the subset stays', SUBSET(), SUBSET(), []],
    ['const', { const: 'a' }, { enum: ['a'] }, ['const emulated']],
    [
      'exclusive limits of whole numbers',
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 9 },
      { type: 'integer', minimum: 1, maximum: 8 },
      ['exclusiveMinimum emulated', 'exclusiveMaximum emulated'],
    ],
    [
      'exclusive limits of others',
      { type: 'number', exclusiveMinimum: 0.5 },
      { type: 'number', minimum: 0.5 },
      ['exclusiveMinimum emulated'],
    ],
    [
      'the narrower of two limits',
      { type: 'integer', minimum: 5, exclusiveMinimum: 2 },
      { type: 'integer', minimum: 5 },
      ['exclusiveMinimum emulated'],
    ],
    [
      'exclusive limits of older drafts',
      { minimum: 3, exclusiveMinimum: true },
      { minimum: 3 },
      ['exclusiveMinimum dropped'],
    ],
    [
      'what no schema of the vendor has',
      { type: 'string', minLength: 1, pattern: 'a', not: {}, if: {} },
      { type: 'string' },
      ['minLength dropped', 'pattern dropped', 'not dropped', 'if dropped'],
    ],
    ['what says nothing', { $schema: 'x', $comment: 'y', type: 'string' }, { type: 'string' }, []],
    ['nullable', { nullable: true, type: 'string' }, { type: ['string', 'null'] }, ['nullable emulated']],
    ['a schema that is true', { properties: { a: true }, items: true }, { properties: { a: {} }, items: {} }, []],
    ['a schema that is false', { properties: { a: false, b: {} } }, { properties: { b: {} } }, ['properties emulated']],
    ['items as a list', { items: [{ type: 'string' }] }, { prefixItems: [{ type: 'string' }] }, []],
    [
      'definitions, and references to them',
      { definitions: { A: { minLength: 1, type: 'string' } }, $ref: '#/definitions/A' },
      { $defs: { A: { type: 'string' } }, $ref: '#/$defs/A' },
      ['minLength dropped'],
    ],
    [
      'keywords beside a reference',
      { description: 'd', $ref: '#' },
      { description: 'd', anyOf: [{ $ref: '#' }] },
      ['$ref emulated'],
    ],
    ['a reference that leads nowhere', { $ref: 'https://example.com/x' }, { type: 'object' }, ['$ref dropped']],
    [
      'allOf',
      {
        allOf: [{ properties: { a: { type: 'string' } }, required: ['a'] }, { $ref: '#/$defs/B' }],
        $defs: { B: { properties: { b: {}, a: { maxLength: 2 } }, required: ['b'] } },
      },
      {
        $defs: { B: { properties: { b: {}, a: {} }, required: ['b'] } },
        properties: { a: { type: 'string' }, b: {} },
        required: ['a', 'b'],
      },
      ['allOf emulated', 'maxLength dropped', 'allOf emulated', 'maxLength dropped'],
    ],
  ])('%s', (_, schema, written, losses) => {
    const result = rewrite(schema)
    expect(result.written).toEqual(written)
    expect(result.losses.toSorted()).toEqual(losses.toSorted())
  })
})

describe('the older subset of OpenAPI', () => {
  test.each<[string, JsonObject, JsonObject, string[]]>([
    [
      'types in capitals',
      { type: 'object', properties: { a: { type: 'string', minLength: 1 } } },
      { type: 'OBJECT', properties: { a: { type: 'STRING', minLength: 1 } } },
      [],
    ],
    ['null among types', { type: ['string', 'null'] }, { nullable: true, type: 'STRING' }, ['type emulated']],
    [
      'several types',
      { type: ['string', 'integer'] },
      { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] },
      ['type emulated'],
    ],
    [
      'null among alternatives',
      { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'd' },
      { nullable: true, type: 'STRING', description: 'd' },
      ['type emulated'],
    ],
    [
      'oneOf',
      { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] },
      ['oneOf emulated'],
    ],
    [
      'an enum of numbers',
      { enum: [1, null, 2], type: 'integer' },
      { nullable: true, type: 'STRING', enum: ['1', '2'] },
      ['enum emulated'],
    ],
    ['a list without items', { type: 'array' }, { type: 'ARRAY', items: { type: 'STRING' } }, ['items emulated']],
    ['items of any type', { type: 'array', items: {} }, { type: 'ARRAY', items: { type: 'STRING' } }, []],
    [
      'a tuple',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'integer' }] },
      { type: 'ARRAY', items: { anyOf: [{ type: 'STRING' }, { type: 'INTEGER' }] } },
      ['prefixItems emulated'],
    ],
    ['formats of texts', { type: 'string', format: 'email' }, { type: 'STRING' }, ['format dropped']],
    ['formats of numbers', { type: 'integer', format: 'int32' }, { type: 'INTEGER', format: 'int32' }, []],
    [
      'additionalProperties',
      { type: 'object', additionalProperties: false },
      { type: 'OBJECT' },
      ['additionalProperties dropped'],
    ],
    [
      'required names that are no properties',
      { type: 'object', properties: { a: {} }, required: ['a', 'b'] },
      { type: 'OBJECT', properties: { a: { type: 'STRING' } }, required: ['a'] },
      ['required dropped'],
    ],
    [
      'references',
      { type: 'object', properties: { a: { $ref: '#/$defs/A' } }, $defs: { A: { type: 'string' } } },
      { type: 'OBJECT', properties: { a: { type: 'STRING' } } },
      ['$ref emulated'],
    ],
  ])('%s', (_, schema, written, losses) => {
    expect(rewrite(schema, 'openapi')).toEqual({ written, losses })
  })

  test('a schema that contains itself ends', () => {
    const schema = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/Node' } },
      $defs: { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } } },
    }
    const { written, losses } = rewrite(schema, 'openapi')
    expect(written).toEqual({
      type: 'OBJECT',
      properties: { next: { type: 'OBJECT', properties: { next: { type: 'OBJECT' } } } },
    })
    expect(losses).toContain('$ref dropped')
  })
})

describe('whatever the schema', () => {
  test('it ends, in bounded size: depth, references that fan out, allOf that contains itself', () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [
        `A${index}`,
        { anyOf: [{ $ref: `#/$defs/A${index + 1}` }, { $ref: `#/$defs/A${index + 1}` }] },
      ]),
    )
    let deep: JsonObject = {}
    for (let level = 0; level < 5_000; level++) deep = { items: deep }
    for (const schema of [
      { $ref: '#/$defs/A0', $defs: doubling },
      deep,
      { $defs: { A: { allOf: [{ $ref: '#/$defs/A' }] } }, allOf: [{ $ref: '#/$defs/A' }] },
    ]) {
      for (const form of ['json-schema', 'openapi'] as const) {
        expect(JSON.stringify(rewrite(schema, form).written).length).toBeLessThan(1_000_000)
      }
    }
  })

  test('any JSON is taken, gives the same bytes twice, and holds only known keywords', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...KEYWORDS), fc.jsonValue()), (schema) => {
        for (const form of ['json-schema', 'openapi'] as const) {
          const json: JsonObject = JSON.parse(JSON.stringify(schema))
          const { written } = rewrite(json, form)
          expect(JSON.stringify(rewrite(structuredClone(json), form).written)).toBe(JSON.stringify(written))
          for (const key of Object.keys(written))
            expect(['const', 'allOf', 'not', 'definitions', '$schema', 'exclusiveMinimum']).not.toContain(key)
        }
      }),
    )
  })

  test('a property may be called __proto__', () => {
    const schema: JsonObject = JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}')
    expect(JSON.stringify(rewrite(schema).written)).toBe(JSON.stringify(schema))
    expect(JSON.stringify(readOpenApiSchema(schema))).toBe(JSON.stringify(schema))
  })

  test('the order of properties is said by their order, in words of JSON Schema', () => {
    const schema = {
      type: 'OBJECT',
      properties: { b: { type: 'STRING' }, c: { type: 'STRING' }, a: { type: 'STRING' } },
      propertyOrdering: ['a', 'none', 'b', 7],
    }
    const read = readOpenApiSchema(schema)
    expect(JSON.stringify(read)).toBe(
      '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"}}}',
    )
    expect(readOpenApiSchema({ ...schema, propertyOrdering: 'a' })['properties']).toEqual(read['properties'])
    expect(readOpenApiSchema({ type: 'STRING', format: 'enum', enum: ['a'] })).toEqual({ type: 'string', enum: ['a'] })
  })

  test('what was rewritten once stays as it is', () => {
    const once = rewrite({
      allOf: [{ const: 1 }],
      type: 'integer',
      exclusiveMinimum: 3,
      $ref: '#/$defs/A',
      $defs: { A: {} },
    }).written
    expect(rewrite(once)).toEqual({ written: once, losses: [] })
  })
})

function SUBSET(): JsonObject {
  return {
    $id: 'a',
    $defs: { A: { type: 'string', format: 'date-time' } },
    type: 'object',
    title: 't',
    description: 'd',
    properties: {
      a: { $ref: '#/$defs/A' },
      b: {
        type: 'array',
        items: { type: 'string', enum: ['x'] },
        prefixItems: [{ type: 'integer' }],
        minItems: 1,
        maxItems: 2,
      },
      c: { oneOf: [{ type: 'null' }, { type: 'number', minimum: 0, maximum: 1 }] },
    },
    required: ['a', 'b'],
    additionalProperties: { type: 'string' },
    propertyOrdering: ['b', 'a'],
  }
}

const KEYWORDS =
  'type enum const properties items prefixItems allOf anyOf oneOf not $ref $defs definitions additionalProperties required minimum exclusiveMinimum nullable format $schema default __proto__'.split(
    ' ',
  )
