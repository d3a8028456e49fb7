import { expect, test } from 'vitest'
import type { Chat } from '../../core/chat.ts'
import { fit } from '../../core/fit.ts'
import { CATALOG_FOLDER, loadCatalog } from './catalog-files.ts'

const catalog = loadCatalog(CATALOG_FOLDER)

const vendors = ['openai', 'azure-openai', 'anthropic', 'gemini']
/** Of these no source says what they take. */
const unknown = [
  'chat-latest',
  'gpt-5-search-api',
  'gpt-5.5-cyber',
  'gpt-4o-mini-audio-preview-2024-12-17',
  'gpt-audio',
  'gpt-audio-1.5',
  'gpt-audio-mini',
  'gpt-chat-latest',
  'gemini-robotics-er-2-preview',
  'gemma-4-26b-a4b-it',
  'gemma-4-31b-it',
]

test('every model of OpenAI, Anthropic and Google has facts about its reasoning, but those of which nobody says any', () => {
  const silent = catalog.models
    .filter(({ provider, operations }) => vendors.includes(provider) && operations.includes('chat'))
    .map(({ id }) => id)
    .filter((name) => {
      const { reasons, reasoningAmount } = catalog.factsOf(name)
      return reasons === undefined && reasoningAmount === undefined
    })
  expect([...new Set(silent)].sort()).toEqual(unknown.toSorted())
})

test.each([
  ['claude-opus-5-5', 'anthropic/claude-opus-5.5'],
  ['claude-opus-4-8', 'us.anthropic.claude-opus-4-8-v1:0'],
  ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
  ['gpt-6-sol', 'openai/gpt-6-sol'],
  ['gpt-6.1-sol', 'gpt-6.1-sol-2026-09-29'],
  ['gemini-2.5-pro', 'google/gemini-2.5-pro'],
  ['grok-4.7', 'x-ai/grok-4.7'],
])('%s has the same facts as %s', (model, resold) => {
  expect(catalog.factsOf(resold)).toEqual(catalog.factsOf(model))
  expect(catalog.factsOf(model)).not.toEqual({})
})

test.each([
  ['claude-sonnet-5-5', 'claude-sonnet-5'],
  ['claude-fable-5-1', 'claude-fable-5'],
  ['gpt-6-sol', 'gpt-6.1-sol'],
  ['gemini-2.5-flash', 'gemini-2.5-flash-lite'],
  ['gemini-3.5-flash', 'gemini-3.6-flash'],
])('%s is not %s', (model, other) => {
  expect(catalog.factsOf(model)).not.toEqual(catalog.factsOf(other))
})

/** What is left of `fields`, and the losses as `field what`. */
function fitted(model: string, fields: Partial<Chat>): readonly [object, readonly string[]] {
  const asked: Chat = { model, stream: false, turns: [], tools: [], ...fields }
  const { chat, losses } = fit(asked, catalog.factsOf(model), { stream: false })
  const { model: _, stream: __, turns: ___, tools: ____, ...rest } = chat
  return [rest, losses.map(({ field, what }) => `${field} ${what}`)]
}

