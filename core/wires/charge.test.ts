import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../json.ts'
import { NANO_MAX } from '../money.ts'
import { cost } from '../price.ts'
import { readTerms } from '../price-read.ts'
import { termsOfPrices, TIERS } from '../price-row-test-kit.ts'
import { named } from '../price-version.ts'
import { USAGE_KINDS, type Usage } from '../usage.ts'
import { readUsage as readAnthropic } from './anthropic/usage.ts'
import { readUsage as readGemini } from './gemini/usage.ts'
import { readUsage as readChat } from './openai-chat/usage.ts'
import { readResponseUsage } from './openai-responses/usage.ts'

/** Every field that a reader looks at, and what is in it. */
const FIELDS: { readonly [wire: string]: readonly string[] } = {
  chat: [
    'prompt_tokens',
    'completion_tokens',
    'total_tokens',
    'prompt_tokens_details',
    'completion_tokens_details',
    'cached_tokens',
    'cache_write_tokens',
    'audio_tokens',
    'image_tokens',
    'reasoning_tokens',
    'num_search_queries',
    'server_tool_use',
    'web_search_requests',
    'prompt_cache_hit_tokens',
  ],
  responses: [
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'input_tokens_details',
    'output_tokens_details',
    'cached_tokens',
    'cache_write_tokens',
    'reasoning_tokens',
    'image_tokens',
    'audio_tokens',
  ],
  anthropic: [
    'input_tokens',
    'output_tokens',
    'cache_read_input_tokens',
    'cache_creation_input_tokens',
    'cache_creation',
    'ephemeral_5m_input_tokens',
    'ephemeral_1h_input_tokens',
    'output_tokens_details',
    'thinking_tokens',
    'server_tool_use',
    'web_search_requests',
    'iterations',
    'type',
  ],
  gemini: [
    'promptTokenCount',
    'candidatesTokenCount',
    'totalTokenCount',
    'cachedContentTokenCount',
    'thoughtsTokenCount',
    'toolUsePromptTokenCount',
    'promptTokensDetails',
    'cacheTokensDetails',
    'candidatesTokensDetails',
    'modality',
    'tokenCount',
  ],
}

const READERS: { readonly [wire: string]: (usage: Json) => Usage | undefined } = {
  chat: (usage) => readChat(usage, 'openai'),
  'chat that counts reasoning apart': (usage) => readChat(usage, 'openai-reasoning-apart'),
  responses: (usage) => readResponseUsage({ usage, output: [] }, 'openai'),
  anthropic: readAnthropic,
  gemini: (usage) => readGemini(usage, 3),
}

/** Counts that no model can produce among some that it can; a vendor's NaN is a null or a text by the time it is read. */
const count = fc.oneof(
  { weight: 3, arbitrary: fc.nat(100_000) },
  fc.constantFrom(0, -0, -1, -(2 ** 53), 0.5, 2 ** 31, 1_000_000_000, 2 ** 53 + 2, 1e308, Number.NaN, Infinity),
)

/** What a broken or hostile vendor may say below `usage`: any field missing, of the wrong type, or nested where it does not belong. */
const vendorUsages = (fields: readonly string[]): fc.Arbitrary<Json> =>
  fc.letrec<{ value: Json; object: Json }>((tie) => ({
    object: fc.dictionary(fc.constantFrom(...fields), tie('value')),
    value: fc.oneof(
      { maxDepth: 3 },
      { weight: 4, arbitrary: count },
      fc.constantFrom(null, '12', 'NaN', 'TEXT', 'AUDIO', 'compaction', true, []),
      tie('object'),
      fc.array(tie('object'), { maxLength: 3 }),
    ),
  })).object

describe('whatever a vendor says it used', () => {
  test.each(Object.entries(READERS))(
    'on the wire %s, every count is whole and no charge is below nothing',
    (wire, read) => {
      const asked = [
        vendorUsages(FIELDS[wire.split(' ', 1)[0] ?? ''] ?? []),
        termsOfPrices(),
        fc.constantFrom(undefined, ...TIERS),
      ] as const
      fc.assert(
        fc.property(...asked, (said, terms, tier) => {
          const usage = read(said)
          if (usage === undefined) return
          const counts = USAGE_KINDS.map((kind) => usage[kind])
          const nano = cost(usage, named(readTerms(terms), { model: 'v/m', day: terms.from }), tier)
          const wrong = [...counts, nano].filter(
            (amount) => !Number.isSafeInteger(amount) || amount < 0 || amount > NANO_MAX,
          )
          if (wrong.length > 0) throw new Error(`charged ${nano} for ${JSON.stringify(usage)}`)
        }),
        { numRuns: 500 },
      )
    },
  )

  test('a count that the largest record cannot hold is charged as much as it can', () => {
    const usage = readChat({ prompt_tokens: 1_000_000_000, num_search_queries: 1_000_000_000 }, 'openai')
    const dear = named(readTerms({ from: '2026-01-01', rates: { input: 1, output: 1, searches: 1_000 } }), {
      model: 'v/m',
      day: '2026-01-01',
    })
    expect(usage && cost(usage, dear)).toBe(NANO_MAX)
  })
})
