import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Capabilities } from './capabilities.ts'
import { type Chat, EFFORTS, type ToolChoice, type Turn } from './chat.ts'
import { type Asking, fit } from './fit.ts'
import { FEATURES } from './loss.ts'

const user: Turn = { role: 'user', blocks: [{ kind: 'text', text: 'Where is it?' }] }
const system = (text: string): Turn => ({ role: 'system', blocks: [{ kind: 'text', text }] })
const chat = (fields: Partial<Chat> = {}): Chat => ({
  model: 'm',
  stream: false,
  turns: [user],
  tools: [{ kind: 'function', name: 'look' }],
  ...fields,
})
const WHOLE: Asking = { stream: false }

/** One field, or none: `fc.record` makes it absent now and then. */
const anyChat: fc.Arbitrary<Chat> = fc
  .record(
    {
      temperature: fc.constantFrom(0, 1, 0.5),
      topP: fc.constantFrom(1, 0.5, 0.97),
      topK: fc.nat(50),
      presencePenalty: fc.constantFrom(0, 1),
      frequencyPenalty: fc.constantFrom(0, -1),
      logprobs: fc.constant({ alternatives: 1 }),
      logitBias: fc.constantFrom({}, { '7': 1 }),
      stops: fc.constantFrom([], ['.']),
      choices: fc.integer({ min: 1, max: 5 }),
      outputTokensMax: fc.integer({ min: 1, max: 100_000 }),
      output: fc.constantFrom({ kind: 'json' as const }, { kind: 'schema' as const, schema: { type: 'object' } }),
      toolChoice: fc.constantFrom<ToolChoice>(
        { kind: 'auto' },
        { kind: 'required' },
        { kind: 'named', name: 'look' },
        { kind: 'allowed', names: ['look'], required: true },
      ),
      reasoning: fc.record(
        {
          mode: fc.constantFrom('off' as const, 'auto' as const, 'between-tools' as const, { budgetTokens: 9_000 }),
          effort: fc.constantFrom(...EFFORTS),
          text: fc.constantFrom('hidden' as const, 'shown' as const),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  .map((fields) => chat({ turns: [system('Be brief.'), user], ...fields }))

const settable = fc.constantFrom('any' as const, 'none' as const, 'unless-reasoning' as const)
const anyCapabilities: fc.Arbitrary<Capabilities> = fc.record(
  {
    reasons: fc.boolean(),
    reasoningAmount: fc.constantFrom('level' as const, 'budget' as const),
    reasoningOff: fc.constantFrom('yes' as const, 'no' as const, 'up-to-high' as const, 'between-tools' as const),
    reasoningDefault: fc.constantFrom('on' as const, 'off' as const),
    reasoningAuto: fc.constantFrom('yes' as const, 'no' as const, 'needed' as const),
    budget: fc.constantFrom(null, { min: 1_024, max: null }, { min: 1, max: 24_576 }),
    efforts: fc.subarray([...EFFORTS]),
    effortMaxOnChat: fc.constantFrom(...EFFORTS),
    sampling: fc.oneof(settable, fc.constant('not-both' as const)),
    samplingWithReasoning: fc.constantFrom('any' as const, 'default' as const),
    penalties: settable,
    logprobs: settable,
    logitBias: settable,
    stops: settable,
    choicesMax: fc.integer({ min: 1, max: 3 }),
    forcedTool: fc.constantFrom('yes' as const, 'no' as const, 'not-with-budget' as const),
    schemaOutput: fc.boolean(),
    outputTokensMax: fc.integer({ min: 1, max: 70_000 }),
    outputTokensMaxWhole: fc.integer({ min: 1, max: 70_000 }),
  },
  { requiredKeys: [] },
)
const anyAsking: fc.Arbitrary<Asking> = fc.record({
  stream: fc.boolean(),
  wire: fc.constantFrom('openai-chat' as const, 'anthropic' as const),
})

describe('laws', () => {
  test('with no facts nothing is changed', () => {
    fc.assert(
      fc.property(anyChat, anyAsking, (asked, asking) => {
        expect(fit(asked, {}, asking)).toEqual({ chat: asked, losses: [] })
      }),
      { numRuns: 1_000 },
    )
  })

  test('what has been fitted once fits', () => {
    fc.assert(
      fc.property(anyChat, anyCapabilities, anyAsking, (asked, capabilities, asking) => {
        const once = fit(asked, capabilities, asking)
        expect(fit(once.chat, capabilities, asking)).toEqual({ chat: once.chat, losses: [] })
      }),
      { numRuns: 1_000 },
    )
  })

  test('losses speak of features, and what they do not speak of is there', () => {
    const kept = ['temperature', 'topP', 'topK', 'logprobs', 'choices', 'outputTokensMax'] as const
    fc.assert(
      fc.property(anyChat, anyCapabilities, anyAsking, (asked, capabilities, asking) => {
        const { chat: done, losses } = fit(asked, capabilities, asking)
        const lost = losses.map(({ field }) => field)
        expect(FEATURES).toEqual(expect.arrayContaining(lost))
        // What is 1 is a default, and may go in silence.
        const rest = kept.filter((field) => !lost.includes(field) && asked[field] !== 1)
        expect(rest.map((field) => done[field])).toEqual(rest.map((field) => asked[field]))
      }),
      { numRuns: 1_000 },
    )
  })

  test('what is asked is not written on', () => {
    const asked = Object.freeze(
      chat({ temperature: 0, toolChoice: { kind: 'required' }, reasoning: Object.freeze({ effort: 'max' }) }),
    )
    fit(asked, { sampling: 'none', forcedTool: 'no', efforts: ['low'] }, WHOLE)
    expect(asked).toMatchObject({ temperature: 0, toolChoice: { kind: 'required' }, reasoning: { effort: 'max' } })
  })
})
