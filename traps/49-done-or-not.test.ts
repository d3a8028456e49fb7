import { describe, expect, test } from 'vitest'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { DONE, says } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { clientsOf, PAIRS, sent, stream } from './kit/trip.ts'

describe('a client gets [DONE] where its wire has one, as the last event, and nowhere else', () => {
  test.each(PAIRS)('$vendor to $client', ({ client, vendor }) => {
    const to = sent({ client, vendor, body: asks(client), stream: true })
    const { text } = stream(to, says(vendor, { text: 'Hello' }).stream)
    expect(text.endsWith(DONE)).toBe(client === 'openai-chat')
    expect(text.split('[DONE]').length - 1).toBe(client === 'openai-chat' ? 1 : 0)
  })
})

describe('what a vendor does about it', () => {
  test.each(clientsOf('openai-responses'))(
    'a host of responses may send it behind its terminal event: %s',
    (client) => {
      const to = sent({ client, vendor: 'openai-responses', body: asks(client), stream: true })
      expect(hearStream(to, says('openai-responses', { text: 'Hello' }).stream + DONE).text).toBe('Hello')
    },
  )

  const events = says('openai-chat', { text: 'Hello' }).stream

  test.each(clientsOf('openai-chat'))(
    'a vendor of chat that always sends it has cut a stream without it: %s',
    (client) => {
      const to = sent({ client, vendor: 'openai-chat', kind: 'openai', body: asks(client), stream: true })
      expect(hearStream(to, events).text).toBe('Hello')
      const { text } = stream(to, events.replace(DONE, ''))
      expect(strictStream(client, text).error).not.toBeNull()
      expect(text).not.toMatch(/message_stop|response\.completed/)
    },
  )

  test.each(clientsOf('openai-chat'))(
    'one of which nobody knows may end without it, once it said why: %s',
    (client) => {
      const to = sent({ client, vendor: 'openai-chat', body: asks(client), stream: true })
      expect(hearStream(to, events.replace(DONE, '')).text).toBe('Hello')
      // But [DONE] alone is no end where no reason was said.
      const unfinished = events.replace(/data: [^\n]*"finish_reason":"stop"[^\n]*\n\n/, '')
      expect(strictStream(client, stream(to, unfinished).text).error).not.toBeNull()
    },
  )
})
