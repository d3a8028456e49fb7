import { describe, expect, test } from 'vitest'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth, hearStream } from './kit/hear.ts'
import { candidate, says, unnamed } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const SIGNATURE = 'EpwBCpkBAdHtim9kYXlzIHRob3VnaHRz+/8='
/** The vendor's own word for a call that never had a signature. */
const NEVER_SIGNED = 'skip_thought_signature_validator'
const CALLS = ['get_weather', 'get_time'].map((name) => ({ id: '', name, given: '{"city":"Oslo"}' }))

/** The parts of the model's turns with their signatures: `null` where there is none. */
const signedIn = (body: JsonObject) =>
  objects(body['contents'])
    .filter(({ role }) => role === 'model')
    .flatMap(({ parts }) => objects(parts))
    .map(({ text, functionCall, thoughtSignature }) => ({
      part: text ?? asObject(functionCall)?.['name'],
      signature: thoughtSignature ?? null,
    }))

describe.each(clientsOf('gemini'))('through a client of %s', (client) => {
  const asked = { client, vendor: 'gemini', body: asks(client, { tools: true }) } as const

  test('the signature comes back on the call that it was given for, and on no other', () => {
    for (const [way, heard] of hearBoth(
      asked,
      says('gemini', { thought: { text: '', proof: SIGNATURE }, calls: CALLS }),
    )) {
      const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      expect(signedIn(body), way).toEqual([
        { part: 'get_weather', signature: SIGNATURE },
        { part: 'get_time', signature: null },
      ])
    }
  })

  test('the signature of a text comes back on the text', () => {
    for (const [way, heard] of hearBoth(
      asked,
      says('gemini', { thought: { text: '', proof: SIGNATURE }, text: 'Rain.' }),
    )) {
      const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      expect(signedIn(body).at(-1), way).toEqual({ part: 'Rain.', signature: SIGNATURE })
    }
  })

  test('one that comes behind the text, in a last part without words, is kept', () => {
    const events = unnamed(
      candidate([{ text: 'Rain.' }]),
      candidate([{ text: '', thoughtSignature: SIGNATURE }], { finishReason: 'STOP' }),
    )
    const heard = hearStream(sent({ ...asked, stream: true }), events)
    expect(heard.text).toBe('Rain.')
    const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
    expect(signedIn(body).filter(({ signature }) => signature === SIGNATURE)).toHaveLength(1)
  })

  test('words, thought and calls together come back as they were', () => {
    const said = says('gemini', { thought: { text: 'Look.', proof: SIGNATURE }, text: 'I look.', calls: CALLS })
    for (const [way, heard] of hearBoth(asked, said)) {
      const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      const signed = signedIn(body).filter(({ part }) => part !== 'Look.')
      expect(signed, way).toEqual([
        { part: 'I look.', signature: null },
        { part: 'get_weather', signature: SIGNATURE },
        { part: 'get_time', signature: null },
      ])
    }
  })

  test('another account gets the word for a call without one, never a signature that it cannot read', () => {
    for (const [way, heard] of hearBoth(
      asked,
      says('gemini', { thought: { text: '', proof: SIGNATURE }, calls: CALLS }),
    )) {
      const again = sent({ ...asked, account: 'another', body: nextAsk(client, asked.body, heard) })
      expect(signedIn(again.body)[0], way).toEqual({ part: 'get_weather', signature: NEVER_SIGNED })
      expect(again.text, way).not.toContain(SIGNATURE)
      expect(again.losses.length, way).toBeGreaterThan(0)
    }
  })

  test('a call of another vendor, which signs none, is sent with that word, as often as it is needed and no more', () => {
    const vendor = client === 'openai-chat' ? 'anthropic' : 'openai-chat'
    const calls = CALLS.map((call, index) => ({ ...call, id: `call_${index}` }))
    for (const [way, heard] of hearBoth({ ...asked, vendor }, says(vendor, { calls }))) {
      const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      expect(signedIn(body), way).toEqual([
        { part: 'get_weather', signature: NEVER_SIGNED },
        { part: 'get_time', signature: null },
      ])
    }
  })
})

test('Gemini 2.5, which checks nothing, is not told that word', () => {
  const call = { id: 'a', type: 'function', function: { name: 'get_weather', arguments: '{}' } }
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'a', content: 'Rain' },
  ]
  const { text } = sent({ client: 'openai-chat', vendor: 'gemini', model: 'gemini-2.5-flash', body: { messages } })
  expect(text).not.toContain('thoughtSignature')
})
