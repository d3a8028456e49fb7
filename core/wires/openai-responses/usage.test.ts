import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../../usage.ts'
import { readResponseUsage, writeUsage } from './usage.ts'

const said = (more: object) => ({ usage: { input_tokens: 100, output_tokens: 50, total_tokens: 150, ...more } })

describe('the vendor’s counts', () => {
  test('hold cached and cache-written tokens in the input, and reasoning in the output', () => {
    const details = {
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
      output_tokens_details: { reasoning_tokens: 20 },
    }
    const usage = { ...NO_USAGE, input: 30, cacheRead: 60, cacheWriteOther: 10, output: 30, reasoning: 20 }
    expect(readResponseUsage(said(details), 'openai')).toEqual(usage)
    expect(writeUsage(usage)).toEqual({
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
      total_tokens: 150,
    })
  })

  test('of a vendor that may leave reasoning out are decided by the total', () => {
    const reasoning = { output_tokens_details: { reasoning_tokens: 20 } }
    const inside = readResponseUsage(said(reasoning), 'openai-reasoning-apart')
    expect(inside).toMatchObject({ output: 30, reasoning: 20 })
    const apart = readResponseUsage(said({ ...reasoning, total_tokens: 170 }), 'openai-reasoning-apart')
    expect(apart).toMatchObject({ output: 50, reasoning: 20 })
  })

  test('of searches stand beside them, or are the items', () => {
    expect(
      readResponseUsage({ ...said({}), tool_usage: { web_search: { num_requests: 3 } } }, 'openai')?.searches,
    ).toBe(3)
    const output = [
      { type: 'web_search_call', action: { type: 'search' } },
      { type: 'web_search_call', action: { type: 'open_page' } },
      { type: 'web_search_call' },
      { type: 'message' },
      null,
    ]
    expect(readResponseUsage({ ...said({}), output }, 'openai')?.searches).toBe(2)
  })

  test.each([
    {},
    { usage: null },
    { usage: 7 },
    { usage: {} },
    { usage: { input_tokens: -1 } },
    { usage: { input_tokens: '5' } },
  ])('that are missing or broken are not zero: %j', (response) => {
    expect(readResponseUsage(response, 'openai')).toBeUndefined()
  })
})
