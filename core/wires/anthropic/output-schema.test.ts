import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { closedSchema } from './output-schema.ts'

describe('a schema that the vendor keeps answers to', () => {
  test('is closed everywhere, and its limits are told in the description', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: {
        age: { type: 'integer', minimum: 0, maximum: 120, description: 'In years' },
        when: { type: 'string', format: 'date-time' },
        code: { type: 'string', format: 'luhn', minLength: 3 },
        tags: { type: 'array', minItems: 2, items: { type: 'object', properties: {} } },
        either: { oneOf: [{ type: 'string' }, { $ref: '#/$defs/x' }] },
      },
      $defs: { x: { type: ['object', 'null'], additionalProperties: { type: 'string' } } },
    }
    expect(closedSchema(schema)).toEqual({
      changed: true,
      schema: {
        type: 'object',
        properties: {
          age: { type: 'integer', description: 'In years\n\n{minimum: 0, maximum: 120}' },
          when: { type: 'string', format: 'date-time' },
          code: { type: 'string', description: '{format: "luhn", minLength: 3}' },
          tags: {
            type: 'array',
            items: { type: 'object', properties: {}, additionalProperties: false },
            description: '{minItems: 2}',
          },
          either: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/x' }] },
        },
        $defs: { x: { type: ['object', 'null'], additionalProperties: false } },
        additionalProperties: false,
      },
    })
  })

  test('that is so already stays as it is, to the order of its keys', () => {
    const schema: JsonObject = {
      additionalProperties: false,
      properties: { minimum: { type: 'string' } },
      type: 'object',
    }
    const written = closedSchema(schema)
    expect(written.changed).toBe(false)
    expect(JSON.stringify(written.schema)).toBe(JSON.stringify(schema))
  })

  test('may be anything at all', () => {
    const odd: JsonObject = JSON.parse(
      '{"properties":[],"anyOf":{},"items":7,"$defs":{"__proto__":{"type":"object"}},"required":"a"}',
    )
    expect(JSON.stringify(closedSchema(odd).schema)).toContain(
      '"__proto__":{"type":"object","additionalProperties":false}',
    )
    const deep = Array.from({ length: 1_000 }).reduce<JsonObject>((schema) => ({ items: schema }), {})
    expect(() => closedSchema({ items: deep })).not.toThrow()
  })
})
