import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  capabilitiesOf,
  compileRows,
  dialectOf,
  isReasoning,
  type ModelFacts,
  needsResponses,
  plainName,
} from './capabilities.ts'
import type { Chat, Reasoning } from './chat.ts'

const chat = (fields: Partial<Chat> = {}): Chat => ({ model: 'm', stream: false, turns: [], tools: [], ...fields })
const reasoning = (fields: Reasoning): Chat => chat({ reasoning: fields })
const tools: Chat['tools'] = [{ kind: 'function', name: 'look' }]

describe('one row serves a model under all of its names', () => {
  test.each([
    ['claude-opus-5-5', 'claude-opus-5-5'],
    ['anthropic/claude-opus-5.5', 'claude-opus-5-5'],
    ['us.anthropic.claude-opus-4-8-v1:0', 'claude-opus-4-8'],
    ['us-gov.anthropic.claude-opus-4-8', 'claude-opus-4-8'],
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['claude-opus-4-5@20251101', 'claude-opus-4-5'],
    ['claude-opus-5-5@default', 'claude-opus-5-5'],
    ['openai/gpt-6-sol', 'gpt-6-sol'],
    ['global.openai.gpt-6-sol', 'gpt-6-sol'],
    ['gpt-6.1-sol-2026-09-29', 'gpt-6-1-sol'],
    ['GPT-4o-2024-08-06', 'gpt-4o'],
    ['ft:gpt-4o-mini-2024-07-18:org::id', 'gpt-4o-mini'],
    ['publishers/google/models/gemini-2.5-pro', 'gemini-2-5-pro'],
    ['x-ai/grok-4.20', 'grok-4-20'],
    ['gemma-4-31b-it:free', 'gemma-4-31b-it'],
    ['deepseek-v3.2', 'deepseek-v3-2'],
    ['deepseek-v3', 'deepseek-v3'],
    ['', ''],
    ['/', ''],
    [':', ':'],
  ])('%j is %j', (model, plain) => {
    expect(plainName(model)).toBe(plain)
  })

  test('another model of the same family is another name', () => {
    expect(new Set(['gpt-6', 'gpt-6.1', 'gpt-6.1-sol', 'gpt-6-sol', 'gpt-6-sol-pro'].map(plainName)).size).toBe(5)
  })

  test('a plain name stays as it is, whatever it was', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'v', '1', '2', '0', '-', '.', ':', '@', '/', '*') })
    fc.assert(
      fc.property(name, (model) => {
        expect(plainName(plainName(model))).toBe(plainName(model))
      }),
    )
  })
})

describe('rows', () => {
  const rows = compileRows([
    { models: ['a-*', 'b'], facts: { prefill: 'no', stops: 'none' } },
    { models: ['a-2.5'], facts: { prefill: 'yes', budget: null } },
  ])

  test('every row that has the name adds to those above it, and the later one wins', () => {
    expect(capabilitiesOf('vendor/a-2.5', rows)).toEqual({ prefill: 'yes', stops: 'none', budget: null })
    expect(capabilitiesOf('a-1', rows)).toEqual({ prefill: 'no', stops: 'none' })
  })

  test.each(['c', '', '__proto__', 'constructor', 'x'.repeat(100_000)])(
    'of a model that no row has nothing is known',
    (model) => {
      expect(capabilitiesOf(model, rows)).toEqual({})
    },
  )
})

describe('whether it reasons', () => {
  test.each<[Reasoning | undefined, ModelFacts, boolean | undefined]>([
    [undefined, {}, undefined],
    [undefined, { reasoningDefault: 'on' }, true],
    [undefined, { reasoningDefault: 'off' }, false],
    [{ mode: 'off' }, { reasoningDefault: 'on' }, false],
    [{ mode: 'auto' }, { reasoningDefault: 'off' }, true],
    [{ mode: { budgetTokens: 2_000 } }, {}, true],
    [{ effort: 'low' }, { reasoningDefault: 'off' }, true],
    [{ effort: 'low' }, { reasoningDefault: 'off', reasoningAuto: 'needed' }, false],
    [{ effort: 'high' }, { reasons: false }, false],
    [{ text: 'hidden' }, {}, undefined],
  ])('%j with %j: %s', (asked, facts, expected) => {
    expect(isReasoning(asked === undefined ? chat() : reasoning(asked), facts)).toBe(expected)
  })
})

describe('the responses endpoint', () => {
  test.each<[string, Chat, ModelFacts, boolean]>([
    ['not for a model of which nothing is known', chat({ tools }), {}, false],
    ['for everything', chat(), { responsesOnly: 'always' }, true],
    ['for tools', chat({ tools }), { responsesOnly: 'tools' }, true],
    ['not for tools without reasoning', chat({ tools, reasoning: { mode: 'off' } }), { responsesOnly: 'tools' }, false],
    [
      'not for tools without an effort, where it does not reason unasked',
      chat({ tools }),
      { responsesOnly: 'tools', reasoningDefault: 'off' },
      false,
    ],
    [
      'for tools with an effort, where it does not reason unasked',
      chat({ tools, reasoning: { effort: 'low' } }),
      { responsesOnly: 'tools', reasoningDefault: 'off' },
      true,
    ],
    ['not without tools', reasoning({ effort: 'high' }), { responsesOnly: 'tools' }, false],
  ])('%s', (_, asked, facts, expected) => {
    expect(needsResponses(asked, facts)).toBe(expected)
  })
})

test('a writer is told what the facts say, and nothing else', () => {
  expect(dialectOf(chat(), {})).toEqual({})
  const facts: ModelFacts = {
    laterSystem: false,
    outputLimitField: 'max_completion_tokens',
    reasoningAmount: 'budget',
    samplingVersion: '2023-06-01',
  }
  expect(dialectOf(chat(), facts)).toEqual({
    laterSystem: false,
    outputLimitField: 'max_completion_tokens',
    reasoning: 'budget',
  })
  expect(dialectOf(chat({ topK: 1 }), facts).version).toBe('2023-06-01')
  expect(dialectOf(chat(), { reasons: false })).toEqual({ sealedReasoning: false })
  expect(dialectOf(chat(), { resultMedia: false })).toEqual({ resultMedia: false })
})
