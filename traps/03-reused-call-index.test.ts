import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { chunk, DONE, unnamed } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const piece = (index: number | null, fields: JsonObject): JsonObject =>
  chunk({ tool_calls: [{ ...(index === null ? {} : { index }), ...fields }] })
const whole = (id: string, name: string, city: string): JsonObject => ({
  id,
  type: 'function',
  function: { name, arguments: JSON.stringify({ city }) },
})

const STREAMS: readonly (readonly [node: string, chunks: readonly JsonObject[]])[] = [
  [
    'counts every call as 0',
    [piece(0, whole('call_a', 'get_weather', 'Oslo')), piece(0, whole('call_b', 'get_time', 'Bergen'))],
  ],
  [
    'counts from 1',
    [piece(1, whole('call_a', 'get_weather', 'Oslo')), piece(2, whole('call_b', 'get_time', 'Bergen'))],
  ],
  [
    'does not count at all',
    [piece(null, whole('call_a', 'get_weather', 'Oslo')), piece(null, whole('call_b', 'get_time', 'Bergen'))],
  ],
  [
    'repeats the id in every piece',
    [
      piece(0, { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"city":' } }),
      piece(0, { id: 'call_a', type: 'function', function: { arguments: '"Oslo"}' } }),
      piece(1, { id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '{"city":' } }),
      piece(1, { id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '"Bergen"}' } }),
    ],
  ],
  [
    'counts every call as 0 and cuts their arguments',
    [
      piece(0, { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"city":' } }),
      piece(0, { function: { arguments: '"Oslo"}' } }),
      piece(0, { id: 'call_b', type: 'function', function: { name: 'get_time', arguments: '{"city":' } }),
      piece(0, { function: { arguments: '"Bergen"}' } }),
    ],
  ],
]

describe('a new id is a new call, whatever its index, and no index is taken for granted', () => {
  describe.each(clientsOf('openai-chat'))('%s', (client) => {
    test.each(STREAMS)('from a node that %s', (_, chunks) => {
      const events = unnamed(chunk({ role: 'assistant', content: '' }), ...chunks, chunk({}, { finish_reason: 'stop' }))
      const to = sent({ client, vendor: 'openai-chat', body: asks(client, { tools: true }), stream: true })
      const { calls } = hearStream(to, events + DONE)
      expect(calls.map(({ name, given }) => ({ name, given }))).toEqual([
        { name: 'get_weather', given: { city: 'Oslo' } },
        { name: 'get_time', given: { city: 'Bergen' } },
      ])
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    })
  })
})
