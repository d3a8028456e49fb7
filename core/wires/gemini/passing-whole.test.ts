import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PassingWhole } from '../../passing-whole.ts'
import { geminiWhole } from './passing-whole.ts'

const encoder = new TextEncoder()
const REPLY = {
  candidates: [
    {
      content: { parts: [{ text: '"usageMetadata":{"promptTokenCount":9} 日本' }] },
      finishReason: 'STOP',
      groundingMetadata: { webSearchQueries: ['a'] },
    },
  ],
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 3, serviceTier: 'priority' },
  modelVersion: 'gem-1',
}
const small = JSON.stringify(REPLY)
const large = JSON.stringify({ picture: 'A'.repeat(300_000), ...REPLY })

function read(text: string, cuts: readonly number[] = []): PassingWhole {
  const reader = geminiWhole({ spendLimitCodes: ['SPEND_CAP'] })
  const bytes = encoder.encode(text)
  let from = 0
  for (const length of [...cuts, bytes.length]) {
    if (from < bytes.length) reader.push(bytes.subarray(from, from + length))
    from += length
  }
  reader.end()
  return reader
}

describe('a whole reply that passes', () => {
  test('is read the same in one piece and in any number of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 })), (cuts) => {
        const reader = read(small, cuts)
        expect(reader.ending()).toBe('complete')
        expect(reader.reading()).toMatchObject({
          model: 'gem-1',
          serviceTier: 'priority',
          source: 'vendor',
          usage: { input: 12, output: 3, searches: 1 },
        })
      }),
    )
  })

  test('of any size', () => {
    const reader = read(large, [100_000, 150_000, 20_000])
    expect(reader.ending()).toBe('complete')
    expect(reader.reading()).toMatchObject({ model: 'gem-1', usage: { input: 12, output: 3 } })
  })

  test.each(['', '<html>', '[1]', small.slice(0, -1), large.slice(0, -1)])(
    'is broken when it is no whole object',
    (text) => {
      expect(read(text).ending()).toBe('broken')
      expect(read(text, [3]).ending()).toBe('broken')
    },
  )

  test('without usage says nothing, which is not zero', () => {
    expect(read('{"modelVersion":""}').reading()).toEqual({ model: null, serviceTier: null, usage: null, source: null })
  })

  test.each([
    [{ code: 503, message: 'busy' }, 'overloaded'],
    [{ code: 401, message: 'acme-7' }, 'upstream_auth_failed'],
    [{ code: 429, status: 'SPEND_CAP', message: 'acme-7' }, 'upstream_funds'],
  ])('that holds an error %j is one, whatever its status said', (error, code) => {
    for (const cuts of [[], [5]]) {
      const { openingFault } = read(JSON.stringify({ error }), cuts)
      expect(openingFault).toMatchObject({ code })
      expect(openingFault?.message).not.toContain('acme')
    }
  })
})
