import { describe, expect, test } from 'vitest'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects, text } from '../e2e/recordings/json-parts.ts'
import { type Asked, sent } from './kit/trip.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const DATA_URL = `data:image/png;base64,${PNG}`

/** A screenshot tool that has answered with a picture, and with words where they are given. */
const CLIENTS: { readonly [client: string]: (words?: string) => Pick<Asked, 'client' | 'body'> } = {
  anthropic: (words) => ({
    client: 'anthropic',
    body: {
      max_tokens: 100,
      messages: [
        { role: 'user', content: 'Look' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'call_a', name: 'look', input: {} }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'call_a',
              content: [
                ...(words === undefined ? [] : [{ type: 'text', text: words }]),
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
              ],
            },
          ],
        },
      ],
    },
  }),
  'openai-responses': (words) => ({
    client: 'openai-responses',
    body: {
      input: [
        { role: 'user', content: 'Look' },
        { type: 'function_call', call_id: 'call_a', name: 'look', arguments: '{}' },
        {
          type: 'function_call_output',
          call_id: 'call_a',
          output: [
            ...(words === undefined ? [] : [{ type: 'input_text', text: words }]),
            { type: 'input_image', image_url: DATA_URL },
          ],
        },
      ],
    },
  }),
  gemini: (words) => ({
    client: 'gemini',
    body: {
      contents: [
        { role: 'user', parts: [{ text: 'Look' }] },
        { role: 'model', parts: [{ functionCall: { id: 'call_a', name: 'look', args: {} } }] },
        {
          role: 'user',
          parts: [
            {
              functionResponse: {
                id: 'call_a',
                name: 'look',
                response: words === undefined ? {} : { output: words },
                parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }],
              },
            },
          ],
        },
      ],
    },
  }),
}
const asked = (vendor: Asked['vendor'], words?: string, more: Partial<Asked> = {}): readonly Asked[] =>
  Object.keys(CLIENTS)
    .filter((client) => client !== vendor)
    .flatMap((client) => CLIENTS[client]?.(words) ?? [])
    .map((one) => ({ ...one, vendor, ...more }))

const WORDS = 'a cat'

describe('OpenAI chat, whose tool results hold words only', () => {
  test.each(asked('openai-chat', WORDS))('from $client: the picture follows under a label, the words stay', (one) => {
    const { body, losses } = sent(one)
    const [result, follow] = objects(body['messages']).slice(-2)
    expect(result).toMatchObject({ role: 'tool', tool_call_id: 'call_a', content: expect.stringContaining(WORDS) })
    expect(follow).toMatchObject({
      role: 'user',
      content: [
        { type: 'text', text: expect.stringContaining('call_a') },
        { type: 'image_url', image_url: { url: DATA_URL } },
      ],
    })
    expect(losses.some((loss) => loss.endsWith('=emulated'))).toBe(true)
  })

  test.each(asked('openai-chat'))('from $client: a picture alone leaves a result that is not empty', (one) => {
    const [result, follow] = objects(sent(one).body['messages']).slice(-2)
    expect(result).toMatchObject({ role: 'tool', content: expect.stringMatching(/\S/) })
    expect(JSON.stringify(follow)).toContain(PNG)
  })
})

describe('vendors whose results may hold pictures get them inside', () => {
  test.each(asked('anthropic', WORDS))('Anthropic, from $client', (one) => {
    const { body, losses } = sent(one)
    const last = objects(body['messages']).at(-1)
    const source = { type: 'base64', media_type: 'image/png', data: PNG }
    const [result] = objects(last?.['content'])
    expect([last?.['role'], result?.['type']]).toEqual(['user', 'tool_result'])
    expect(objects(result?.['content'])).toEqual([
      { type: 'text', text: expect.stringContaining(WORDS) },
      { type: 'image', source },
    ])
    expect(losses).not.toContainEqual(expect.stringMatching(/image|output=|parts|result/))
  })

  test.each(asked('openai-responses', WORDS))('OpenAI responses, from $client', (one) => {
    const last = objects(sent(one).body['input']).at(-1)
    expect(last).toMatchObject({ type: 'function_call_output', call_id: 'call_a' })
    expect(objects(last?.['output']).map(({ type }) => type)).toEqual(['input_text', 'input_image'])
    expect(JSON.stringify(last)).toContain(DATA_URL)
  })

  test.each(asked('gemini', WORDS, { model: 'gemini-3.1-pro-preview' }))('Gemini 3, from $client', (one) => {
    const last = objects(sent(one).body['contents']).at(-1)
    const response = asObject(objects(last?.['parts'])[0]?.['functionResponse'])
    expect(last?.['role']).toBe('user')
    expect(JSON.stringify(response?.['response'])).toContain(WORDS)
    expect(objects(response?.['parts'])).toEqual([{ inlineData: { mimeType: 'image/png', data: PNG } }])
  })
})

describe('Gemini 2.5, whose responses hold none', () => {
  test.each(asked('gemini', WORDS, { model: 'gemini-2.5-flash' }))('from $client: the picture follows', (one) => {
    const { body, losses } = sent(one)
    const [response, ...follow] = objects(objects(body['contents']).at(-1)?.['parts'])
    expect(asObject(response?.['functionResponse'])).not.toHaveProperty('parts')
    expect(JSON.stringify(response)).toContain(WORDS)
    expect(follow.at(-1)).toEqual({ inlineData: { mimeType: 'image/png', data: PNG } })
    expect(losses.some((loss) => loss.endsWith('=emulated'))).toBe(true)
  })
})

describe('whatever becomes of the picture, the request ends on the user and the result is there', () => {
  const vendors = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
  test.each(vendors.flatMap((vendor) => [...asked(vendor), ...asked(vendor, WORDS)]))('$client to $vendor', (one) => {
    const { body } = sent(one)
    const turns = objects(body['messages'] ?? body['contents'] ?? body['input'])
    const last: JsonObject = turns.at(-1) ?? {}
    expect(['user', 'tool', '']).toContain(text(last['role']))
    expect(JSON.stringify(turns)).toMatch(/tool_call_id|tool_result|function_call_output|functionResponse/)
    expect(JSON.stringify(turns)).toContain(PNG)
  })
})
