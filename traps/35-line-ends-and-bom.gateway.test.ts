import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { RawResponse } from '../e2e/kit/client.ts'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { events, throughGateway } from './kit/through-gateway.ts'
import { PAIRS, sent } from './kit/trip.ts'

/** Ways to write the same stream, all of them allowed by the standard. */
const WAYS: readonly (readonly [way: string, write: (text: string) => string])[] = [
  ['CRLF', (text) => lf(text).replaceAll('\n', '\r\n')],
  ['a lone CR', (text) => lf(text).replaceAll('\n', '\r')],
  ['no blank behind the colon', (text) => lf(text).replaceAll('data: ', 'data:').replaceAll('event: ', 'event:')],
  ['a byte order mark', (text) => `\u{feff}${lf(text)}`],
  ['one event in several data lines', (text) => lf(text).replaceAll('data: {', 'data: {\ndata: ')],
  ['the fields the other way round', (text) => lf(text).replace(/^(event: .*)\n(data: .*)$/gm, '$2\n$1')],
  ['an id and a retry', (text) => lf(text).replaceAll('data: ', 'id: 7\nretry: 100\ndata: ')],
  ['no blank line at the end', (text) => lf(text).replace(/\n+$/, '')],
  ['more blank lines than needed', (text) => lf(text).replaceAll('\n\n', '\n\n\n\n')],
]
const lf = (text: string): string => text.replaceAll('\r\n', '\n')

const CALLS = [{ id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }]

describe.each(WAYS)('%s', (_, write) => {
  test.each(PAIRS)('means the same from $vendor to $client, however it is cut', ({ client, vendor }) => {
    const to = sent({ client, vendor, body: asks(client, { tools: true }), stream: true })
    const written = write(says(vendor, { text: 'Hello', calls: CALLS }).stream)
    for (const bytesEach of [1, 13, 100_000])
      expect(hearStream(to, written, { bytesEach })).toMatchObject({
        text: 'Hello',
        calls: [{ given: { city: 'Oslo' } }],
      })
  })
})

describe('on the way through', () => {
  const gateway = throughGateway()
  const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

  test.each(WIRES)('%s: the bytes stay as they were, and the usage in them is found', async (wire) => {
    const options = wire === 'openai-chat' ? { stream_options: { include_usage: true } } : {}
    const answers: RawResponse[] = []
    for (const [way, write] of WAYS) {
      const written = write(says(wire, { text: 'Hello' }).stream)
      gateway.vendor.enqueue(events(written))
      const answer = await gateway.chat(
        { client: wire, vendor: wire },
        { stream: true, body: { ...asks(wire), ...options } },
      )
      expect([await answer.text(), answer.ending], way).toEqual([written, 'complete'])
      answers.push(answer)
    }
    for (const [index, { usage }] of (await gateway.recordsOf(...answers)).entries())
      expect(usage, WAYS[index]?.[0]).toMatchObject({ input: 5, output: 7 })
  })
})
