import { describe, expect, test } from 'vitest'
import { asObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { chunk, DONE, says, unnamed } from './kit/says.ts'
import { framesIn, objectIn } from './kit/strict-stream.ts'
import { clientsOf, INPUT_ESTIMATE, sent, stream } from './kit/trip.ts'

/** The usage of the first event, and of the one before the last. */
function usages(text: string) {
  const events = framesIn(text).events.map(({ data }) => objectIn(data))
  const [first] = events
  const start = asObject(asObject(first?.['message'])?.['usage'])
  return { first: first?.['type'], start, last: asObject(events.at(-2)?.['usage']) }
}

describe('an Anthropic client finds input tokens in message_start, before the vendor has counted, and the true ones at the end', () => {
  test.each(['openai-chat', 'openai-responses'] as const)(
    '%s counts at the end: an estimate stands first',
    (vendor) => {
      const to = sent({ client: 'anthropic', vendor, body: asks('anthropic'), stream: true })
      const { first, start, last } = usages(stream(to, says(vendor, { text: 'Hi' }).stream).text)
      expect(first).toBe('message_start')
      expect(start).toMatchObject({ input_tokens: INPUT_ESTIMATE, output_tokens: expect.any(Number) })
      expect(last).toMatchObject({ input_tokens: 5, output_tokens: 7 })
    },
  )

  test('Gemini counts in every object: its own count stands first', () => {
    const to = sent({ client: 'anthropic', vendor: 'gemini', body: asks('anthropic'), stream: true })
    const { start, last } = usages(stream(to, says('gemini', { text: 'Hi' }).stream).text)
    expect(start).toMatchObject({ input_tokens: 5 })
    expect(last).toMatchObject({ input_tokens: 5, output_tokens: 7 })
  })

  test('a vendor that never counts leaves the estimate, not a zero', () => {
    const events = unnamed(chunk({ role: 'assistant', content: 'Hi' }), chunk({}, { finish_reason: 'stop' }))
    const to = sent({ client: 'anthropic', vendor: 'openai-chat', body: asks('anthropic'), stream: true })
    expect(usages(stream(to, events + DONE).text).start).toMatchObject({ input_tokens: INPUT_ESTIMATE })
  })
})

test.each(clientsOf('anthropic'))('%s gets what Anthropic tells in two places as one count', (client) => {
  const usage = { input_tokens: 11, cache_read_input_tokens: 4, output_tokens: 3 }
  const body = { ...asks(client), ...(client === 'openai-chat' ? { stream_options: { include_usage: true } } : {}) }
  const heard = hearStream(
    sent({ client, vendor: 'anthropic', body, stream: true }),
    says('anthropic', { text: 'Hi', usage }).stream,
  )
  const counts: readonly unknown[] = Object.values(heard.usage ?? {})
  expect(counts).toEqual(expect.arrayContaining([15, 3, 18]))
})
