import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Json, parseJson } from '../json.ts'
import { JsonScan, type ScanProblem, type ScanResult } from '../json-scan.ts'
import type { WireId } from '../chat.ts'
import { askingOf } from './asking.ts'

/** What holds for large bodies must hold for small ones: only the scan reads both, so a body is made large by a text in front or behind. */
const LARGE = JSON.stringify('some words and then some '.repeat(4_000))
const WIRES = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const

describe('what a client allows its answer to have', () => {
  test.each<[WireId, string, object]>([
    ['openai-chat', '"max_tokens":50', { outputTokensMax: 50 }],
    ['openai-chat', '"max_completion_tokens":60', { outputTokensMax: 60 }],
    ['openai-chat', '"max_completion_tokens":null,"max_tokens":50', { outputTokensMax: 50 }],
    ['openai-chat', '"max_tokens":5e1,"n":3', { outputTokensMax: 50, choices: 3 }],
    ['openai-chat', '"max_tokens":16,"n":2,"best_of":5', { outputTokensMax: 16, choices: 5 }],
    ['openai-chat', '"m\\u0061x_tokens":50', { outputTokensMax: 50 }],
    ['openai-responses', '"max_output_tokens":1000', { outputTokensMax: 1_000 }],
    ['anthropic', '"max_tokens":1024', { outputTokensMax: 1_024 }],
    ['anthropic', '"max_tokens":0', { outputTokensMax: 0 }],
    ['gemini', '"generationConfig":{"maxOutputTokens":70,"candidateCount":4}', { outputTokensMax: 70, choices: 4 }],
    ['gemini', '"generation_config":{"max_output_tokens":70,"candidate_count":4}', { outputTokensMax: 70, choices: 4 }],
    ['gemini', '"generationConfig":{"max_output_tokens":70,"candidateCount":1}', { outputTokensMax: 70, choices: 1 }],
  ])('is read by %s from %s', (wire, text, expected) => {
    holdsInEverySize(wire, text, expected)
  })

  test('is read of a Gemini configuration that is larger than anything the gateway keeps', () => {
    const schema = `"responseSchema":{"description":${LARGE},"properties":{"maxOutputTokens":{"candidateCount":9}}}`
    const text = `"generationConfig":{"candidateCount":2,${schema},"maxOutputTokens":70}`
    holdsInEverySize('gemini', text, { outputTokensMax: 70, choices: 2 })
  })

  test.each<[WireId, string]>([
    ['openai-chat', '"max_output_tokens":5,"messages":[{"max_tokens":5,"n":5}],"x":"\\"n\\":5"'],
    ['openai-responses', '"max_tokens":5,"n":5'],
    ['anthropic', '"max_completion_tokens":5,"n":5,"metadata":{"max_tokens":5}'],
    ['gemini', '"maxOutputTokens":5,"candidateCount":5,"generationConfig":{"thinkingConfig":{"maxOutputTokens":5}}'],
  ])('is not taken by %s from where it does not stand: %s', (wire, text) => {
    holdsInEverySize(wire, text, {})
  })
})

describe('nonsense is the vendor’s to refuse, and says nothing', () => {
  const values = ['null', '-1', '1.5', '1000000001', '1e999', 'true', '"5"', '[5]', '{"a":5}', '""', '"x"']

  test.each(values)('as a limit: %s', (value) => {
    holdsInEverySize('openai-chat', `"max_tokens":${value}`, {})
    holdsInEverySize('openai-chat', `"max_completion_tokens":${value}`, {})
    holdsInEverySize('openai-responses', `"max_output_tokens":${value}`, {})
    holdsInEverySize('anthropic', `"max_tokens":${value}`, {})
    holdsInEverySize('gemini', `"generationConfig":{"maxOutputTokens":${value}}`, {})
  })

  test.each(values.filter((value) => value !== '"5"'))('as a number of choices: %s', (value) => {
    holdsInEverySize('openai-chat', `"n":${value},"best_of":${value}`, {})
    holdsInEverySize('gemini', `"generationConfig":{"candidateCount":${value}}`, {})
  })

  test.each(['null', '5', '"x"', '[]', '[{"maxOutputTokens":5}]'])('as a Gemini configuration: %s', (value) => {
    holdsInEverySize('gemini', `"generationConfig":${value}`, {})
  })

  test('of zero tokens, which some vendors take for "not set"', () => {
    holdsInEverySize('openai-chat', '"max_tokens":0,"n":0', {})
    holdsInEverySize('openai-responses', '"max_output_tokens":0', {})
    holdsInEverySize('gemini', '"generationConfig":{"maxOutputTokens":0,"candidateCount":0}', {})
  })
})

