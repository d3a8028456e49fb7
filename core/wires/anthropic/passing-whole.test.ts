import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_USAGE } from '../../usage.ts'
import { anthropicWhole } from './passing-whole.ts'

const encoder = new TextEncoder()
const reply = JSON.stringify({
  model: 'claude-x',
  id: 'msg_1',
  type: 'message',
  content: [{ type: 'text', text: '日本 "usage": {"input_tokens": 9}' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 3, output_tokens: 5, service_tier: 'standard', speed: 'fast' },
})

function run(text: string, cuts: readonly number[]) {
  const reader = anthropicWhole({ spendLimitCodes: [] })
  const bytes = encoder.encode(text)
  let from = 0
  for (const size of [...cuts, bytes.length]) {
    if (from < bytes.length) reader.push(bytes.subarray(from, from + size))
    from += size
  }
  reader.end()
  return reader
}

describe('a whole reply that passes', () => {
  test('is read, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const reader = run(reply, cuts)
        expect(reader.ending()).toBe('complete')
        expect(reader.reading()).toEqual({
          model: 'claude-x',
          serviceTier: 'fast',
          usage: { ...NO_USAGE, input: 3, output: 5 },
          source: 'vendor',
        })
      }),
    )
  })

  test.each([[[]], [[10]]])('is broken when it is cut, in pieces %j', (cuts) => {
    expect(run(reply.slice(0, -1), cuts).ending()).toBe('broken')
  })

  test.each([[[]], [[10]]])('is an error when that stands in its place, in pieces %j', (cuts) => {
    const error = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
    expect(run(error, cuts).openingFault?.code).toBe('overloaded')
  })

  test('says nothing where the vendor says nothing', () => {
    expect(run('{"content":[]}', []).reading()).toEqual({ model: null, serviceTier: null, usage: null, source: null })
  })
})
