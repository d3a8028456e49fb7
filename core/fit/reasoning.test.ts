import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../capabilities.ts'
import type { Chat, Reasoning, WireId } from '../chat.ts'
import { Losses } from '../loss.ts'
import { fitReasoning } from './reasoning.ts'

interface Fitting {
  readonly facts: Capabilities
  readonly limit?: number
  readonly wire?: WireId
}

/** What becomes of `asked`, and the losses as `field what`. */
function fitted(
  asked: Reasoning,
  { facts, limit, wire }: Fitting,
): readonly [Reasoning | undefined, readonly string[]] {
  const losses = new Losses()
  const chat: Chat = {
    model: 'm',
    stream: false,
    turns: [],
    tools: [],
    reasoning: asked,
    ...(limit === undefined ? {} : { outputTokensMax: limit }),
  }
  const { reasoning } = fitReasoning(chat, { capabilities: facts, wire, losses })
  return [reasoning, losses.list().map(({ field, what }) => `${field} ${what}`)]
}

/** Claude up to 4.5, and with it Gemini 2.5 but for the numbers. */
const byBudget: Capabilities = {
  reasoningAmount: 'budget',
  reasoningOff: 'yes',
  reasoningDefault: 'off',
  reasoningAuto: 'no',
  budget: { min: 1_024, max: null },
  efforts: [],
  outputTokensMax: 64_000,
}
/** A budget that cannot be zero, as on Gemini 2.5 Pro. */
const alwaysByBudget: Capabilities = {
  ...byBudget,
  reasoningOff: 'no',
  reasoningAuto: 'yes',
  budget: { min: 128, max: 32_768 },
}
const byLevel: Capabilities = { reasoningAmount: 'level', reasoningOff: 'yes', efforts: ['low', 'medium', 'high'] }
const always: Capabilities = { ...byLevel, reasoningOff: 'no', budget: null }
/** Claude 4.6 to 4.8: an effort makes it think only beside `adaptive`. */
const adaptive: Capabilities = { ...byLevel, reasoningDefault: 'off', reasoningAuto: 'needed' }

describe('a level where the model takes levels', () => {
  test.each<[string, Reasoning, Fitting, Reasoning | undefined, readonly string[]]>([
    ['stays when the model has it', { effort: 'medium' }, { facts: byLevel }, { effort: 'medium' }, []],
    [
      'moves to the nearest one',
      { effort: 'max' },
      { facts: byLevel },
      { effort: 'high' },
      ['reasoning.effort clamped'],
    ],
    [
      'moves up from below',
      { effort: 'minimal', text: 'shown' },
      { facts: byLevel },
      { effort: 'low', text: 'shown' },
      ['reasoning.effort clamped'],
    ],
    [
      'is left out where none is taken',
      { effort: 'high' },
      { facts: { reasoningAmount: 'level', efforts: [] } },
      undefined,
      ['reasoning.effort dropped'],
    ],
    ['stays where nobody knows the levels', { effort: 'max' }, { facts: {} }, { effort: 'max' }, []],
    [
      'switches thinking on where it would not',
      { effort: 'high' },
      { facts: adaptive },
      { mode: 'auto', effort: 'high' },
      [],
    ],
    [
      'is lower on chat completions where that endpoint takes less',
      { effort: 'high' },
      { facts: { ...byLevel, effortMaxOnChat: 'medium' }, wire: 'openai-chat' },
      { effort: 'medium' },
      ['reasoning.effort clamped'],
    ],
    [
      'and not on another endpoint',
      { effort: 'high' },
      { facts: { ...byLevel, effortMaxOnChat: 'medium' }, wire: 'openai-responses' },
      { effort: 'high' },
      [],
    ],
  ])('%s', (_, asked, fitting, reasoning, losses) => {
    expect(fitted(asked, fitting)).toEqual([reasoning, losses])
  })
})

