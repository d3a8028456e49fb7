import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth, hearStream, hearWhole } from './kit/hear.ts'
import { block, messageEnd, messageStart, named, says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const SIGNATURE = 'ErUBCkYIBhgCIkDm+/A9pcml0dGVuIGJ5IGhhbmQ=='
const CALL = { id: 'toolu_01', name: 'get_weather', given: '{"city":"Oslo"}' }
const use = { type: 'tool_use', id: CALL.id, name: CALL.name, input: { city: 'Oslo' } }

/** The blocks of the assistant's turn that goes back. */
const turnIn = (body: JsonObject): readonly JsonObject[] =>
  objects(objects(body['messages']).find(({ role }) => role === 'assistant')?.['content'])

describe.each(clientsOf('anthropic'))('through a client of %s a thought goes back', (client) => {
  const asked = { client, vendor: 'anthropic', body: asks(client, { tools: true }) } as const
  const again = (heard: Parameters<typeof nextAsk>[2]) => sent({ ...asked, body: nextAsk(client, asked.body, heard) })

  test.each([
    ['unchanged and before the call', 'First I look. "Why?"\n'],
    ['also when nothing of it is left but its signature', ''],
  ])('%s', (_, thinking) => {
    const said = says('anthropic', { thought: { text: thinking, proof: SIGNATURE }, calls: [CALL] })
    for (const [way, heard] of hearBoth(asked, said))
      expect(turnIn(again(heard).body), way).toEqual([{ type: 'thinking', thinking, signature: SIGNATURE }, use])
  })

  test('before the words and the calls, where it was', () => {
    const said = says('anthropic', { thought: { text: 'Hm.', proof: SIGNATURE }, text: 'I look.', calls: [CALL] })
    for (const [way, heard] of hearBoth(asked, said))
      expect(turnIn(again(heard).body), way).toEqual([
        { type: 'thinking', thinking: 'Hm.', signature: SIGNATURE },
        { type: 'text', text: 'I look.' },
        use,
      ])
  })

  test('as the hidden one that it was', () => {
    const hidden = { type: 'redacted_thinking', data: SIGNATURE }
    const { message } = messageStart()
    const whole = { ...(message as JsonObject), content: [hidden, use], stop_reason: 'tool_use' }
    const begun = { ...use, input: {} }
    const events =
      named(messageStart()) +
      block(0, hidden) +
      block(1, begun, { type: 'input_json_delta', partial_json: CALL.given }) +
      messageEnd('tool_use')
    expect(turnIn(again(hearWhole(sent(asked), whole)).body)).toEqual([hidden, use])
    expect(turnIn(again(hearStream(sent({ ...asked, stream: true }), events)).body)).toEqual([hidden, use])
  })

  test('to nobody else: another account gets the call without a forged signature, and the loss is told', () => {
    const said = says('anthropic', { thought: { text: 'Hm.', proof: SIGNATURE }, calls: [CALL] })
    for (const [way, heard] of hearBoth(asked, said)) {
      const { body, losses } = sent({ ...asked, account: 'another', body: nextAsk(client, asked.body, heard) })
      expect(turnIn(body), way).toEqual([use])
      expect(
        losses.some((loss) => /proof|signature|encrypted|reasoning/i.test(loss)),
        way,
      ).toBe(true)
    }
  })
})

test('a thought that nobody has signed is never stamped for Anthropic', () => {
  const messages = [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'Hm.',
      tool_calls: [{ id: CALL.id, type: 'function', function: { name: CALL.name, arguments: CALL.given } }],
    },
    { role: 'tool', tool_call_id: CALL.id, content: 'Rain' },
  ]
  const { body, losses } = sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages } })
  expect(turnIn(body)).toEqual([use])
  expect(losses).toContain('messages[].reasoning_content=dropped')
})
