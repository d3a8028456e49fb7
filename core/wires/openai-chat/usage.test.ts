import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inputTokens, NO_USAGE, outputTokens } from '../../usage.ts'
import { readUsage, writeUsage } from './usage.ts'

describe("a vendor's usage", () => {
  test('has its cached, written and reasoning tokens taken out of the totals that include them', () => {
    const usage = readUsage(
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 10, audio_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 30, audio_tokens: 1 },
      },
      'openai',
    )
    expect(usage).toMatchObject({
      input: 45,
      cacheRead: 40,
      cacheWriteOther: 10,
      inputAudio: 5,
      output: 19,
      reasoning: 30,
      outputAudio: 1,
    })
  })

  test('counts reasoning beside the completion only where the total says so', () => {
    const apart = {
      prompt_tokens: 291,
      completion_tokens: 26,
      total_tokens: 506,
      completion_tokens_details: { reasoning_tokens: 189 },
    }
    expect(readUsage(apart, 'openai-reasoning-apart')).toMatchObject({ output: 26, reasoning: 189 })
    const inside = {
      prompt_tokens: 1941,
      completion_tokens: 583,
      total_tokens: 2524,
      completion_tokens_details: { reasoning_tokens: 380 },
    }
    expect(readUsage(inside, 'openai-reasoning-apart')).toMatchObject({ output: 203, reasoning: 380 })
  })

  test('reads the cache hits of vendors that name them themselves', () => {
    const usage = { prompt_tokens: 20, prompt_cache_hit_tokens: 16, prompt_cache_miss_tokens: 4, completion_tokens: 1 }
    expect(readUsage(usage, 'openai')).toMatchObject({ input: 4, cacheRead: 16 })
  })

  test.each([{ num_search_queries: 3 }, { server_tool_use: { web_search_requests: 3 } }])(
    "counts the vendor's own web searches: %j",
    (fields) => {
      expect(readUsage({ prompt_tokens: 1, completion_tokens: 1, ...fields }, 'openai')).toMatchObject({ searches: 3 })
    },
  )

  test('takes sounds and pictures out of the answer as well', () => {
    const usage = {
      prompt_tokens: 1,
      completion_tokens: 20,
      completion_tokens_details: { reasoning_tokens: 3, audio_tokens: 4, image_tokens: 5 },
    }
    expect(readUsage(usage, 'openai')).toMatchObject({ output: 8, reasoning: 3, outputAudio: 4, outputImage: 5 })
  })

  test('is written back with totals that include everything', () => {
    const usage = { ...NO_USAGE, input: 1, cacheRead: 2, inputImage: 3, output: 4, outputImage: 5, searches: 6 }
    expect(writeUsage(usage)).toMatchObject({ prompt_tokens: 6, completion_tokens: 9, total_tokens: 15 })
    expect(readUsage(writeUsage(usage), 'openai')).toEqual(usage)
  })

  test('takes no number of sources for a number of searches', () => {
    expect(readUsage({ prompt_tokens: 1, num_sources_used: 9 }, 'openai')).toMatchObject({ searches: 0 })
  })

  test.each([
    null,
    undefined,
    'much',
    {},
    { prompt_tokens: -1 },
    { prompt_tokens: 1e300 },
    { prompt_tokens: 1.5 },
    { completion_tokens: 4 },
  ])('%j is missing, which is not zero', (value) => expect(readUsage(value, 'openai')).toBeUndefined())

  test('never adds up to more than the vendor reported, whatever it sent', () => {
    const count = fc.oneof(fc.nat(1_000), fc.constantFrom(-1, 1e300, 2 ** 53, 0.5))
    fc.assert(
      fc.property(
        fc.array(count, { minLength: 8, maxLength: 8 }),
        ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0]) => {
          const usage = readUsage(
            {
              prompt_tokens: a,
              completion_tokens: b,
              prompt_tokens_details: { cached_tokens: c, cache_write_tokens: d, audio_tokens: e, image_tokens: f },
              completion_tokens_details: { reasoning_tokens: g, audio_tokens: h },
            },
            'openai',
          )
          if (usage === undefined) return
          expect(inputTokens(usage)).toBe(a)
          expect(outputTokens(usage)).toBe(Number.isSafeInteger(b) && b >= 0 && b <= 1e9 ? b : 0)
          for (const value of Object.values(usage)) expect(value).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})
