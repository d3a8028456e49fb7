import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../capabilities.ts'
import type { Chat, WireId } from '../chat.ts'
import { type Asking, fit } from '../fit.ts'

const WHOLE: Asking = { stream: false }

/** The fitted chat without what every chat has, and the losses as `field what`. */
function fitted(
  fields: Partial<Chat>,
  capabilities: Capabilities,
  asking = WHOLE,
): readonly [object, readonly string[]] {
  const asked: Chat = { model: 'm', stream: false, turns: [], tools: [], ...fields }
  const { chat: done, losses } = fit(asked, capabilities, asking)
  const { model: _, stream: __, turns: ___, tools: ____, ...rest } = done
  return [rest, losses.map(({ field, what }) => `${field} ${what}`)]
}

describe('settings of the draw', () => {
  const drawn = { temperature: 0.2, topP: 0.9, topK: 40 }
  test.each<[string, Partial<Chat>, Capabilities, object, readonly string[]]>([
    ['stay where nothing is known', drawn, {}, drawn, []],
    ['stay where all are taken', drawn, { sampling: 'any' }, drawn, []],
    [
      'are left out where none is taken',
      drawn,
      { sampling: 'none' },
      {},
      ['temperature dropped', 'topP dropped', 'topK dropped'],
    ],
    ['are left out in silence at their defaults', { temperature: 1, topP: 1 }, { sampling: 'none' }, {}, []],
    [
      'lose top_p where only one of the two is taken',
      { temperature: 0.2, topP: 0.9 },
      { sampling: 'not-both' },
      { temperature: 0.2 },
      ['topP dropped'],
    ],
    [
      'lose a temperature that says nothing instead',
      { temperature: 1, topP: 0.9 },
      { sampling: 'not-both' },
      { topP: 0.9 },
      [],
    ],
    ['keep one alone', { topP: 0.9 }, { sampling: 'not-both' }, { topP: 0.9 }, []],
    [
      'are left out while it reasons',
      { temperature: 0.2 },
      { sampling: 'unless-reasoning', reasoningDefault: 'on' },
      {},
      ['temperature dropped'],
    ],
    [
      'are left out where nobody knows whether it reasons',
      { temperature: 0.2 },
      { sampling: 'unless-reasoning' },
      {},
      ['temperature dropped'],
    ],
    [
      'stay while it does not reason',
      { temperature: 0.2, reasoning: { mode: 'off' } },
      { sampling: 'unless-reasoning', reasoningDefault: 'on' },
      { temperature: 0.2, reasoning: { mode: 'off' } },
      [],
    ],
    [
      'are the defaults while an older Claude thinks',
      { ...drawn, reasoning: { mode: 'auto' } },
      { samplingWithReasoning: 'default' },
      { reasoning: { mode: 'auto' } },
      ['temperature dropped', 'topP dropped', 'topK dropped'],
    ],
    [
      'keep what it takes while it thinks',
      { temperature: 1, topP: 0.95, reasoning: { mode: 'auto' } },
      { samplingWithReasoning: 'default' },
      { temperature: 1, topP: 0.95, reasoning: { mode: 'auto' } },
      [],
    ],
    ['stay where it does not think', drawn, { samplingWithReasoning: 'default', reasoningDefault: 'off' }, drawn, []],
    [
      'lose the penalties',
      { presencePenalty: 0.5, frequencyPenalty: 0 },
      { penalties: 'none' },
      {},
      ['presencePenalty dropped'],
    ],
    ['lose the log probabilities', { logprobs: { alternatives: 0 } }, { logprobs: 'none' }, {}, ['logprobs dropped']],
    ['lose the bias', { logitBias: { '1': 5 } }, { logitBias: 'none' }, {}, ['logitBias dropped']],
    ['lose an empty bias in silence', { logitBias: {} }, { logitBias: 'none' }, {}, []],
    ['lose the stop strings', { stops: ['END'] }, { stops: 'none' }, {}, ['stops dropped']],
    ['lose an empty list of them in silence', { stops: [] }, { stops: 'none' }, {}, []],
    [
      'hold the answers at what the model gives',
      { choices: 4 },
      { choicesMax: 2 },
      { choices: 2 },
      ['choices clamped'],
    ],
    ['do not name one answer', { choices: 4 }, { choicesMax: 1 }, {}, ['choices clamped']],
    ['lose one answer in silence', { choices: 1 }, { choicesMax: 1 }, {}, []],
  ])('%s', (_, fields, capabilities, rest, losses) => {
    expect(fitted(fields, capabilities)).toEqual([rest, losses])
  })
})

describe('the limit of the answer', () => {
  const capabilities: Capabilities = { outputTokensMax: 64_000, outputTokensMaxWhole: 32_000 }
  test.each<[string, Partial<Chat>, Asking, object, readonly string[]]>([
    ['stays below', { outputTokensMax: 10 }, WHOLE, { outputTokensMax: 10 }, []],
    [
      "is the model's above",
      { outputTokensMax: 1e6 },
      { stream: true },
      { outputTokensMax: 64_000 },
      ['outputTokensMax clamped'],
    ],
    [
      'is lower without a stream',
      { outputTokensMax: 1e6 },
      WHOLE,
      { outputTokensMax: 32_000 },
      ['outputTokensMax clamped'],
    ],
    ['is not made up', {}, WHOLE, {}, []],
  ])('%s', (_, fields, asking, rest, losses) => {
    expect(fitted(fields, capabilities, asking)).toEqual([rest, losses])
  })

  test('of nothing but a warm cache is for Anthropic alone: others are asked for a token', () => {
    const asked = (wire: WireId) => fitted({ outputTokensMax: 0 }, {}, { stream: false, wire })
    expect(asked('anthropic')).toEqual([{ outputTokensMax: 0 }, []])
    for (const wire of ['openai-chat', 'openai-responses', 'gemini'] as const) {
      expect(asked(wire)).toEqual([{ outputTokensMax: 1 }, ['outputTokensMax clamped']])
    }
  })
})