const cold = { temperature: 0.2 }
const gone = [{}, ['temperature dropped']]
test.each<[string, Partial<Chat>, readonly unknown[]]>([
  // Sampling: wire-formats 0 point 6, trap 12.
  ['claude-opus-4-8', cold, gone],
  ['claude-haiku-5-5', cold, gone],
  ['claude-sonnet-4-6', { temperature: 0.2, topP: 0.9 }, [cold, ['topP dropped']]],
  ['claude-sonnet-4', { temperature: 0.2, topP: 0.9 }, [{ temperature: 0.2, topP: 0.9 }, []]],
  ['gpt-6-sol', cold, gone],
  ['gpt-6-sol', { ...cold, reasoning: { mode: 'off' } }, [{ ...cold, reasoning: { mode: 'off' } }, []]],
  ['gpt-5', { topP: 0.9 }, [{}, ['topP dropped']]],
  ['gpt-5.4', cold, [cold, []]],
  ['gpt-4o', cold, [cold, []]],
  ['gemini-3.8-flash', cold, gone],
  ['gemini-2.5-flash', { ...cold, presencePenalty: 1 }, [cold, ['presencePenalty dropped']]],
  ['grok-4.7', { ...cold, stops: ['.'], presencePenalty: 0 }, [cold, ['stops dropped']]],
  // Thinking off: wire-formats 0 point 4.
  ['claude-opus-5-5', { reasoning: { mode: 'off' } }, [{ reasoning: { effort: 'low' } }, ['reasoning.off clamped']]],
  [
    'claude-sonnet-5-5',
    { reasoning: { mode: 'off' } },
    [{ reasoning: { mode: 'between-tools' } }, ['reasoning.off clamped']],
  ],
  ['claude-opus-5', { reasoning: { mode: 'off' } }, [{ reasoning: { mode: 'off' } }, []]],
  ['gpt-6-astra', { reasoning: { mode: 'off' } }, [{ reasoning: { effort: 'low' } }, ['reasoning.off clamped']]],
  ['gpt-6-luna', { reasoning: { mode: 'off' } }, [{ reasoning: { mode: 'off' } }, []]],
  [
    'gemini-2.5-pro',
    { reasoning: { mode: 'off' } },
    [{ reasoning: { mode: { budgetTokens: 128 } } }, ['reasoning.off clamped']],
  ],
  ['gemini-2.5-flash', { reasoning: { mode: 'off' } }, [{ reasoning: { mode: 'off' } }, []]],
  [
    'gemini-3.6-flash',
    { reasoning: { mode: 'off' } },
    [{ reasoning: { effort: 'minimal' } }, ['reasoning.off clamped']],
  ],
  // Amounts: wire-formats 1.5.1, trap 11.
  [
    'claude-opus-4-7',
    { reasoning: { mode: { budgetTokens: 20_000 } } },
    [{ reasoning: { effort: 'high', mode: 'auto' } }, ['reasoning.budget emulated']],
  ],
  [
    'claude-haiku-4-5',
    { reasoning: { effort: 'high' }, outputTokensMax: 4_096 },
    [{ reasoning: { mode: { budgetTokens: 3_072 } }, outputTokensMax: 4_096 }, ['reasoning.effort emulated']],
  ],
  ['claude-opus-4-6', { reasoning: { effort: 'high' } }, [{ reasoning: { effort: 'high', mode: 'auto' } }, []]],
  [
    'gemini-4-argon',
    { reasoning: { effort: 'max' } },
    [{ reasoning: { effort: 'high' } }, ['reasoning.effort clamped']],
  ],
  ['gpt-4.1', { reasoning: { effort: 'high' } }, [{}, ['reasoning.effort dropped']]],
  ['gemini-4-argon', { outputTokensMax: 60_000 }, [{ outputTokensMax: 32_768 }, ['outputTokensMax clamped']]],
  ['gemini-3.8-flash', { choices: 3 }, [{}, ['choices clamped']]],
  // Temperature and thinking: trap 13.
  [
    'claude-sonnet-4-5',
    { temperature: 0.2, reasoning: { mode: { budgetTokens: 4_000 } } },
    [{ reasoning: { mode: { budgetTokens: 4_000 } } }, ['temperature dropped']],
  ],
  // Forced tools: trap 10.
  [
    'claude-opus-5-5',
    { toolChoice: { kind: 'required' } },
    [{ toolChoice: { kind: 'auto' } }, ['toolChoice.required emulated']],
  ],
  [
    'claude-fable-5-1',
    { toolChoice: { kind: 'named', name: 'a' } },
    [{ toolChoice: { kind: 'auto' } }, ['toolChoice.named emulated']],
  ],
  ['claude-haiku-5-5', { toolChoice: { kind: 'required' } }, [{ toolChoice: { kind: 'required' } }, []]],
  [
    'claude-sonnet-4-5',
    { toolChoice: { kind: 'required' }, reasoning: { effort: 'low' } },
    [
      { toolChoice: { kind: 'auto' }, reasoning: { mode: { budgetTokens: 1_024 } } },
      ['reasoning.effort emulated', 'toolChoice.required emulated'],
    ],
  ],
])('%s is asked for %j in a way that it takes', (model, fields, expected) => {
  expect(fitted(model, fields)).toEqual(expected)
})

test.each(['claude-opus-4-6', 'claude-sonnet-5', 'claude-haiku-5-5', 'gemini-3.6-flash', 'gemini-4-argon'])(
  'trap 43: %s does not continue an assistant turn',
  (model) => {
    expect(() => fitted(model, { turns: [{ role: 'assistant', blocks: [] }] })).toThrow('must end with a user turn')
  },
)

test('traps 41 and 42: which models check the prefix, and whose reasoning is bound to an account', () => {
  const names = ['claude-opus-5', 'claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-mythos-5-1']
  expect(names.map((name) => catalog.factsOf(name).prefixCheck)).toEqual([undefined, 'yes', 'yes', 'yes', 'recorded'])
  const bound = names.filter((name) => catalog.factsOf(name).reasoningBound === 'account')
  expect(bound).toEqual(['claude-sonnet-5-5', 'claude-haiku-5-5'])
})
