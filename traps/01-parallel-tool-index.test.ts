import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { hearBoth, hearStream } from './kit/hear.ts'
import { callChunk, chunk, DONE, says, unnamed } from './kit/says.ts'
import { clientsOf, PAIRS, sent, stream } from './kit/trip.ts'

const CALLS = [
  { id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' },
  { id: 'call_b', name: 'get_time', given: '{"city":"Bergen"}' },
]
const heardCalls = CALLS.map(({ name, given }) => ({ name, given: JSON.parse(given) as JsonObject }))

describe('the arguments of parallel calls never melt: each call has a number of its own', () => {
  test.each(PAIRS)('$vendor to $client', ({ client, vendor }) => {
    const asked = { client, vendor, body: asks(client, { tools: true }) }
    for (const [way, { calls }] of hearBoth(asked, says(vendor, { text: 'I look.', calls: CALLS }))) {
      expect(calls, way).toMatchObject(heardCalls)
      expect(new Set(calls.map(({ id }) => id)).size, way).toBe(2)
    }
  })

  test.each(clientsOf('openai-chat'))('%s, from two calls whose pieces come by turns', (client) => {
    const opened = CALLS.map(({ id, name }, index) =>
      callChunk(index, { id, type: 'function', function: { name, arguments: '' } }),
    )
    const pieces = [
      [0, '{"city":'],
      [1, '{"city":"Ber'],
      [0, '"Oslo"'],
      [1, 'gen"}'],
      [0, '}'],
    ] as const
    const events = unnamed(
      chunk({ role: 'assistant', content: null }),
      ...opened,
      ...pieces.map(([index, words]) => callChunk(index, { function: { arguments: words } })),
      chunk({}, { finish_reason: 'tool_calls' }),
    )
    const to = sent({ client, vendor: 'openai-chat', body: asks(client, { tools: true }), stream: true })
    expect(hearStream(to, events + DONE).calls).toMatchObject(heardCalls)
  })

  test('each choice counts its own calls from 0', () => {
    const parts = (name: string) => [{ functionCall: { name, args: { city: name } } }]
    const events = unnamed({
      candidates: [0, 1].map((index) => ({
        index,
        content: { role: 'model', parts: parts(`tool_${index}`) },
        finishReason: 'STOP',
      })),
    })
    const to = sent({ client: 'openai-chat', vendor: 'gemini', body: { ...asks('openai-chat'), n: 2 }, stream: true })
    const calls = [...stream(to, events).text.matchAll(/"index":(\d),"delta":\{"tool_calls":\[\{"index":(\d),"id"/g)]
    expect(calls.map(([, choice, call]) => [choice, call])).toEqual([
      ['0', '0'],
      ['1', '0'],
    ])
  })
})
