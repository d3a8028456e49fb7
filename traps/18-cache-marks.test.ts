import { describe, expect, test } from 'vitest'
import { asObject, type Json, type JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { sent } from './kit/trip.ts'

/** The marks in a request for Anthropic, in the order in which it reads them: tools, system, messages. */
function marksIn(body: JsonObject): readonly Json[] {
  const blocks = [
    ...objects(body['tools']),
    ...objects(body['system']),
    ...objects(body['messages']).flatMap(({ content }) => objects(content)),
  ]
  return blocks.flatMap(({ cache_control: mark }) => mark ?? [])
}

const part = (words: string, ttl?: string): JsonObject => ({
  type: 'text',
  text: words,
  cache_control: { type: 'ephemeral', ...(ttl === undefined ? {} : { ttl }) },
})
const chat = (...parts: readonly JsonObject[]) =>
  sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages: [{ role: 'user', content: parts }] } })

describe('to Anthropic', () => {
  test('a mark arrives, with its time', () => {
    const { body, losses } = chat(part('Long', '1h'), part('Short', '5m'), part('Shorter'))
    expect(marksIn(body)).toEqual([
      { type: 'ephemeral', ttl: '1h' },
      { type: 'ephemeral', ttl: '5m' },
      { type: 'ephemeral' },
    ])
    expect(losses).not.toContainEqual(expect.stringContaining('cache'))
  })

  test("OpenAI's own marks arrive too, from both of its APIs", () => {
    const marked = { prompt_cache_breakpoint: { mode: 'explicit' } }
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'Long', ...marked }] }]
    const input = [{ role: 'user', content: [{ type: 'input_text', text: 'Long', ...marked }] }]
    const ephemeral = [{ type: 'ephemeral' }]
    expect(marksIn(sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages } }).body)).toEqual(ephemeral)
    expect(marksIn(sent({ client: 'openai-responses', vendor: 'anthropic', body: { input } }).body)).toEqual(ephemeral)
  })

  test('there are never more than four: the last ones stay, because each covers what stands before it, and that is told', () => {
    const { body, losses } = chat(...['a', 'b', 'c', 'd', 'e', 'f'].map((words) => part(words)))
    expect(marksIn(body).length).toBe(4)
    const content = objects(objects(body['messages'])[0]?.['content'])
    expect(content.map((block) => asObject(block['cache_control']) !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ])
    expect(losses).toContain('messages[].content[].prompt_cache_breakpoint=dropped')
  })

  test('a time that the vendor does not have is the next longer one, and that is told', () => {
    const { body, losses } = chat(part('Long', '30m'))
    expect(marksIn(body)).toEqual([{ type: 'ephemeral', ttl: '1h' }])
    expect(losses).toContain('messages[].content[].prompt_cache_breakpoint=clamped')
  })

  test('no hour stands behind five minutes, which is a 400', () => {
    const { body } = chat(part('Long', '5m'), part('Short', '1h'), part('Shorter', '5m'))
    const times = marksIn(body).map((mark) => asObject(mark)?.['ttl'])
    expect(times).toEqual(['1h', '1h', '5m'])
  })
})

describe('from Anthropic', () => {
  const marked = { cache_control: { type: 'ephemeral', ttl: '1h' } }
  const body = {
    max_tokens: 100,
    system: [{ type: 'text', text: 'Be brief.', ...marked }],
    tools: [{ name: 'get_weather', input_schema: { type: 'object' }, ...marked }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', ...marked }] }],
  }
  test.each(['openai-chat', 'openai-responses', 'gemini'] as const)(
    'to %s no mark and no time of it goes that the vendor would refuse, and that is told',
    (vendor) => {
      const { text, losses } = sent({ client: 'anthropic', vendor, body })
      expect(text).not.toMatch(/cache|ephemeral|"ttl"/)
      expect(losses).toContain('messages[].content[].cache_control=dropped')
      expect(text).toContain('Be brief.')
    },
  )
})