describe('a budget where the model takes levels', () => {
  test.each<[string, Reasoning, Fitting, Reasoning, readonly string[]]>([
    [
      'is the level that it stands for',
      { mode: { budgetTokens: 10_000 } },
      { facts: byLevel },
      { effort: 'high' },
      ['reasoning.budget emulated'],
    ],
    [
      'is the nearest level that the model has',
      { mode: { budgetTokens: 100_000 } },
      { facts: always },
      { effort: 'high' },
      ['reasoning.budget emulated'],
    ],
    [
      'gives way to a level that is there already',
      { mode: { budgetTokens: 10_000 }, effort: 'low' },
      { facts: byLevel },
      { effort: 'low' },
      ['reasoning.budget emulated'],
    ],
    [
      'leaves thinking on where that must be said',
      { mode: { budgetTokens: 5_000 } },
      { facts: adaptive },
      { mode: 'auto', effort: 'medium' },
      ['reasoning.budget emulated'],
    ],
    [
      'is a level too where only its refusal is known',
      { mode: { budgetTokens: 5_000 } },
      { facts: { budget: null } },
      { effort: 'medium' },
      ['reasoning.budget emulated'],
    ],
    [
      'stays where nothing is known',
      { mode: { budgetTokens: 5_000 } },
      { facts: {} },
      { mode: { budgetTokens: 5_000 } },
      [],
    ],
  ])('%s', (_, asked, fitting, reasoning, losses) => {
    expect(fitted(asked, fitting)).toEqual([reasoning, losses])
  })
})

describe('a level where the model takes budgets', () => {
  test.each<[string, Reasoning, Fitting, Reasoning, readonly string[]]>([
    [
      'is the budget of the table',
      { effort: 'high' },
      { facts: byBudget },
      { mode: { budgetTokens: 24_576 } },
      ['reasoning.effort emulated'],
    ],
    [
      'is not below the least of the model',
      { effort: 'minimal' },
      { facts: byBudget },
      { mode: { budgetTokens: 1_024 } },
      ['reasoning.effort emulated'],
    ],
    [
      'is not above the largest of the model',
      { effort: 'max' },
      { facts: { ...alwaysByBudget, outputTokensMax: 500_000 } },
      { mode: { budgetTokens: 32_768 } },
      ['reasoning.effort emulated'],
    ],
    [
      'leaves room for the answer',
      { effort: 'high' },
      { facts: byBudget, limit: 8_000 },
      { mode: { budgetTokens: 6_976 } },
      ['reasoning.effort emulated'],
    ],
    [
      "leaves room in the model's own limit when none was asked for",
      { effort: 'max' },
      { facts: byBudget },
      { mode: { budgetTokens: 62_976 } },
      ['reasoning.effort emulated'],
    ],
    [
      'is the least budget where only that is under the limit',
      { effort: 'high' },
      { facts: byBudget, limit: 1_500 },
      { mode: { budgetTokens: 1_024 } },
      ['reasoning.effort emulated'],
    ],
    [
      'switches reasoning off where not even the least budget fits',
      { effort: 'high' },
      { facts: byBudget, limit: 1_024 },
      { mode: 'off' },
      ['reasoning.effort dropped'],
    ],
    [
      'is the least budget where reasoning cannot be off',
      { effort: 'high' },
      { facts: alwaysByBudget, limit: 100 },
      { mode: { budgetTokens: 128 } },
      ['reasoning.effort emulated'],
    ],
    [
      'gives way to a budget that is there already',
      { mode: { budgetTokens: 4_000 }, effort: 'high' },
      { facts: byBudget },
      { mode: { budgetTokens: 4_000 } },
      ['reasoning.effort dropped'],
    ],
  ])('%s', (_, asked, fitting, reasoning, losses) => {
    expect(fitted(asked, fitting)).toEqual([reasoning, losses])
  })
})

describe('a budget', () => {
  test.each<[string, number, Fitting, Reasoning, readonly string[]]>([
    ['stays in the range', 2_000, { facts: byBudget, limit: 2_500 }, { mode: { budgetTokens: 2_000 } }, []],
    [
      'is raised to the least',
      100,
      { facts: byBudget },
      { mode: { budgetTokens: 1_024 } },
      ['reasoning.budget clamped'],
    ],
    [
      'is lowered to the largest',
      50_000,
      { facts: alwaysByBudget },
      { mode: { budgetTokens: 32_768 } },
      ['reasoning.budget clamped'],
    ],
    [
      'is under the limit of the answer',
      8_000,
      { facts: byBudget, limit: 8_000 },
      { mode: { budgetTokens: 6_976 } },
      ['reasoning.budget clamped'],
    ],
    [
      'is off where nothing fits',
      8_000,
      { facts: byBudget, limit: 512 },
      { mode: 'off' },
      ['reasoning.budget dropped'],
    ],
  ])('%s', (_, budgetTokens, fitting, reasoning, losses) => {
    expect(fitted({ mode: { budgetTokens } }, fitting)).toEqual([reasoning, losses])
  })
})

