import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { asks, moreAsk, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { type Asked, PAIRS, sent, type Sent } from './kit/trip.ts'

const MODELS: { readonly [vendor in WireId]: string } = {
  'openai-chat': 'gpt-5.4',
  'openai-responses': 'gpt-6-sol',
  anthropic: 'claude-opus-5-5',
  gemini: 'gemini-3.1-pro-preview',
}
const PROOF = 'QmFzZTY0IHByb29mIGJ5IGhhbmQ='
/** Names and ids that have to be changed on the way, and a thought that has to come back. */
const CALLS = ['get_weather', 'get_time'].map((name, index) => ({
  id: `functions.${name}:${index}`,
  name,
  given: '{"city":"Oslo"}',
}))

const system = (client: WireId): JsonObject => {
  switch (client) {
    case 'openai-chat':
      return { tool_choice: 'required' }
    case 'openai-responses':
      return { instructions: 'Be brief.', tool_choice: 'required' }
    case 'anthropic':
      return { system: 'Be brief.', tool_choice: { type: 'any' } }
    case 'gemini':
      return {
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
      }
  }
}

const LISTS = ['messages', 'input', 'contents']
/** Everything but the conversation, as text. */
const frameOf = ({ body }: Sent): string =>
  JSON.stringify(Object.fromEntries(Object.entries(body).filter(([key]) => !LISTS.includes(key))))
/** The conversation as text, without the bracket that ends it. */
const turnsOf = ({ body }: Sent): string =>
  JSON.stringify(Object.entries(body).find(([key]) => LISTS.includes(key))?.[1]).slice(0, -1)

describe.each(PAIRS)('$client to $vendor', ({ client, vendor }) => {
  const asked: Asked = {
    client,
    vendor,
    model: MODELS[vendor],
    body: { ...asks(client, { tools: true }), ...system(client) },
  }
  const grown = (said: ReturnType<typeof says>) =>
    hearBoth(asked, said).map(([way, heard]) => [way, { ...asked, body: nextAsk(client, asked.body, heard) }] as const)

  test('a conversation sent twice is the same text twice', () => {
    const calling = says(vendor, { thought: { text: 'Hm.', proof: PROOF }, text: 'I look.', calls: CALLS })
    for (const [way, longer] of grown(calling)) expect(sent(longer).text, way).toBe(sent(longer).text)
  })

  test('a longer conversation begins with the shorter one: nothing is moved, renamed or put in between', () => {
    const calling = says(vendor, { thought: { text: 'Hm.', proof: PROOF }, text: 'I look.', calls: CALLS })
    for (const [way, second] of grown(calling)) {
      const third = { ...second, body: moreAsk(client, second.body, 'And tomorrow?') }
      const all = [asked, second, third].map(sent)
      expect(new Set(all.map(frameOf)).size, way).toBe(1)
      // What the user adds may join the turn that holds the results, where the roles must take turns.
      const [first = '', next = '', last = ''] = all.map(turnsOf)
      expect(next.startsWith(first), way).toBe(true)
      expect(last.startsWith(next.replace(/\]\}$/, '')), way).toBe(true)
      expect(next.length, way).toBeGreaterThan(first.length)
    }
  })
})
