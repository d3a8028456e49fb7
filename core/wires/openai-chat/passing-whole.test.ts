import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PassingWhole } from '../../passing-whole.ts'
import { openAiWhole } from './passing-whole.ts'

const REPLY = JSON.stringify({
  id: 'c1',
  model: 'gpt-x-2026',
  choices: [{ message: { content: '"usage":{"prompt_tokens":9} 日本' } }],
  service_tier: 'flex',
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
})
const encoder = new TextEncoder()

describe('a whole reply', () => {
  test('is read the same in one piece and in any number of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 })), (cuts) => {
        const reader = read(REPLY, cuts)
        expect(reader.ending()).toBe('complete')
        expect(reader.reading()).toMatchObject({
          model: 'gpt-x-2026',
          serviceTier: 'flex',
          source: 'vendor',
          usage: { input: 12, output: 3 },
        })
      }),
    )
  })

  test.each(['', '<html>', '[1]', REPLY.slice(0, -1), `${REPLY}x`])(
    'is broken when it is %j, in one piece and in two',
    (text) => {
      expect(read(text, []).ending()).toBe('broken')
      expect(read(text, [3]).ending()).toBe('broken')
    },
  )

  test('without usage says nothing, which is not zero', () => {
    expect(read('{"model":"m"}', []).reading()).toEqual({ model: 'm', serviceTier: null, usage: null, source: null })
  })

  test.each([
    [401, 'upstream_auth_failed'],
    [402, 'upstream_funds'],
    ['out_of_credit', 'upstream_funds'],
  ])("that holds an error %j about the gateway's account is %s, without a word of it", (code, fault) => {
    const text = JSON.stringify({ error: { code, message: 'account acme-7 owes 12 dollars' } })
    for (const cuts of [[], [5]]) {
      const { openingFault } = read(text, cuts)
      expect(openingFault).toMatchObject({ code: fault, reason: 'error_in_reply' })
      expect(openingFault?.message).not.toContain('acme')
    }
  })

  test('without a name for its model has none, and its keys mean what they say', () => {
    for (const cuts of [[], [5]]) {
      expect(read('{"model":"","choices":[]}', cuts).reading().model).toBeNull()
      const reader = read('{"Model":"x","model":"y"}', cuts)
      expect(reader.ending()).toBe('complete')
      expect(reader.reading().model).toBe('y')
    }
  })

  test('that holds an error object is an error whatever its status said, and one that holds a null is not', () => {
    for (const cuts of [[], [5]]) {
      expect(read('{"error":{"message":"no capacity"}}', cuts).openingFault?.message).toContain('no capacity')
      expect(read('{"error":null,"model":"m"}', cuts).openingFault).toBeUndefined()
    }
  })
})

function read(text: string, cuts: readonly number[]): PassingWhole {
  const reader = openAiWhole({ flavour: 'openai', spendLimitCodes: ['out_of_credit'] })
  const bytes = encoder.encode(text)
  let from = 0
  for (const length of [...cuts, bytes.length]) {
    if (from < bytes.length) reader.push(bytes.subarray(from, from + length))
    from += length
  }
  reader.end()
  return reader
}
