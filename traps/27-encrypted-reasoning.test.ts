import { describe, expect, test } from 'vitest'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const SEAL = 'gAAAAABo7encrypted_by_hand-+/=='
const CALL = { id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }
const SAID = says('openai-responses', { thought: { text: 'Look first.', proof: SEAL }, calls: [CALL] })

describe.each(clientsOf('openai-responses'))('OpenAI behind a client of %s', (client) => {
  const asked = { client, vendor: 'openai-responses', body: asks(client, { tools: true }) } as const

  test('keeps nothing, and is asked for its reasoning in sealed form', () => {
    expect(sent(asked).body).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
  })

  test('gets it back unchanged, right before the call that it belongs to', () => {
    for (const [way, heard] of hearBoth(asked, SAID)) {
      const items = objects(sent({ ...asked, body: nextAsk(client, asked.body, heard) }).body['input'])
      expect(
        items.map(({ type }) => type),
        way,
      ).toEqual(['message', 'reasoning', 'function_call', 'function_call_output'])
      expect(items[1], way).toMatchObject({
        encrypted_content: SEAL,
        summary: [{ type: 'summary_text', text: 'Look first.' }],
      })
    }
  })

  test('is never asked for an item by an id that only another conversation keeps', () => {
    for (const [way, heard] of hearBoth(asked, SAID)) {
      const items = objects(sent({ ...asked, body: nextAsk(client, asked.body, heard) }).body['input'])
      const named = items.filter(({ type, id }) => id !== undefined && type !== 'reasoning')
      expect(named, way).toEqual([])
    }
  })

  test('does not get what another account has sealed, which it answers with invalid_encrypted_content, and that is told', () => {
    for (const [way, heard] of hearBoth(asked, SAID)) {
      const again = sent({ ...asked, account: 'another', body: nextAsk(client, asked.body, heard) })
      expect(again.text, way).not.toContain(SEAL)
      expect(
        objects(again.body['input']).map(({ type }) => type),
        way,
      ).not.toContain('reasoning')
      expect(
        again.losses.some((loss) => /signature|encrypted|proof|reasoning|thought/i.test(loss)),
        way,
      ).toBe(true)
    }
  })

  test('does not get a thought that nothing follows', () => {
    for (const [way, heard] of hearBoth(asked, says('openai-responses', { thought: { text: 'Hm.', proof: SEAL } }))) {
      const items = objects(sent({ ...asked, body: nextAsk(client, asked.body, heard) }).body['input'])
      expect(
        items.map(({ type }) => type),
        way,
      ).not.toContain('reasoning')
    }
  })
})

test('a model that does not reason is not asked for what it has sealed', () => {
  const body = asks('anthropic')
  expect(sent({ client: 'anthropic', vendor: 'openai-responses', model: 'gpt-4.1', body }).body).not.toHaveProperty(
    'include',
  )
})