describe('off', () => {
  test.each<[string, Reasoning, Capabilities, Reasoning, readonly string[]]>([
    ['stays where it can be', { mode: 'off' }, byLevel, { mode: 'off' }, []],
    ['stays where nobody knows', { mode: 'off' }, {}, { mode: 'off' }, []],
    ['is the least level where it cannot be', { mode: 'off' }, always, { effort: 'low' }, ['reasoning.off clamped']],
    [
      'is the least budget where it cannot be',
      { mode: 'off' },
      alwaysByBudget,
      { mode: { budgetTokens: 128 } },
      ['reasoning.off clamped'],
    ],
    [
      'is thinking between calls where that is the least, at high at most',
      { mode: 'off', effort: 'max' },
      { ...byLevel, reasoningOff: 'between-tools', efforts: ['low', 'high', 'max'] },
      { mode: 'between-tools', effort: 'high' },
      ['reasoning.off clamped', 'reasoning.effort clamped'],
    ],
    [
      'holds the level at high where it is refused above',
      { mode: 'off', effort: 'max' },
      { reasoningOff: 'up-to-high', efforts: ['low', 'high', 'xhigh', 'max'] },
      { mode: 'off', effort: 'high' },
      ['reasoning.effort clamped'],
    ],
    [
      'holds an unknown level at high as well',
      { mode: 'off', effort: 'xhigh' },
      { reasoningOff: 'up-to-high' },
      { mode: 'off', effort: 'high' },
      ['reasoning.effort clamped'],
    ],
  ])('%s', (_, asked, facts, reasoning, losses) => {
    expect(fitted(asked, { facts })).toEqual([reasoning, losses])
  })
})

describe('thinking between calls only', () => {
  const between: Reasoning = { mode: 'between-tools' }
  test.each<[string, Capabilities, Reasoning, readonly string[]]>([
    ['stays where the model has it', { reasoningOff: 'between-tools' }, between, []],
    ['stays where nobody knows', {}, between, []],
    ['is off where that can be', byLevel, { mode: 'off' }, ['reasoning.betweenTools clamped']],
    ['is the least level where it cannot', always, { effort: 'low' }, ['reasoning.betweenTools clamped']],
  ])('%s', (_, facts, reasoning, losses) => {
    expect(fitted(between, { facts })).toEqual([reasoning, losses])
  })
})

describe('as the model likes', () => {
  test.each<[string, Reasoning, Capabilities, Reasoning | undefined, readonly string[]]>([
    ['stays where it can be said', { mode: 'auto' }, { ...adaptive, reasoningAuto: 'yes' }, { mode: 'auto' }, []],
    ['is left out where it is what happens', { mode: 'auto' }, { ...always, reasoningAuto: 'no' }, undefined, []],
    ['leaves its level', { mode: 'auto', effort: 'low' }, { ...always, reasoningAuto: 'no' }, { effort: 'low' }, []],
    [
      'is a middling level where the model would not reason unasked',
      { mode: 'auto' },
      { ...byLevel, reasoningAuto: 'no', reasoningDefault: 'off' },
      { effort: 'medium' },
      ['reasoning.auto emulated'],
    ],
    [
      'is a middling budget where the model must be given one',
      { mode: 'auto' },
      byBudget,
      { mode: { budgetTokens: 8_192 } },
      ['reasoning.auto emulated'],
    ],
  ])('%s', (_, asked, facts, reasoning, losses) => {
    expect(fitted(asked, { facts })).toEqual([reasoning, losses])
  })
})

describe('a model that never reasons', () => {
  const facts: Capabilities = { reasons: false }
  test.each<[Reasoning, readonly string[]]>([
    [{ mode: 'off' }, []],
    [{ mode: 'off', effort: 'low', text: 'hidden' }, []],
    [{ effort: 'high', text: 'shown' }, ['reasoning.effort dropped', 'reasoning.shown dropped']],
    [{ mode: { budgetTokens: 4_000 } }, ['reasoning.budget dropped']],
    [{ mode: 'auto' }, ['reasoning.auto dropped']],
    [{ mode: 'between-tools' }, ['reasoning.betweenTools dropped']],
  ])('is asked nothing of %j', (asked, losses) => {
    expect(fitted(asked, { facts })).toEqual([undefined, losses])
  })

  test("keeps what only the client's wire knows, so that its writer can report it", () => {
    const own = { wire: 'openai-responses', fields: { context: 'auto' } } as const
    expect(fitted({ effort: 'high', own }, { facts })).toEqual([{ own }, ['reasoning.effort dropped']])
  })
})
