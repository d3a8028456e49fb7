import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects, present, text } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const LONG = `call_${'x'.repeat(120)}`
const PLAIN = ['functions.get_weather:0', 'chatcmpl-tool-0a1b', 'toolu_01']
const ODD = ['call|fc_1/ü', 'a b', '会']
/** It looks like one that the gateway itself has made of a full stop. */
const LOOKALIKE = 'callx2e'

/** What Anthropic's API takes. */
const ANTHROPIC_ID = /^[a-zA-Z0-9_-]+$/

interface IdsOf {
  readonly calls: readonly string[]
  readonly results: readonly string[]
}

/** The ids in a request, as its vendor reads them. */
function idsIn(wire: WireId, body: JsonObject): IdsOf {
  const messages = objects(body['messages'])
  const items = objects(body['input'])
  const blocks = messages.flatMap(({ content }) => objects(content))
  const parts = objects(body['contents']).flatMap((content) => objects(content['parts']))
  const pick = (all: readonly JsonObject[], type: string, key: string) =>
    all.flatMap((one) => (one['type'] === type ? [text(one[key])] : []))
  const inner = (key: string) => parts.flatMap((part) => objects([part[key] ?? null]).map(({ id }) => text(id)))
  switch (wire) {
    case 'openai-chat':
      return {
        calls: messages.flatMap((message) => objects(message['tool_calls']).map(({ id }) => text(id))),
        results: messages.flatMap(({ role, tool_call_id: id }) => (role === 'tool' ? [text(id)] : [])),
      }
    case 'openai-responses':
      return { calls: pick(items, 'function_call', 'call_id'), results: pick(items, 'function_call_output', 'call_id') }
    case 'anthropic':
      return { calls: pick(blocks, 'tool_use', 'id'), results: pick(blocks, 'tool_result', 'tool_use_id') }
    case 'gemini':
      return { calls: inner('functionCall'), results: inner('functionResponse') }
  }
}

const calling = (ids: readonly string[]) => ids.map((id) => ({ id, name: 'get_weather', given: '{"city":"Oslo"}' }))

describe("an id is turned into one that the client's wire takes, and comes back to the vendor as it was", () => {
  describe.each([
    ['openai-chat', [...PLAIN, ...ODD]],
    ['openai-responses', PLAIN],
  ] as const)('of %s', (vendor, ids) => {
    test.each(clientsOf(vendor))('by %s', (client) => {
      const asked = { client, vendor, body: asks(client, { tools: true }) }
      for (const [way, heard] of hearBoth(asked, says(vendor, { calls: calling(ids) }))) {
        const given = heard.calls.map(({ id }) => id)
        expect(new Set(given).size, way).toBe(ids.length)
        const refused = client === 'anthropic' ? given.filter((id) => !ANTHROPIC_ID.test(id)) : []
        expect(refused, way).toEqual([])
        const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
        expect(idsIn(vendor, body), way).toEqual({ calls: ids, results: ids })
      }
    })
  })
})

describe("a client's id is one that the vendor takes, and call and result still agree", () => {
  const ids = [...PLAIN, ...ODD, '.', LOOKALIKE, LONG, `${LONG}y`]
  const body = nextAsk('openai-chat', asks('openai-chat', { tools: true }), {
    text: '',
    reasoning: '',
    refusal: '',
    stop: '',
    usage: null,
    calls: ids.map((id) => ({ id, name: 'get_weather', given: {} })),
    turn: [
      {
        role: 'assistant',
        tool_calls: calling(ids).map(({ id, name, given }) => ({
          id,
          type: 'function',
          function: { name, arguments: given },
        })),
      },
    ],
  })

  test.each([
    ['anthropic', /^[a-zA-Z0-9_-]+$/],
    ['openai-responses', /^.{1,64}$/],
  ] as const)('%s', (vendor, pattern) => {
    const { calls, results } = idsIn(vendor, sent({ client: 'openai-chat', vendor, body }).body)
    expect(results).toEqual(calls)
    expect(new Set(calls).size).toBe(ids.length)
    expect(calls.filter((id) => !pattern.test(id))).toEqual([])
  })

  test('a node that wants exactly nine letters and digits', () => {
    const items = [
      { role: 'user', content: 'Hi' },
      ...ids.map((id) => ({ type: 'function_call', call_id: id, name: 'get_weather', arguments: '{}' })),
      ...ids.map((id) => ({ type: 'function_call_output', call_id: id, output: 'Rain' })),
    ]
    const asked = {
      client: 'openai-responses',
      vendor: 'openai-chat',
      kind: 'mistral',
      body: { input: items },
    } as const
    const { calls, results } = idsIn('openai-chat', sent(asked).body)
    expect(results).toEqual(calls)
    expect(new Set(calls).size).toBe(ids.length)
    expect(calls.filter((id) => !/^[a-zA-Z0-9]{9}$/.test(id))).toEqual([])
  })
})

test.each(clientsOf('gemini'))(
  'Gemini names no calls: %s gets an id for each, never one per function name, and Gemini gets none back',
  (client) => {
    const asked = { client, vendor: 'gemini', body: asks(client, { tools: true }) } as const
    for (const [way, heard] of hearBoth(asked, says('gemini', { calls: calling(['', '']) }))) {
      expect(new Set(heard.calls.map(({ id }) => id)).size, way).toBe(2)
      expect(
        heard.calls.filter(({ id }) => !ANTHROPIC_ID.test(id)),
        way,
      ).toEqual([])
      const { body } = sent({ ...asked, body: nextAsk(client, asked.body, heard) })
      const parts = objects(body['contents']).flatMap((content) => objects(content['parts']))
      const named = present(
        parts.map(({ functionCall, functionResponse }) => asObject(functionCall ?? functionResponse)),
      )
      expect(named.length, way).toBe(4)
      expect(
        named.filter(({ id }) => id !== undefined),
        way,
      ).toEqual([])
    }
  },
)
