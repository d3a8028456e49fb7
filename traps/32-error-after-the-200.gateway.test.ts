import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { block, candidate, chunk, messageStart, named, says, unnamed } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { events, throughGateway } from './kit/through-gateway.ts'
import { PAIRS } from './kit/trip.ts'

const gateway = throughGateway()
const WORDS = 'The vendor gave up'

const responses = says('openai-responses', { text: 'Hello' }).stream
const begun = responses.slice(0, responses.indexOf('event: response.output_item.done'))

/** Each vendor's error behind its first words. */
const TOLD: { readonly [vendor in WireId]: string } = {
  'openai-chat': unnamed(chunk({ role: 'assistant', content: 'Hello' }), {
    error: { message: WORDS, type: 'server_error', param: null, code: null },
  }),
  'openai-responses':
    begun + named({ type: 'error', code: 'server_error', message: WORDS, param: null, sequence_number: 9 }),
  anthropic:
    named(messageStart()) +
    block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hello' }) +
    named({ type: 'error', error: { type: 'api_error', message: WORDS } }),
  // Behind the events, without a frame.
  gemini: `${unnamed(candidate([{ text: 'Hello' }]))}${JSON.stringify({ error: { code: 500, message: WORDS, status: 'INTERNAL' } })}\r\n`,
}
const CUT: { readonly [vendor in WireId]: string } = {
  'openai-chat': unnamed(chunk({ role: 'assistant', content: 'Hello' })),
  'openai-responses': begun,
  anthropic: named(messageStart()) + block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hello' }),
  gemini: unnamed(candidate([{ text: 'Hello' }])),
}
const GOOD_END = /\[DONE\]|message_stop|response\.completed|"finishReason"/

describe.each(PAIRS)('$vendor to $client', (pair) => {
  test('an error behind the first words is told in the stream, in the form of the client, and the line is cut', async () => {
    gateway.vendor.enqueue(events(TOLD[pair.vendor]))
    const answer = await gateway.chat(pair, { stream: true })
    expect(answer.status).toBe(200)
    const text = await answer.text()
    expect(text).toContain('Hel')
    expect(text).not.toMatch(GOOD_END)
    expect(JSON.stringify(strictStream(pair.client, text).error)).toContain(WORDS)
    expect(answer.ending).not.toBe('complete')
  })

  test('a stream that only breaks off ends the same way', async () => {
    gateway.vendor.enqueue(events(CUT[pair.vendor]))
    const answer = await gateway.chat(pair, { stream: true })
    const text = await answer.text()
    expect(text).not.toMatch(GOOD_END)
    expect(strictStream(pair.client, text).error).not.toBeNull()
    expect(answer.ending).not.toBe('complete')
  })
})

describe('on the way through', () => {
  test.each(['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const)(
    '%s: the error passes as it came, a stream that breaks off gets one',
    async (wire) => {
      const pair = { client: wire, vendor: wire }
      gateway.vendor.enqueue(events(TOLD[wire]), events(CUT[wire]))
      const told = await gateway.chat(pair, { stream: true })
      expect(await told.text()).toBe(TOLD[wire])
      const broken = await gateway.chat(pair, { stream: true })
      const text = await broken.text()
      expect(text.startsWith(CUT[wire])).toBe(true)
      expect(text.slice(CUT[wire].length)).toMatch(/"error"/)
      expect(text).not.toMatch(GOOD_END)
      expect(broken.ending).not.toBe('complete')
    },
  )
})
