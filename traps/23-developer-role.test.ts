import { describe, expect, test } from 'vitest'
import { objects } from '../e2e/recordings/json-parts.ts'
import { sent } from './kit/trip.ts'

const developer = { role: 'developer', content: 'Be brief.' }
const user = { role: 'user', content: 'Hi' }
const CHAT = { client: 'openai-chat', body: { messages: [developer, user] } } as const
const RESPONSES = { client: 'openai-responses', body: { input: [developer, user] } } as const
const MESSAGES = { client: 'anthropic', body: { max_tokens: 100, system: 'Be brief.', messages: [user] } } as const

describe('a developer message is never lost: it is what the vendor has for it', () => {
  test.each([CHAT, RESPONSES])('Anthropic, from $client: the system prompt', (asked) => {
    const { body } = sent({ ...asked, vendor: 'anthropic' })
    expect(JSON.stringify(body['system'])).toContain('Be brief.')
    expect(objects(body['messages']).map(({ role }) => role)).toEqual(['user'])
  })

  test.each([CHAT, RESPONSES])('Gemini, from $client: the system instruction', (asked) => {
    const { body } = sent({ ...asked, vendor: 'gemini' })
    expect(body['systemInstruction']).toMatchObject({ parts: [{ text: 'Be brief.' }] })
    expect(objects(body['contents']).map(({ role }) => role)).toEqual(['user'])
  })

  test('OpenAI responses, from chat: the instructions', () => {
    expect(sent({ ...CHAT, vendor: 'openai-responses' }).body).toMatchObject({ instructions: 'Be brief.' })
  })
})

describe('a node that does not know the role never gets it', () => {
  test.each([RESPONSES, MESSAGES])('from $client', (asked) => {
    for (const kind of ['openai-compatible', 'deepseek', 'vllm', 'mistral', 'ollama'])
      expect(objects(sent({ ...asked, vendor: 'openai-chat', kind }).body['messages'])[0], kind).toEqual({
        role: 'system',
        content: 'Be brief.',
      })
  })

  test('OpenAI itself does', () => {
    const { body } = sent({ ...MESSAGES, vendor: 'openai-chat', kind: 'openai' })
    expect(objects(body['messages'])[0]).toEqual(developer)
  })
})

test('system and developer messages at the beginning keep their order', () => {
  const messages = [{ role: 'system', content: 'First.' }, developer, { role: 'system', content: 'Last.' }, user]
  const { body } = sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages } })
  expect(JSON.stringify(body['system'])).toMatch(/First\..*Be brief\..*Last\./)
})