describe('a limit cannot be dodged', () => {
  test.each<[WireId, string, object]>([
    ['openai-chat', '"max_tokens":1,"max_tokens":9,"max_tokens":2', { outputTokensMax: 9 }],
    ['openai-chat', '"n":8,"n":1', { choices: 8 }],
    ['openai-chat', '"max_tokens":9,"max_completion_tokens":1', { outputTokensMax: 9 }],
    ['openai-chat', '"max_tokens":1,"MAX_TOKENS":9,"N":3', { outputTokensMax: 9, choices: 3 }],
    ['anthropic', '"max_tokens":9,"max_token\\u017f":1', { outputTokensMax: 9 }],
    ['gemini', '"generationConfig":{"maxOutputTokens":1,"max_output_tokens":9}', { outputTokensMax: 9 }],
    ['gemini', '"generationConfig":{"candidateCount":1,"candidatecount":9}', { choices: 9 }],
  ])('by writing it twice, the larger counts: %s %s', holdsInEverySize)

  test.each<[WireId, string, object]>([
    ['openai-chat', '"max_tokens":1,"max_tokens":null', {}],
    ['openai-chat', '"max_tokens":null,"max_tokens":1', {}],
    ['openai-chat', '"max_completion_tokens":1,"max_tokens":-1', {}],
    ['openai-chat', '"MAX_TOKENS":1', {}],
    ['gemini', '"GENERATIONCONFIG":{"maxOutputTokens":1}', {}],
    ['gemini', '"generationConfig":{"maxOutputTokens":1,"candidateCount":2},"generation_config":{}', { choices: 2 }],
    [
      'gemini',
      '"generationConfig":{"maxOutputTokens":1},"generationConfig":{"maxOutputTokens":2,"candidateCount":3}',
      { choices: 3 },
    ],
  ])('by what some vendor takes for no limit: then none is known: %s %s', holdsInEverySize)

  test('by writing the number of choices so that it is not read', () => {
    holdsInEverySize('openai-chat', '"n":"5"', { choices: 5 })
    holdsInEverySize('openai-chat', `"n":8.${'0'.repeat(20_000)}`, { choices: 128 })
    holdsInEverySize('gemini', `"generationConfig":{"candidateCount":8.${'0'.repeat(20_000)}}`, { choices: 128 })
  })

  test('by writing it so often that nobody keeps them all', () => {
    const often = (text: string) => Array.from({ length: 100 }, () => text).join(',')
    const limits = often('"max_tokens":1')
    holdsInEverySize('openai-chat', `${limits},"max_tokens":9,"n":7`, { choices: 128 })
    const inside = often('"maxOutputTokens":1')
    holdsInEverySize('gemini', `"generationConfig":{${inside},"maxOutputTokens":9}`, {})
    const outside = often('"generationConfig":{"maxOutputTokens":1}')
    holdsInEverySize('gemini', `${outside},"generationConfig":{"candidateCount":8}`, { choices: 128 })
  })

  test('however a vendor reads keys that stand there more than once: what is known is never less than what it takes', () => {
    fc.assert(
      fc.property(fc.array(member(LIMITS), { maxLength: 5 }), cuts(), (members, lengths) => {
        const { outputTokensMax } = read('openai-chat', bodyOf('openai-chat', textOf(members)), lengths)
        if (outputTokensMax === undefined) return
        for (const limit of readingsOf(members)) expect(outputTokensMax).toBeGreaterThanOrEqual(limit)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('for the sake of a limit', () => {
  test('nothing is refused that was taken, nothing taken that was refused, and what is wanted is read as before', () => {
    fc.assert(
      fc.property(fc.constantFrom(...WIRES), anyText(), cuts(), (wire, text, lengths) => {
        const { wanted, noted } = askingOf[wire].keys
        const before = scanned(new JsonScan(wanted, LIMITS_OF_SCAN), text, lengths)
        const now = scanned(new JsonScan({ wanted, noted }, LIMITS_OF_SCAN), text, lengths)
        expect(now.kind === 'object' ? { ...now, noted: [] } : now).toEqual(before)
        // What cannot be read of it does not refuse it either.
        if (now.kind === 'object') askingOf[wire].read(now, undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  test('it matters nowhere where the body was cut on its way', () => {
    fc.assert(
      fc.property(fc.constantFrom(...WIRES), anyText(), cuts(), (wire, text, lengths) => {
        const whole = scanned(new JsonScan(askingOf[wire].keys, LIMITS_OF_SCAN), text, [])
        if (whole.kind !== 'object') return
        expect(read(wire, text, lengths)).toEqual(outputOf(askingOf[wire].read(whole, undefined)))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Small and large, with the fields in front of what makes it large and behind, and in chunks of several sizes. */
function holdsInEverySize(wire: WireId, text: string, expected: object): void {
  const bodies = [bodyOf(wire, text), bodyOf(wire, `${text},"pad":${LARGE}`), bodyOf(wire, `"pad":${LARGE},${text}`)]
  for (const body of bodies) expect(read(wire, body, [])).toEqual(expected)
  fc.assert(
    fc.property(fc.constantFrom(...bodies), cuts(), (body, lengths) => {
      expect(read(wire, body, lengths)).toEqual(expected)
    }),
    { numRuns: 20 },
  )
}

const bodyOf = (wire: WireId, text: string): string =>
  wire === 'gemini' ? `{${text === '' ? '"a":1' : text}}` : `{"model":"m"${text === '' ? '' : ','}${text} }`

function read(wire: WireId, text: string, lengths: readonly number[]) {
  const result = scanned(new JsonScan(askingOf[wire].keys, LIMITS_OF_SCAN), text, lengths)
  if (result.kind !== 'object') throw new Error(result.kind)
  return outputOf(askingOf[wire].read(result, undefined))
}

/** Only our fields, those that are absent left out. */
function outputOf(fields: { readonly outputTokensMax?: number; readonly choices?: number }) {
  const { outputTokensMax, choices } = fields
  return {
    ...('outputTokensMax' in fields ? { outputTokensMax } : {}),
    ...('choices' in fields ? { choices } : {}),
  }
}

/** Cuts of the given lengths, over and over until the end. None: one chunk. */
function scanned(scan: JsonScan, text: string, lengths: readonly number[]): ScanResult | ScanProblem {
  const bytes = new TextEncoder().encode(text)
  let from = 0
  for (let turn = 0; from < bytes.length; turn++) {
    const length = lengths.length === 0 ? bytes.length : (lengths[turn % lengths.length] ?? 1)
    scan.push(bytes.subarray(from, from + length))
    from += length
  }
  return scan.finish()
}

const cuts = () =>
  fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70_000 })), { maxLength: 5 })

interface Member {
  readonly key: string
  readonly value: string
}

function member(keys: readonly string[]): fc.Arbitrary<Member> {
  const value = fc.oneof(fc.integer({ min: 1, max: 9 }).map(String), fc.constantFrom('null', '-1', '"7"', '1e10', '0'))
  return fc.record({ key: fc.constantFrom(...keys), value })
}

const textOf = (members: readonly Member[]): string =>
  members.map(({ key, value }) => `${JSON.stringify(key)}:${value}`).join(',')

/** The limits that vendors may take from the same members: first or last, minding the letters' case or not, either field first or alone. */
function readingsOf(members: readonly Member[]): number[] {
  const readings: number[] = []
  const [newer = '', older = ''] = LIMITS
  for (const order of [members, members.toReversed()]) {
    for (const same of [(key: string) => key, (key: string) => key.toLowerCase()]) {
      const taken = new Map<string, Json | undefined>(order.map(({ key, value }) => [same(key), parseJson(value)]))
      for (const field of [taken.get(newer) ?? taken.get(older), taken.get(older) ?? taken.get(newer)]) {
        if (typeof field === 'number' && field > 0) readings.push(field)
        else if (field === -1 || field === 0) readings.push(Number.POSITIVE_INFINITY)
      }
    }
  }
  return readings
}

const LIMITS = ['max_completion_tokens', 'max_tokens', 'MAX_TOKENS', 'Max_Completion_Tokens']
const LIMITS_OF_SCAN = { depthMax: 64, keysMax: 1_000 }

/** Bodies with our keys, the wanted ones too, in all spellings and places, well-formed or not. */
function anyText(): fc.Arbitrary<string> {
  const key = fc.constantFrom(
    'n',
    'N',
    'best_of',
    'max_output_tokens',
    'maxOutputTokens',
    'candidateCount',
    'x',
    ...LIMITS,
  )
  const flat = fc.oneof(
    fc.integer({ min: -2, max: 9 }).map(String),
    fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
    fc.constantFrom('', ' 5 ', '5 5', '{', '"', '1e999'),
  )
  const members = (value: fc.Arbitrary<string>) =>
    fc
      .array(fc.tuple(key, value), { maxLength: 4 })
      .map((all) => all.map(([name, text]) => `"${name}":${text}`).join(','))
  const config = fc
    .tuple(fc.constantFrom('generationConfig', 'generation_config', 'GenerationConfig'), members(flat))
    .map(([name, inside]) => `"${name}":{${inside}}`)
  const wanted = fc.constantFrom('"stream":true', '"Stream":true', '"store":false')
  const pad = fc.constant(`"pad":${LARGE}`)
  const part = fc.oneof({ weight: 4, arbitrary: members(flat) }, { weight: 3, arbitrary: config }, wanted, pad)
  return fc
    .array(part, { maxLength: 4 })
    .map((parts) => `{${['"model":"m"', ...parts].filter((text) => text !== '').join(',')}}`)
}
