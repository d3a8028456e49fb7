import * as z from 'zod'
import { expect, test } from 'vitest'
import { fromTexts, inputFields } from './input-fields.ts'

const fields = inputFields(
  z.strictObject({
    name: z.string().describe('A name'),
    count: z.int().min(1).default(3).describe('How many'),
    ratio: z.number().optional(),
    dry: z.boolean().optional(),
    models: z.array(z.string()).nullable().default(null).describe('Which'),
    by: z.enum(['key', 'day']).optional(),
  }),
)

test('a declared input is told field by field, as help needs it', () => {
  const rest = { required: false, description: '', choices: undefined, fallback: undefined }
  expect(fields).toEqual([
    { ...rest, name: 'name', kind: 'text', required: true, description: 'A name' },
    { ...rest, name: 'count', kind: 'number', description: 'How many', fallback: '3' },
    { ...rest, name: 'ratio', kind: 'number' },
    { ...rest, name: 'dry', kind: 'boolean' },
    { ...rest, name: 'models', kind: 'list', description: 'Which' },
    { ...rest, name: 'by', kind: 'text', choices: ['key', 'day'] },
  ])
})

test('texts become what is declared', () => {
  const texts = [
    ['name', '7'],
    ['count', '5'],
    ['ratio', '0.5'],
    ['dry', 'true'],
    ['models', 'a'],
    ['models', 'b'],
  ] as const
  expect(fromTexts(fields, texts)).toEqual({ name: '7', count: 5, ratio: 0.5, dry: true, models: ['a', 'b'] })
  expect(fromTexts(fields, [['models', 'a']])).toEqual({ models: ['a'] })
})

test.each([
  [[['count', 'many']], { count: 'many' }],
  [[['count', '']], { count: '' }],
  [[['dry', 'yes']], { dry: 'yes' }],
  [
    [
      ['name', 'a'],
      ['name', 'b'],
    ],
    { name: ['a', 'b'] },
  ],
  [[['unknown', '1']], { unknown: '1' }],
] as const)('what does not fit stays as it is for the schema to refuse: %j', (texts, expected) => {
  expect(fromTexts(fields, texts)).toEqual(expected)
})

test('__proto__ is a name like any other', () => {
  const values = fromTexts(fields, [['__proto__', 'x']])
  expect(Object.keys(values)).toEqual(['__proto__'])
  expect(Object.getPrototypeOf(values)).toBe(Object.prototype)
})
