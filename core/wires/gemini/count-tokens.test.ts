import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { readCountTokens, writeCountTokens } from './count-tokens.ts'

const read = (body: JsonObject) => readCountTokens(body, { model: 'm', stream: false })
const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]

describe('a request to count tokens', () => {
  test.each<[string, JsonObject]>([
    ['contents alone', { contents }],
    ['a whole request', { generateContentRequest: { model: 'models/m', contents, tools: [] } }],
    ['a whole request in snake_case', { generate_content_request: { contents, generation_config: { top_p: 1 } } }],
  ])('takes %s', (_, body) => {
    expect(read(body)).toMatchObject({ model: 'm', turns: [{ role: 'user', blocks: [{ kind: 'text', text: 'Hi' }] }] })
  })

  test('takes a system instruction and tools (Vertex)', () => {
    const chat = read({
      contents,
      systemInstruction: { parts: [{ text: 's' }] },
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
    })
    expect(chat).toMatchObject({ turns: [{ role: 'system' }, {}], tools: [{ name: 'f' }] })
  })

  test('takes a part of a conversation: a result without its call', () => {
    const part = { functionResponse: { name: 'f', response: { output: 'x' } } }
    expect(read({ contents: [{ role: 'user', parts: [part] }] }).turns[0]?.blocks).toMatchObject([
      { kind: 'result', name: 'f' },
    ])
  })

  test.each<[JsonObject, string]>([
    [{}, 'contents'],
    [{ contents, generateContentRequest: { contents } }, 'contents'],
    [{ generateContentRequest: { contents: [{ role: 'x' }] } }, 'generateContentRequest.contents[0].role'],
    [{ generate_content_request: { contents: [{ role: 'x' }] } }, 'generate_content_request.contents[0].role'],
  ])('%j is refused with the path of the field', (body, field) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })

  test('is answered with the number', () => {
    expect(writeCountTokens(12)).toEqual({ totalTokens: 12 })
  })
})
