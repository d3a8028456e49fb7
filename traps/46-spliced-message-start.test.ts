import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { passingOf } from '../core/wires/passing.ts'
import { asks } from './kit/asks.ts'
import { hearStream, hearWhole } from './kit/hear.ts'
import { block, messageEnd, messageStart, named } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { clientsOf, sent, stream, whole } from './kit/trip.ts'

const text = (index: number, words: string) =>
  block(index, { type: 'text', text: '' }, { type: 'text_delta', text: words })
const use = (index: number, id: string, json: string) =>
  block(index, { type: 'tool_use', id, name: 'get_time', input: {} }, { type: 'input_json_delta', partial_json: json })
/** The second answer of a vendor that has begun anew, by another model. */
function start(id: string, model: string) {
  const { type, message } = messageStart({}, id)
  return { type, message: { ...(message as JsonObject), model } }
}

describe.each(clientsOf('anthropic'))('%s', (client) => {
  const to = sent({ client, vendor: 'anthropic', body: asks(client, { tools: true }), stream: true })

  test('an answer that begins anew before anything was said is the second one, and the second model is billed', () => {
    const events =
      named(start('msg_1', 'claude-opus-5-5'), start('msg_2', 'claude-sonnet-5')) +
      text(0, 'Hello') +
      messageEnd('end_turn')
    expect(hearStream(to, events)).toMatchObject({ text: 'Hello' })
    expect(stream(to, events).reading.model).toBe('claude-sonnet-5')
  })

  test('the same beginning twice says nothing new', () => {
    const events = named(start('msg_1', 'm-1'), start('msg_1', 'm-1')) + text(0, 'Hello') + messageEnd('end_turn')
    expect(hearStream(to, events)).toMatchObject({ text: 'Hello' })
  })

  test('two answers never melt: one that begins behind words ends the stream with an error', () => {
    const events =
      named(start('msg_1', 'm-1')) +
      text(0, 'First') +
      use(1, 'toolu_1', '{"city":"Os') +
      named(start('msg_2', 'm-1')) +
      text(0, 'Second') +
      use(1, 'toolu_2', '{"city":"Oslo"}') +
      messageEnd('tool_use')
    const got = stream(to, events, { bytesEach: 64 })
    const { error, ended } = strictStream(client, got.text)
    expect(error).not.toBeNull()
    // For a client of responses an error is an end like any other.
    expect(ended).toBe(client === 'openai-responses')
    expect(got.text).not.toContain('Second')
    expect(got.text).not.toMatch(/\[DONE\]|response\.completed/)
  })
})

describe('a vendor that lets another model go on', () => {
  const fallback = { type: 'fallback', from: { model: 'claude-fable-5-2' }, to: { model: 'claude-opus-4-8' } }

  test.each(clientsOf('anthropic'))(
    'is one answer for %s; of a whole one the model that answered is billed',
    (client) => {
      const asked = { client, vendor: 'anthropic', body: asks(client) } as const
      const { message } = start('msg_1', 'claude-opus-4-8')
      const reply = { ...message, content: [fallback, { type: 'text', text: 'Hello' }], stop_reason: 'end_turn' }
      expect(hearWhole(sent(asked), reply)).toMatchObject({ text: 'Hello', calls: [] })
      expect(whole(sent(asked), reply).reading.model).toBe('claude-opus-4-8')
      const events =
        named(start('msg_1', 'claude-fable-5-2')) + block(0, fallback) + text(1, 'Hello') + messageEnd('end_turn')
      expect(hearStream(sent({ ...asked, stream: true }), events)).toMatchObject({ text: 'Hello', calls: [] })
    },
  )
})

test('on the way through, the second answer does not reach the client behind the first', () => {
  const encoder = new TextEncoder()
  const reader = passingOf.anthropic.stream({
    flavour: 'openai',
    endsWithDone: false,
    hideUsage: false,
    inputEstimate: 1,
    eventBytesMax: 1_000_000,
    spendLimitCodes: [],
    find: (bytes, part, from) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(part, from),
  })
  const passed = [named(start('msg_1', 'm-1')), text(0, 'First'), named(start('msg_2', 'm-1')), text(0, 'Second')].map(
    (events) => new TextDecoder().decode(reader.push(encoder.encode(events))),
  )
  expect(passed.join('')).toContain('First')
  expect(passed.join('')).not.toMatch(/msg_2|Second/)
  expect(reader.ending()).toBe('broken')
})
