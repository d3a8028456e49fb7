import { describe, expect, test } from 'vitest'
import { WIRE_IDS, type WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { asks, moreAsk, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const PROOF = 'U2lnbmVkIGluIGFuIGFjY291bnQ='
const CALLS = [{ id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }]
const SIGNING = ['anthropic', 'openai-responses', 'gemini'] as const
const pairs = SIGNING.flatMap((vendor) => clientsOf(vendor).map((client) => ({ client, vendor })))

/** A vendor that neither signed it nor speaks the client's own wire. */
const otherThan = (...taken: readonly WireId[]): WireId => WIRE_IDS.find((id) => !taken.includes(id)) ?? 'openai-chat'

describe.each(pairs)('signed by $vendor, carried by a client of $client', ({ client, vendor }) => {
  const asked = { client, vendor, account: 'first', body: asks(client, { tools: true }) } as const
  const conversations: readonly (readonly [string, JsonObject])[] = hearBoth(
    asked,
    says(vendor, { thought: { text: 'Hm.', proof: PROOF }, calls: CALLS }),
  ).map(([way, heard]) => [way, nextAsk(client, asked.body, heard)])

  test('comes back to the account that signed it', () => {
    for (const [way, body] of conversations) expect(sent({ ...asked, body }).text, way).toContain(PROOF)
  })

  test('goes to no other account, and is told; the call and its result stay', () => {
    for (const [way, body] of conversations) {
      const { text, losses } = sent({ ...asked, account: 'second', body })
      expect(text, way).not.toContain(PROOF)
      expect(text, way).toContain('get_weather says so')
      expect(losses.length, way).toBeGreaterThan(0)
    }
  })

  test('goes to no other vendor, not even under the same name of an account', () => {
    const foreign = otherThan(client, vendor)
    for (const [way, body] of conversations) {
      const { text, losses } = sent({ ...asked, vendor: foreign, body })
      expect(text, way).not.toContain(PROOF)
      expect(text, way).not.toContain('sekisho-proof')
      expect(losses.length, way).toBeGreaterThan(0)
    }
  })

  test('is there again when a later turn comes back to its account', () => {
    for (const [way, body] of conversations) {
      const elsewhere = { ...asked, account: 'second', body }
      const [[, heard] = []] = hearBoth(elsewhere, says(vendor, { text: 'Rain.' }))
      if (heard === undefined) throw new Error('nothing was heard')
      const again = moreAsk(client, nextAsk(client, body, heard), 'And tomorrow?')
      expect(sent({ ...asked, body: again }).text, way).toContain(PROOF)
    }
  })
})
