import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Fixture, readFixture } from '../contract/fixture.ts'
import { checksOf } from '../contract/fixture-run.ts'
import { shapeOf } from '../contract/fixture-shape.ts'
import { wires } from './index.ts'

const folder = fileURLToPath(new URL('../../fixtures/wires/', import.meta.url))
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .toSorted()
const ids = Object.values(wires).map(({ id }) => id)
const pairs = ids.flatMap((client) => ids.flatMap((vendor) => (client === vendor ? [] : [`${client}-to-${vendor}`])))
const textOf = (name: string): string => readFileSync(`${folder}${name}`, 'utf8')
const pairOf = ({ client, vendor }: Fixture): string => `${client}-to-${vendor}`

describe.each(files)('%s', (name) => {
  const fixture = readFixture(textOf(name))
  const { client, vendor, headline } = fixture
  const checks = checksOf(fixture, { client: wires[client], vendor: wires[vendor] })

  test.each(checks)(`${headline} (%s)`, (_, check) => check())

  test('says what it proves in a sentence, checks something, and is named after its pair', () => {
    expect(headline).toMatch(/\.$/)
    expect(checks).not.toEqual([])
    expect(basename(name)).toMatch(new RegExp(`^${pairOf(fixture)}-[a-z0-9-]+\\.txt$`))
  })
})

test('no two cases differ only in their text', () => {
  const byShape = Map.groupBy(files, (name) => shapeOf(readFixture(textOf(name))))
  expect([...byShape.values()].filter(({ length }) => length > 1)).toEqual([])
})

/** Fewer of them, or a pair without its share, and somebody has removed some. */
const CASES_MIN = 150
const PAIR_CASES_MIN = 8

test('there are enough cases, and every pair of wires has its share of each kind', () => {
  const fixtures = files.map((name) => readFixture(textOf(name)))
  const count = (pair: string) => fixtures.filter((fixture) => pairOf(fixture) === pair).length
  expect(pairs.filter((pair) => count(pair) < PAIR_CASES_MIN)).toEqual([])
  expect(fixtures.length).toBeGreaterThanOrEqual(CASES_MIN)
  const lacking = pairs.flatMap((pair) => {
    const cases = fixtures.filter((fixture) => pairOf(fixture) === pair).map(kindsOf)
    return KINDS.filter((kind) => !cases.some((kinds) => kinds.includes(kind))).map((kind) => `${pair}: ${kind}`)
  })
  expect(lacking).toEqual([])
})

const KINDS = ['tools', 'parallel tools', 'streaming', 'errors', 'structured output', 'reasoning'] as const

/** What a case is about, by what stands in it. */
function kindsOf({ client, settings, sections }: Fixture): readonly (typeof KINDS)[number][] {
  const chat =
    sections.clientRequest === undefined || sections.clientError !== undefined
      ? undefined
      : wires[client].request.read(sections.clientRequest, { model: 'client-model', stream: settings.stream })
  const text = JSON.stringify([sections.vendorReply, sections.vendorStream])
  const calls = text.match(/functionCall|tool_use"|tool_calls"|"function_call"/g)?.length ?? 0
  const asked = chat?.turns.some(({ blocks }) => blocks.some(({ kind }) => kind === 'call')) ?? false
  const many = chat?.turns.some(({ blocks }) => blocks.filter(({ kind }) => kind === 'call').length > 1) ?? false
  const thought = chat?.turns.some(({ blocks }) => blocks.some(({ kind }) => kind === 'reasoning')) ?? false
  const all: { readonly [kind in (typeof KINDS)[number]]: boolean } = {
    tools: calls > 0 || asked || (chat?.tools.length ?? 0) > 0,
    'parallel tools': many || calls > 1,
    streaming: sections.clientStream !== undefined,
    errors: sections.clientError !== undefined,
    'structured output': chat?.output?.kind === 'schema',
    reasoning: chat?.reasoning !== undefined || thought || /thought|thinking|reasoning/.test(text),
  }
  return KINDS.filter((kind) => all[kind])
}
