import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { actions } from '../core/admin/index.ts'
import { apiReference } from './api-reference.ts'
import { configReference } from './config-reference.ts'
import { lossReference } from './loss-reference.ts'

const written = (name: string): string => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')

test('docs/configuration.md is what the configuration takes today (else: npm run reference)', () => {
  expect(written('configuration.md')).toBe(configReference())
})

test('docs/api.md is what an operator can do today (else: npm run reference)', () => {
  expect(written('api.md')).toBe(apiReference())
})

test('docs/losses.md is what the wires cannot say today (else: npm run reference)', () => {
  expect(written('losses.md')).toBe(lossReference())
})

test('every field has a sentence for the operator', () => {
  const rows = configReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(40)
  expect(rows.filter((row) => /\| +\|$/.test(row))).toEqual([])
})

test('every action stands there with its route and its command', () => {
  const page = apiReference()
  for (const { method, path, name } of actions) {
    expect(page).toContain(`\`${method} /api${path}\`, \`sekisho ${name.replace('.', ' ')}\``)
  }
})
