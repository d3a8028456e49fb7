import { describe, expect, test } from 'vitest'
import { asks } from './kit/asks.ts'
import { hearBoth, hearStream } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { heard } from './kit/heard.ts'
import { events, throughGateway } from './kit/through-gateway.ts'
import { PAIRS, sent } from './kit/trip.ts'

const TEXT = 'Größe 会議 👩‍👩‍👧 e\u0301 \u2028 ﷽'
const saying = {
  text: TEXT,
  calls: [{ id: 'call_a', name: 'get_weather', given: JSON.stringify({ city: TEXT }) }],
}

describe('a character whose bytes come in several pieces stays whole', () => {
  test.each(PAIRS)('$vendor to $client, in pieces of every size', ({ client, vendor }) => {
    const asked = { client, vendor, body: asks(client, { tools: true }) }
    const said = says(vendor, saying)
    const to = sent({ ...asked, stream: true })
    for (const bytesEach of [1, 2, 3, 5, 7, 64])
      expect(hearStream(to, said.stream, { bytesEach })).toMatchObject({
        text: TEXT,
        calls: [{ given: { city: TEXT } }],
      })
    for (const [way, { text }] of hearBoth(asked, said)) expect(text, way).toBe(TEXT)
  })

  const gateway = throughGateway()

  test.each(['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const)(
    'at the running gateway, byte by byte, for %s',
    async (client) => {
      gateway.vendor.enqueue({ ...events(says('openai-chat', { text: TEXT }).stream), manner: 'byte-by-byte' })
      const answer = await gateway.chat({ client, vendor: 'openai-chat' }, { stream: true })
      const text = await answer.text()
      expect(answer.ending).toBe('complete')
      const whole = client === 'openai-chat' ? text : JSON.stringify(strictStream(client, text).reply)
      expect(whole).not.toContain('�')
      expect(heard(client, strictStream(client, text).reply).text).toBe(TEXT)
    },
  )
})
