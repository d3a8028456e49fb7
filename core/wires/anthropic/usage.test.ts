import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../../usage.ts'
import { laterUsage, readServiceTier, readUsage, writeUsage } from './usage.ts'

describe('a usage is read', () => {
  test('with the cache beside the input and the thoughts inside the output (trap 17)', () => {
    expect(
      readUsage({
        input_tokens: 10,
        cache_read_input_tokens: 20,
        cache_creation_input_tokens: 35,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 27 },
        output_tokens: 40,
        output_tokens_details: { thinking_tokens: 25 },
        server_tool_use: { web_search_requests: 2 },
      }),
    ).toEqual({
      ...NO_USAGE,
      input: 10,
      cacheRead: 20,
      cacheWrite5m: 5,
      cacheWrite1h: 27,
      cacheWriteOther: 3,
      output: 15,
      reasoning: 25,
      searches: 2,
    })
  })

  test('with what it cost to make the conversation shorter, which the sums leave out', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 1_000, output_tokens: 50 },
      { type: 'message', input_tokens: 7, output_tokens: 3 },
    ]
    expect(readUsage({ input_tokens: 7, output_tokens: 3, iterations })).toEqual({
      ...NO_USAGE,
      input: 1_007,
      output: 53,
    })
  })

  test.each([
    undefined,
    null,
    'x',
    [],
    {},
    { input_tokens: -1 },
    { input_tokens: 1e12 },
    { cache_read_input_tokens: 5 },
  ])('and is none where it says nothing: %j', (usage) => {
    expect(readUsage(usage)).toBeUndefined()
  })

  test('never with more thoughts than output, and with broken counts as missing', () => {
    const usage = {
      input_tokens: 1,
      output_tokens: 5,
      output_tokens_details: { thinking_tokens: 9 },
      cache_read_input_tokens: 1.5,
    }
    expect(readUsage(usage)).toEqual({ ...NO_USAGE, input: 1, reasoning: 5 })
  })
})

test('a later usage replaces what it names and keeps the rest', () => {
  const earlier = { input_tokens: 10, cache_read_input_tokens: 3, output_tokens: 1 }
  expect(laterUsage(earlier, { input_tokens: 12, cache_read_input_tokens: null, output_tokens: 40 })).toEqual({
    input_tokens: 12,
    cache_read_input_tokens: 3,
    output_tokens: 40,
  })
})

test.each([
  [{}, null],
  [{ service_tier: 'standard' }, null],
  [{ service_tier: 'priority' }, 'priority'],
  [{ service_tier: 'standard', speed: 'fast' }, 'fast'],
])('the service of %j is %s', (usage, tier) => {
  expect(readServiceTier(usage)).toBe(tier)
})

test('what is written is read again: every token once', () => {
  const usage = {
    ...NO_USAGE,
    input: 1,
    cacheRead: 2,
    cacheWrite5m: 3,
    cacheWrite1h: 4,
    cacheWriteOther: 5,
    output: 6,
    reasoning: 7,
    searches: 8,
  }
  const written = writeUsage(usage, 'fast')
  expect(readUsage(written)).toEqual(usage)
  expect(readServiceTier(written)).toBe('fast')
  expect(
    readUsage(writeUsage({ ...NO_USAGE, inputAudio: 1, inputImage: 2, outputAudio: 3, outputImage: 4 }, 'flex')),
  ).toEqual({
    ...NO_USAGE,
    input: 3,
    output: 7,
  })
})
