import { describe, expect, test } from 'vitest'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { hearBoth, hearStream, hearWhole } from './kit/hear.ts'
import { chunk, DONE, says, unnamed } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const list = (type: string, ...texts: readonly string[]) => texts.map((text) => ({ type, text }))

describe('a list of one text becomes a string where nodes read nothing else', () => {
  test('system, user, assistant and tool of an Anthropic client', () => {
    const body = {
      max_tokens: 100,
      system: list('text', 'Be brief.', 'Be kind.'),
      messages: [
        { role: 'user', content: list('text', 'Hi') },
        { role: 'assistant', content: [...list('text', 'Hm'), { type: 'tool_use', id: 'a', name: 'look', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: list('text', 'Rain') }] },
      ],
    }
    const messages = objects(sent({ client: 'anthropic', vendor: 'openai-chat', body }).body['messages'])
    expect(messages.filter(({ role }) => role !== 'system').map(({ content }) => content)).toEqual(['Hi', 'Hm', 'Rain'])
    const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
    expect(JSON.stringify(system)).toMatch(/Be brief\..*Be kind\./)
  })

  test('parts of a Gemini client', () => {
    const body = {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [{ text: 'Hello' }] },
        { role: 'user', parts: [{ text: 'Go on' }] },
      ],
    }
    const messages = objects(sent({ client: 'gemini', vendor: 'openai-chat', body }).body['messages'])
    expect(messages.map(({ content }) => content)).toEqual(['Be brief.', 'Hi', 'Hello', 'Go on'])
  })
})

describe('a string or a list of the client means the same to every vendor', () => {
  const chat = (spell: (words: string) => unknown) =>
    JSON.parse(
      JSON.stringify({
        messages: [
          { role: 'system', content: spell('Be brief.') },
          { role: 'user', content: spell('Hi') },
          { role: 'assistant', content: spell('Hello') },
          { role: 'user', content: spell('Go on') },
        ],
      }),
    )
  test.each(clientsOf('openai-chat'))('chat to %s', (vendor) => {
    const string = sent({ client: 'openai-chat', vendor, body: chat((words) => words) })
    const array = sent({ client: 'openai-chat', vendor, body: chat((words) => list('text', words)) })
    expect(array.body).toEqual(string.body)
    expect([string.losses, array.losses].flat().filter((loss) => !loss.startsWith('max_'))).toEqual([])
    for (const words of ['Be brief.', 'Hi', 'Hello', 'Go on']) expect(array.text).toContain(words)
  })

  test.each(clientsOf('openai-responses'))('responses to %s', (vendor) => {
    const asked = { client: 'openai-responses', vendor } as const
    const string = sent({ ...asked, body: { input: 'Hi' } })
    const message = sent({ ...asked, body: { input: [{ role: 'user', content: 'Hi' }] } })
    const array = sent({
      ...asked,
      body: { input: [{ type: 'message', role: 'user', content: list('input_text', 'Hi') }] },
    })
    expect([message.body, array.body]).toEqual([string.body, string.body])
  })

  test.each(clientsOf('anthropic'))('anthropic to %s', (vendor) => {
    const asked = { client: 'anthropic', vendor } as const
    const content = (inner: string | readonly { readonly type: string; readonly text: string }[]) => ({
      max_tokens: 100,
      messages: [{ role: 'user', content: inner }],
    })
    const string = sent({ ...asked, body: content('Hi') })
    expect(sent({ ...asked, body: content(list('text', 'Hi')) }).body).toEqual(string.body)
  })
})

test.each(clientsOf('openai-chat'))('a vendor that answers in a list (Mistral) is understood by %s', (client) => {
  const asked = { client, vendor: 'openai-chat', kind: 'mistral', body: asks(client) } as const
  const content = [
    { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] },
    { type: 'text', text: 'Rain.' },
  ]
  const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }
  const whole = { ...says('openai-chat', {}).whole, choices: [choice] }
  const events = unnamed(
    chunk({ role: 'assistant', content: '' }),
    ...content.map((piece) => chunk({ content: [piece] })),
    chunk({}, { finish_reason: 'stop' }),
  )
  for (const { text, reasoning } of [
    hearWhole(sent(asked), whole),
    hearStream(sent({ ...asked, stream: true }), events + DONE),
  ])
    expect([text, reasoning]).toEqual(['Rain.', 'Hm.'])
})

test('an OpenAI client gets a string, whatever blocks the vendor has', () => {
  for (const vendor of clientsOf('openai-chat')) {
    for (const [way, { turn }] of hearBoth(
      { client: 'openai-chat', vendor, body: asks('openai-chat') },
      says(vendor, { text: 'Rain.' }),
    ))
      expect(turn, `${vendor} ${way}`).toMatchObject([{ content: 'Rain.' }])
  }
})
