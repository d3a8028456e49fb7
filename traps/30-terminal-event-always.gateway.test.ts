import { describe, expect, test } from 'vitest'
import { asObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { block, callChunk, candidate, chunk, DONE, messageStart, named, says, unnamed } from './kit/says.ts'
import { framesIn, strictStream } from './kit/strict-stream.ts'
import { events, throughGateway } from './kit/through-gateway.ts'
import { clientsOf, sent, stream } from './kit/trip.ts'

const asked = { client: 'openai-responses', body: asks('openai-responses', { tools: true }), stream: true } as const
const to = (vendor: 'openai-chat' | 'anthropic' | 'gemini') => sent({ ...asked, vendor })
const TERMINAL = /^response\.(completed|incomplete|failed)$/

const call = { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: '{"city":' } }
const BROKEN = {
  'openai-chat': [
    ['cut in a text', unnamed(chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hel' }))],
    ['cut in a call', unnamed(chunk({ role: 'assistant', content: null }), callChunk(0, call))],
    [
      'an error',
      unnamed(chunk({ content: 'Hel' }), { error: { message: 'gave up', type: 'server_error', code: null } }),
    ],
    ['nonsense', `${unnamed(chunk({ content: 'Hel' }))}data: {"choices":"none"}\n\n`],
    ['no JSON', `${unnamed(chunk({ content: 'Hel' }))}data: <html>\n\n`],
  ],
  anthropic: [
    ['cut in a block', named(messageStart()) + block(0, { type: 'text', text: 'Hel' })],
    [
      'an error',
      named(messageStart()) +
        block(0, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hel' }) +
        named({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    ],
  ],
  gemini: [
    ['cut', unnamed(candidate([{ text: 'Hel' }]))],
    [
      'an error',
      unnamed(candidate([{ text: 'Hel' }]), { error: { code: 503, message: 'gone', status: 'UNAVAILABLE' } }),
    ],
    [
      'a broken call',
      unnamed(candidate([{ text: 'Hel' }]), candidate([], { finishReason: 'MALFORMED_FUNCTION_CALL' })),
    ],
  ],
} as const

describe('every stream of responses ends with its terminal event, the last and only one', () => {
  test.each(clientsOf('openai-responses'))('a good one of %s', (vendor) => {
    const { text } = stream(sent({ ...asked, vendor }), says(vendor, { text: 'Hello' }).stream)
    expect(strictStream('openai-responses', text)).toMatchObject({ error: null, ended: true })
  })

  describe.each(['openai-chat', 'anthropic', 'gemini'] as const)('a broken one of %s', (vendor) => {
    test.each<readonly [string, string]>(BROKEN[vendor])('%s', (_, broken) => {
      const { status, text } = stream(to(vendor), broken, { bytesEach: 16 })
      expect(status).toBe(200)
      const names = framesIn(text).events.map(({ name }) => name ?? '')
      expect(names.filter((name) => TERMINAL.test(name))).toEqual(['response.failed'])
      expect(names.at(-1)).toBe('response.failed')
      const { reply, error, ended } = strictStream('openai-responses', text)
      expect([ended, reply['status']]).toEqual([true, 'failed'])
      expect(asObject(error)).toMatchObject({ code: expect.any(String), message: expect.any(String) })
    })
  })

  test('a limit ends as incomplete', () => {
    const { text } = stream(to('openai-chat'), says('openai-chat', { text: 'Hel', stop: 'length' }).stream)
    expect(framesIn(text).events.at(-1)?.name).toBe('response.incomplete')
  })

  test('what breaks before the first content is a status, and no stream at all', () => {
    for (const nothing of ['', unnamed(chunk({ role: 'assistant', content: '' })), DONE])
      expect(stream(to('openai-chat'), nothing).status).toBe(502)
  })
})

describe('and so it is at the running gateway', () => {
  const gateway = throughGateway()
  const terminals = (text: string) =>
    framesIn(text)
      .events.map(({ name }) => name ?? '')
      .filter((name) => TERMINAL.test(name))
  const whole = says('openai-responses', { text: 'Hello' }).stream
  const cut = whole.slice(0, whole.indexOf('event: response.output_item.done'))

  test('a stream that the vendor cuts, translated', async () => {
    gateway.vendor.enqueue(events(unnamed(chunk({ content: 'Hel' }))))
    const answer = await gateway.chat({ client: 'openai-responses', vendor: 'openai-chat' }, { stream: true })
    expect(terminals(await answer.text())).toEqual(['response.failed'])
  })

  test('a stream that the vendor cuts, passed on', async () => {
    gateway.vendor.enqueue(events(cut))
    const answer = await gateway.chat({ client: 'openai-responses', vendor: 'openai-responses' }, { stream: true })
    const text = await answer.text()
    expect(text.startsWith(cut)).toBe(true)
    expect(terminals(text)).toEqual(['response.failed'])
    expect(framesIn(text).events.at(-1)?.name).toBe('response.failed')
  })

  test('a good one is passed on as it came', async () => {
    gateway.vendor.enqueue(events(whole))
    const answer = await gateway.chat({ client: 'openai-responses', vendor: 'openai-responses' }, { stream: true })
    expect([await answer.text(), answer.ending]).toEqual([whole, 'complete'])
  })
})
