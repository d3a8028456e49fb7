import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asks } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { PAIRS } from './kit/trip.ts'

const CALLS = [{ id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }]

interface Words {
  readonly ended: string
  readonly called: string
  readonly limited: string
}

const WORDS: { readonly [wire in WireId]: Words } = {
  'openai-chat': { ended: 'stop', called: 'tool_calls', limited: 'length' },
  'openai-responses': { ended: 'completed', called: 'completed', limited: 'incomplete/max_output_tokens' },
  anthropic: { ended: 'end_turn', called: 'tool_use', limited: 'max_tokens' },
  gemini: { ended: 'STOP', called: 'STOP', limited: 'MAX_TOKENS' },
}

describe.each(PAIRS)('$vendor to $client', ({ client, vendor }) => {
  const asked = { client, vendor, body: asks(client, { tools: true }) }

  test('a call is the reason, although the vendor says that it was done', () => {
    for (const [way, { stop, calls }] of hearBoth(asked, says(vendor, { calls: CALLS, stop: WORDS[vendor].ended })))
      expect([stop, calls.length], way).toEqual([WORDS[client].called, 1])
  })

  test('without a call it is done, although the vendor says that it has called', () => {
    for (const [way, { stop, calls }] of hearBoth(asked, says(vendor, { text: 'Done.', stop: WORDS[vendor].called })))
      expect([stop, calls.length], way).toEqual([WORDS[client].ended, 0])
  })

  test('a limit is a limit, with a call before it or without', () => {
    for (const calls of [[], CALLS]) {
      const said = says(vendor, { text: 'I look', calls, stop: WORDS[vendor].limited })
      for (const [way, { stop }] of hearBoth(asked, said)) expect(stop, way).toBe(WORDS[client].limited)
    }
  })
})
