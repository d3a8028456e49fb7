import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROVIDER_KIND_IDS } from '../../core/providers/index.ts'
import { configJsonSchema } from './json-schema.ts'

test('docs/sekisho.schema.json is what the configuration takes today (else: npm run reference)', () => {
  const written = readFileSync(new URL('../../docs/sekisho.schema.json', import.meta.url), 'utf8')
  expect(written).toBe(configJsonSchema())
})

test('an editor is told the kinds, that a secret is a reference, and that unknown fields are wrong', () => {
  const schema: unknown = JSON.parse(configJsonSchema())
  expect(schema).toMatchObject({
    additionalProperties: false,
    properties: {
      providers: {
        additionalProperties: {
          additionalProperties: false,
          properties: {
            kind: { enum: PROVIDER_KIND_IDS },
            credential: { pattern: expect.any(String), description: expect.stringContaining('${NAME}') },
          },
          required: ['kind'],
        },
      },
    },
  })
})
