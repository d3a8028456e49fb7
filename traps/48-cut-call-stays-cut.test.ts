import { expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { hearStream, hearWhole } from './kit/hear.ts'
import { block, callChunk, chunk, DONE, messageEnd, messageStart, named, says, unnamed } from './kit/says.ts'
import { PAIRS, sent } from './kit/trip.ts'

const CUT = '{"city":"Os'
const LIMITED: { readonly [wire in WireId]: string } = {
  'openai-chat': 'length',
  'openai-responses': 'incomplete/max_output_tokens',
  anthropic: 'max_tokens',
  gemini: 'MAX_TOKENS',
}

const call = { id: 'call_a', type: 'function', function: { name: 'get_weather', arguments: CUT } }
const item = {
  id: 'fc_1',
  type: 'function_call',
  status: 'incomplete',
  call_id: 'call_a',
  name: 'get_weather',
  arguments: CUT,
}
const use = { type: 'tool_use', id: 'toolu_a', name: 'get_weather', input: {} }
const response = {
  ...says('openai-responses', { stop: 'incomplete/max_output_tokens' }).whole,
  output: [item],
}

/** A call that the limit has cut, as each vendor that can cut one says it; Gemini sends calls whole. */
const STREAMS: { readonly [vendor in Exclude<WireId, 'gemini'>]: string } = {
  'openai-chat':
    unnamed(chunk({ role: 'assistant', content: null }), callChunk(0, call), chunk({}, { finish_reason: 'length' })) +
    DONE,
  anthropic:
    named(messageStart()) + block(0, use, { type: 'input_json_delta', partial_json: CUT }) + messageEnd('max_tokens'),
  'openai-responses': named(
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
    { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'fc_1', delta: CUT },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.incomplete', response },
  ),
}
const message = { role: 'assistant', content: null, tool_calls: [call] }
const WHOLE: { readonly [vendor in 'openai-chat' | 'openai-responses']: JsonObject } = {
  'openai-chat': { ...says('openai-chat', {}).whole, choices: [{ index: 0, message, finish_reason: 'length' }] },
  'openai-responses': response,
}

/** What a client could take for sound arguments; an empty object is a call without any. */
const isSound = (given: Json): boolean => JSON.stringify(given).includes('"city":') || JSON.stringify(given) === '{}'

const CUTTING = PAIRS.flatMap(({ client, vendor }) => (vendor === 'gemini' ? [] : [{ client, vendor }]))

test.each(CUTTING)('$vendor to $client: streamed, a cut call is not mended, and the limit is the reason', (pair) => {
  const { client, vendor } = pair
  const to = sent({ client, vendor, body: asks(client, { tools: true }), stream: true })
  const { calls, stop } = hearStream(to, STREAMS[vendor])
  expect(stop).toBe(LIMITED[client])
  expect(calls.map(({ name }) => name)).toEqual(['get_weather'])
  expect(calls.filter(({ given }) => isSound(given))).toEqual([])
})

// Anthropic gives the arguments of a whole reply as an object: what was cut of them cannot be seen.
const WHOLLY = CUTTING.flatMap(({ client, vendor }) => (vendor === 'anthropic' ? [] : [{ client, vendor }]))

test.each(WHOLLY)('$vendor to $client: and so it is in a whole reply', ({ client, vendor }) => {
  const { calls, stop } = hearWhole(sent({ client, vendor, body: asks(client, { tools: true }) }), WHOLE[vendor])
  expect(stop).toBe(LIMITED[client])
  expect(calls.filter(({ given }) => isSound(given))).toEqual([])
})

test.each(['openai-chat', 'openai-responses'] as const)('%s clients get the text as far as it came', (client) => {
  const to = sent({ client, vendor: 'anthropic', body: asks(client, { tools: true }), stream: true })
  expect(hearStream(to, STREAMS.anthropic).calls).toMatchObject([{ given: CUT }])
})

test.each(['anthropic', 'gemini', 'openai-responses'] as const)(
  'given back, it is not mended for %s either',
  (vendor) => {
    const messages = [
      { role: 'user', content: 'Hi' },
      message,
      { role: 'tool', tool_call_id: 'call_a', content: 'The arguments are no JSON' },
    ]
    const { body } = sent({
      client: 'openai-chat',
      vendor,
      body: { ...asks('openai-chat', { tools: true }), messages },
    })
    const turns = objects(body['messages'] ?? body['contents'] ?? body['input'])
    // As one text, with its own quotes: no field `city` of the arguments.
    expect(JSON.stringify(turns)).toContain(JSON.stringify(CUT))
    expect(JSON.stringify(turns)).not.toContain('{"city":"Os"')
  },
)
