import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { hearBoth, hearWhole } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { PAIRS, sent } from './kit/trip.ts'

/** 100 new, 900 read from the cache, 30 of answer and 20 of thought, as each wire counts them. */
const SPELT: { readonly [wire in WireId]: JsonObject } = {
  'openai-chat': {
    prompt_tokens: 1_000,
    completion_tokens: 50,
    total_tokens: 1_050,
    prompt_tokens_details: { cached_tokens: 900 },
    completion_tokens_details: { reasoning_tokens: 20 },
  },
  'openai-responses': {
    input_tokens: 1_000,
    input_tokens_details: { cached_tokens: 900 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 20 },
    total_tokens: 1_050,
  },
  anthropic: {
    input_tokens: 100,
    cache_read_input_tokens: 900,
    cache_creation_input_tokens: 0,
    output_tokens: 50,
    output_tokens_details: { thinking_tokens: 20 },
  },
  gemini: {
    promptTokenCount: 1_000,
    cachedContentTokenCount: 900,
    candidatesTokenCount: 30,
    thoughtsTokenCount: 20,
    totalTokenCount: 1_050,
  },
}

/** The same with 50 written to the cache; Gemini has no such count. */
const WRITTEN: { readonly [wire in Exclude<WireId, 'gemini'>]: JsonObject } = {
  'openai-chat': {
    prompt_tokens: 1_050,
    completion_tokens: 50,
    total_tokens: 1_100,
    prompt_tokens_details: { cached_tokens: 900, cache_write_tokens: 50 },
  },
  'openai-responses': {
    input_tokens: 1_050,
    input_tokens_details: { cached_tokens: 900, cache_write_tokens: 50 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 1_100,
  },
  anthropic: {
    input_tokens: 100,
    cache_read_input_tokens: 900,
    cache_creation_input_tokens: 50,
    output_tokens: 50,
  },
}

const body = (client: WireId) => ({
  ...asks(client),
  ...(client === 'openai-chat' ? { stream_options: { include_usage: true } } : {}),
})

test.each(PAIRS)('$vendor to $client: tokens from the cache stand in one place, and the sum stays the sum', (pair) => {
  const { client, vendor } = pair
  const said = says(vendor, { text: 'Hi', usage: SPELT[vendor] })
  for (const [way, { usage }] of hearBoth({ client, vendor, body: body(client) }, said))
    expect(usage, way).toMatchObject(SPELT[client])
})

const WRITING = PAIRS.flatMap(({ client, vendor }) => (vendor === 'gemini' ? [] : [{ client, vendor }]))

test.each(WRITING)('$vendor to $client: and so do those that were written to it', ({ client, vendor }) => {
  const expected =
    client === 'gemini'
      ? { promptTokenCount: 1_050, cachedContentTokenCount: 900, candidatesTokenCount: 50, totalTokenCount: 1_100 }
      : WRITTEN[client]
  const said = says(vendor, { text: 'Hi', usage: WRITTEN[vendor] })
  for (const [way, { usage }] of hearBoth({ client, vendor, body: body(client) }, said))
    expect(usage, way).toMatchObject(expected)
})

describe('vendors that count in their own way', () => {
  const heard = (kind: string, usage: JsonObject) => {
    const to = sent({ client: 'anthropic', vendor: 'openai-chat', kind, body: asks('anthropic') })
    return hearWhole(to, says('openai-chat', { text: 'Hi', usage }).whole).usage
  }

  test('DeepSeek names hits and misses', () => {
    const usage = {
      prompt_tokens: 1_000,
      prompt_cache_hit_tokens: 900,
      prompt_cache_miss_tokens: 100,
      completion_tokens: 50,
      total_tokens: 1_050,
    }
    expect(heard('deepseek', usage)).toMatchObject({
      input_tokens: 100,
      cache_read_input_tokens: 900,
      output_tokens: 50,
    })
  })

  test('xAI leaves the reasoning out of the completion on chat: the total decides', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 189 } }
    const usage = { prompt_tokens: 291, completion_tokens: 26, ...details }
    expect(heard('xai', { ...usage, total_tokens: 506 })).toMatchObject({ input_tokens: 291, output_tokens: 215 })
    expect(heard('xai', { ...usage, completion_tokens: 215, total_tokens: 506 })).toMatchObject({ output_tokens: 215 })
  })
})
