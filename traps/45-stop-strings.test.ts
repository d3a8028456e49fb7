import { describe, expect, test } from 'vitest'
import { asObject, type JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { type Asked, sent } from './kit/trip.ts'

const stops = (client: Asked['client'], list: readonly string[]): JsonObject => {
  const fields: { readonly [id in Asked['client']]: JsonObject } = {
    'openai-chat': { stop: list },
    'openai-responses': {},
    anthropic: { stop_sequences: list },
    gemini: { generationConfig: { stopSequences: list } },
  }
  return { ...asks(client), ...fields[client] }
}
const to = (client: Asked['client'], vendor: Asked['vendor'], list: readonly string[]) =>
  sent({ client, vendor, model: vendor === 'anthropic' ? 'claude-opus-4-8' : 'm-1', body: stops(client, list) })
const stopsIn = (body: JsonObject) =>
  body['stop'] ?? body['stop_sequences'] ?? asObject(body['generationConfig'])?.['stopSequences']

describe('stop strings go in the words of the vendor', () => {
  test.each([
    ['openai-chat', 'anthropic'],
    ['openai-chat', 'gemini'],
    ['anthropic', 'openai-chat'],
    ['anthropic', 'gemini'],
    ['gemini', 'openai-chat'],
    ['gemini', 'anthropic'],
  ] as const)('%s to %s', (client, vendor) => {
    const { body, losses } = to(client, vendor, ['END', '\n\nHuman:'])
    expect([stopsIn(body), losses]).toEqual([['END', '\n\nHuman:'], []])
  })

  test('one alone may be a string in chat', () => {
    const body = { ...asks('openai-chat'), stop: 'END' }
    expect(sent({ client: 'openai-chat', vendor: 'gemini', body }).body).toMatchObject({
      generationConfig: { stopSequences: ['END'] },
    })
  })
})

describe('what the vendor refuses of them is left out, and that is told', () => {
  test.each(['', ' ', '\n'])('the blank %j for Anthropic', (blank) => {
    const { body, losses } = to('openai-chat', 'anthropic', [blank, 'END'])
    expect([stopsIn(body), losses]).toEqual([['END'], ['stop=dropped']])
    expect(stopsIn(to('openai-chat', 'anthropic', [blank]).body)).toBeUndefined()
  })

  test('the empty one for OpenAI and Gemini; a line break is none', () => {
    const [chat, gemini] = [to('anthropic', 'openai-chat', ['', '\n']), to('openai-chat', 'gemini', ['', '\n'])]
    expect([stopsIn(chat.body), chat.losses.length]).toEqual([['\n'], 1])
    expect([stopsIn(gemini.body), gemini.losses.length]).toEqual([['\n'], 1])
  })

  test('a fifth for OpenAI, a sixth for Gemini', () => {
    const six = ['a', 'b', 'c', 'd', 'e', 'f']
    const chat = to('gemini', 'openai-chat', six.slice(0, 5))
    expect([stopsIn(chat.body), chat.losses]).toEqual([six.slice(0, 4), ['generationConfig.stopSequences=clamped']])
    const gemini = to('anthropic', 'gemini', six)
    expect([stopsIn(gemini.body), gemini.losses]).toEqual([six.slice(0, 5), ['stop_sequences=clamped']])
  })

  test('all of them for OpenAI responses, which has none', () => {
    const { text, losses } = to('openai-chat', 'openai-responses', ['END'])
    expect(text).not.toContain('END')
    expect(losses).toEqual(['stop=dropped'])
  })

  test('all of them for a model that takes none', () => {
    const { text, losses } = sent({
      client: 'anthropic',
      vendor: 'openai-chat',
      kind: 'openai',
      model: 'o3',
      body: stops('anthropic', ['END']),
    })
    expect(text).not.toContain('END')
    expect(losses).toContain('stop_sequences=dropped')
  })
})

test.each([
  ['openai-chat', 'stop'],
  ['openai-responses', 'completed'],
  ['gemini', 'STOP'],
] as const)('that one was met is a natural end for %s', (client, word) => {
  const asked = { client, vendor: 'anthropic', body: asks(client) } as const
  for (const [way, { stop }] of hearBoth(asked, says('anthropic', { text: 'One', stop: 'stop_sequence' })))
    expect(stop, way).toBe(word)
})
