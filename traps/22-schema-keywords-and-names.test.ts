import { describe, expect, test } from 'vitest'
import { asObject, type Json, type JsonObject } from '../core/json.ts'
import { objects, text } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    zeta: { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 },
    unit: { const: 'celsius' },
    both: {
      allOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { properties: { b: { type: 'number' } } }],
    },
    maybe: { type: ['string', 'null'] },
    pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
    code: { type: 'string', pattern: '^[a-z]+$', not: { const: 'no' } },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true, minItems: 1 },
    alpha: { $ref: '#/$defs/place' },
  },
  $defs: { place: { type: 'object', properties: { city: { type: 'string' } } } },
  patternProperties: { '^x-': { type: 'string' } },
  required: ['zeta'],
  additionalProperties: false,
}

/** Everything that the vendor's documentation lists (wire-formats 1.6). */
const KNOWN = new Set(
  '$id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum anyOf oneOf properties additionalProperties required propertyOrdering'.split(
    ' ',
  ),
)

function keywordsIn(schema: JsonObject): readonly string[] {
  const inner = Object.entries(schema).flatMap(([key, value]): readonly Json[] => {
    if (key === 'properties' || key === '$defs') return Object.values(asObject(value) ?? {})
    if (key === 'items' || key === 'additionalProperties') return [value]
    return key === 'anyOf' || key === 'oneOf' || key === 'prefixItems' ? objects(value) : []
  })
  return [...Object.keys(schema), ...inner.flatMap((one) => keywordsIn(asObject(one) ?? {}))]
}

/** The same tool in the words of each client. */
const TOOLS = {
  'openai-chat': [{ type: 'function', function: { name: 'look', parameters: SCHEMA } }],
  'openai-responses': [{ type: 'function', name: 'look', parameters: SCHEMA, strict: false }],
  anthropic: [{ name: 'look', input_schema: SCHEMA }],
} as const

describe.each(['openai-chat', 'openai-responses', 'anthropic'] as const)('a schema of %s for Gemini', (client) => {
  const to = sent({ client, vendor: 'gemini', body: { ...asks(client), tools: TOOLS[client] } })
  const declaration = objects(objects(to.body['tools'])[0]?.['functionDeclarations'])[0]
  const schema = asObject(declaration?.['parametersJsonSchema']) ?? {}

  test('holds no keyword that the vendor refuses', () => {
    expect(keywordsIn(schema).filter((keyword) => !KNOWN.has(keyword))).toEqual([])
  })

  test('still means the same, as far as the vendor can say it', () => {
    expect(schema).toMatchObject({
      type: 'object',
      properties: {
        zeta: { type: 'integer', minimum: 1, maximum: 9 },
        unit: { enum: ['celsius'] },
        both: { properties: { a: { type: 'string' }, b: { type: 'number' } } },
        maybe: { type: ['string', 'null'] },
        pair: { prefixItems: [{ type: 'string' }, { type: 'number' }] },
        tags: { items: { type: 'string' }, minItems: 1 },
      },
      required: ['zeta'],
      additionalProperties: false,
    })
    expect(JSON.stringify(schema)).toContain('"city"')
  })

  test('says what is lost', () => {
    for (const keyword of ['exclusiveMinimum', 'const', 'allOf', 'not', 'pattern', 'uniqueItems', 'patternProperties'])
      expect(
        to.losses.some((loss) => loss.includes(`.${keyword}=`)),
        keyword,
      ).toBe(true)
  })

  test('keeps the order of its keys, the same each time', () => {
    const properties = Object.keys(asObject(schema['properties']) ?? {})
    expect(properties).toEqual(Object.keys(asObject(SCHEMA['properties']) ?? {}))
    expect(sent(to.asked).text).toBe(to.text)
  })
})

const LONG = `read_${'very_'.repeat(30)}long`
const NAMES = ['mcp.files/read file', 'mcp:files_read file', '会議', '2nd', LONG, `${LONG}er`, 'plain']
const RULES = {
  'openai-chat': /^[a-zA-Z0-9_-]{1,64}$/,
  'openai-responses': /^[a-zA-Z0-9_-]{1,64}$/,
  anthropic: /^[a-zA-Z0-9_-]{1,128}$/,
  gemini: /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/,
} as const

/** The names of the tools and of the calls in a request. */
function namesIn(body: JsonObject): readonly string[] {
  const tools = objects(body['tools']).flatMap((tool) =>
    tool['functionDeclarations'] === undefined
      ? [asObject(tool['function']) ?? tool]
      : objects(tool['functionDeclarations']),
  )
  return tools.map(({ name }) => text(name))
}

/** A tool that says nothing but its name. */
const TOOL_NAMED = {
  'openai-chat': (name: string) => ({ type: 'function', function: { name } }),
  'openai-responses': (name: string) => ({ type: 'function', name, parameters: null, strict: false }),
  anthropic: (name: string) => ({ name, input_schema: { type: 'object' } }),
}

describe('a name that the vendor does not take is changed, and the client hears its own', () => {
  const vendors = ['anthropic', 'gemini', 'openai-chat', 'openai-responses'] as const
  test.each(
    vendors.flatMap((vendor) =>
      clientsOf(vendor).flatMap((client) => (client === 'gemini' ? [] : [{ client, vendor }])),
    ),
  )('$client to $vendor', ({ client, vendor }) => {
    const toolOf = (name: string): JsonObject => TOOL_NAMED[client](name)
    const asked = { client, vendor, body: { ...asks(client), tools: NAMES.map(toolOf) } }
    const names = namesIn(sent(asked).body)
    expect(names.filter((name) => !RULES[vendor].test(name))).toEqual([])
    expect(new Set(names).size).toBe(NAMES.length)
    expect(names).toContain('plain')
    const calls = names.map((name, index) => ({ id: `call_${index}`, name, given: '{}' }))
    for (const [way, heard] of hearBoth(asked, says(vendor, { calls }))) {
      expect(
        heard.calls.map(({ name }) => name),
        way,
      ).toEqual(NAMES)
      const again = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      expect(namesIn(again.body), way).toEqual(names)
      for (const name of names) expect(again.text.split(JSON.stringify(name)).length, name).toBeGreaterThan(2)
    }
  })
})
