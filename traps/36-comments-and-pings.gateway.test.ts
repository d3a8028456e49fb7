import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { wires } from '../core/wires/index.ts'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { framesIn } from './kit/strict-stream.ts'
import { events, throughGateway } from './kit/through-gateway.ts'
import { PAIRS, sent, stream } from './kit/trip.ts'

const PING = 'event: ping\ndata: {"type": "ping"}\n\n'
/** What vendors send to keep a line open. */
const NOISE: { readonly [vendor in WireId]: readonly string[] } = {
  'openai-chat': [': OPENROUTER PROCESSING\n\n', ':\n\n', 'data:\n\n', 'data: \n\n'],
  'openai-responses': [': still here\n\n', 'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n'],
  anthropic: [PING, ': still here\n\n', 'event: ping\ndata: {"type": "ping"}     \n\n'],
  gemini: [': still here\r\n\r\n', 'data:\r\n\r\n'],
}
/** The noise before each event, and behind the last one. */
const noisy = (vendor: WireId, text: string): string => {
  const noise = NOISE[vendor].join('')
  return noise + text.replace(/(\r?\n\r?\n)/g, `$1${noise}`)
}
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

describe("a vendor's sign of life becomes no event of another wire", () => {
  test.each(PAIRS)('$vendor to $client', ({ client, vendor }) => {
    const to = sent({ client, vendor, body: asks(client), stream: true })
    const said = says(vendor, { text: 'Hello' }).stream
    expect(stream(to, noisy(vendor, said)).text).toBe(stream(to, said).text)
    expect(hearStream(to, noisy(vendor, said), { bytesEach: 3 }).text).toBe('Hello')
  })
})

describe('on the way through', () => {
  const gateway = throughGateway()
  test.each(WIRES)('%s: it passes as it came, and nothing is counted for it', async (wire) => {
    const written = noisy(wire, says(wire, { text: 'Hello' }).stream)
    gateway.vendor.enqueue(events(written))
    const body = { ...asks(wire), ...(wire === 'openai-chat' ? { stream_options: { include_usage: true } } : {}) }
    const answer = await gateway.chat({ client: wire, vendor: wire }, { stream: true, body })
    const text = await answer.text()
    expect([text, answer.ending]).toEqual([written, 'complete'])
    expect(framesIn(text).events).toEqual(framesIn(written.slice(0, text.length)).events)
    const [record] = await gateway.recordsOf(answer)
    expect(record?.usage).toMatchObject({ input: 5, output: 7 })
  })
})

test.each(WIRES)('%s has a sign of life of its own, which its clients take for nothing', (wire) => {
  const writer = wires[wire].stream.writer({
    requestId: 'req_1',
    createdAt: 0,
    inputEstimate: 1,
    usageAsked: false,
    chat: { model: 'm', stream: true, turns: [], tools: [] },
  })
  const { events: seen, rest } = framesIn(writer.keepAlive)
  expect([rest, seen.map(({ name }) => name)]).toEqual(['', wire === 'anthropic' ? ['ping'] : []])
})
