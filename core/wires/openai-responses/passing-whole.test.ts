import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { NO_USAGE } from '../../usage.ts'
import type { PassingWhole } from '../../passing-whole.ts'
import { responsesWhole } from './passing-whole.ts'
import { RESPONSES } from './samples-test-kit.ts'

const options = { flavour: 'openai', spendLimitCodes: ['insufficient_quota'] } as const
const encoder = new TextEncoder()

/** A reader that a body has passed in pieces of `size` bytes. */
function readIn(text: string, size: number): PassingWhole {
  const reader = responsesWhole(options)
  const bytes = encoder.encode(text)
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size)
    expect(reader.push(chunk)).toBe(chunk)
  }
  reader.end()
  return reader
}

const withMore = (more: JsonObject): string => JSON.stringify({ ...RESPONSES['a text'], ...more })

describe('a whole response in passing', () => {
  test.each([1, 7, 100, 100_000])('is read in pieces of %d bytes', (size) => {
    const reader = readIn(withMore({ service_tier: 'priority' }), size)
    expect(reader.ending()).toBe('complete')
    expect(reader.openingFault).toBeUndefined()
    expect(reader.reading()).toEqual({
      model: 'gpt-x',
      serviceTier: 'priority',
      usage: { ...NO_USAGE, input: 30, cacheRead: 60, cacheWriteOther: 10, output: 30, reasoning: 20 },
      source: 'vendor',
      replyId: 'resp_1',
    })
  })

  test.each([1, 100_000])('that failed is a fault, read in pieces of %d bytes', (size) => {
    const failed = withMore({ status: 'failed', error: { code: 'server_error', message: 'Sorry' } })
    expect(readIn(failed, size).openingFault).toMatchObject({ code: 'upstream_error' })
    const poor = withMore({ status: 'failed', error: { code: 'insufficient_quota', message: 'acct-7' } })
    expect(readIn(poor, size).openingFault).toMatchObject({ code: 'upstream_funds' })
  })

  test('that is still to come is its client’s to fetch', () => {
    expect(readIn(withMore({ status: 'queued', usage: null }), 9)).toMatchObject({ openingFault: undefined })
    expect(readIn(withMore({ status: 'queued', usage: null }), 9).reading().usage).toBeNull()
  })

  test.each(['', 'nonsense', '[]', '{"id":"resp_1","output":['])('that is none is broken: %s', (text) => {
    expect(readIn(text, 4).ending()).toBe('broken')
  })
})
