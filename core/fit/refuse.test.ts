import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../capabilities.ts'
import type { Block, Chat, Turn } from '../chat.ts'
import { Fault } from '../fault.ts'
import { type Asking, fit } from '../fit.ts'

const user: Turn = { role: 'user', blocks: [{ kind: 'text', text: 'Where is it?' }] }
const assistant: Turn = { role: 'assistant', blocks: [{ kind: 'text', text: 'It is' }] }
const chat = (fields: Partial<Chat> = {}): Chat => ({
  model: 'm',
  stream: false,
  turns: [user],
  tools: [{ kind: 'function', name: 'look' }],
  ...fields,
})
const WHOLE: Asking = { stream: false }

/** The field of the `bad_request` that is thrown. */
function refused(fields: Partial<Chat>, capabilities: Capabilities): string | undefined {
  try {
    fit(chat(fields), capabilities, WHOLE)
  } catch (error) {
    if (error instanceof Fault && error.code === 'bad_request') return error.field
    throw error
  }
  return 'nothing was refused'
}

describe("an unfinished assistant's turn", () => {
  const turns = [user, assistant]
  const paused: Turn = {
    role: 'assistant',
    blocks: [{ kind: 'foreign', wire: 'anthropic', type: 'server_tool_use', json: {} }],
  }

  test.each<[string, Partial<Chat>, Capabilities, string]>([
    ['is refused', { turns }, { prefill: 'no' }, 'turns[1]'],
    [
      'is refused when it is empty',
      { turns: [user, { role: 'assistant', blocks: [] }] },
      { prefill: 'no' },
      'turns[1]',
    ],
    [
      'is refused while the model reasons',
      { turns, reasoning: { mode: 'auto' } },
      { prefill: 'not-with-reasoning' },
      'turns[1]',
    ],
    [
      'is named by its place in what was asked, whatever was added in front',
      { turns, toolChoice: { kind: 'required' } },
      { prefill: 'no', forcedTool: 'no' },
      'turns[1]',
    ],
  ])('%s', (_, fields, capabilities, field) => {
    expect(refused(fields, capabilities)).toBe(field)
  })

  test.each<[string, Partial<Chat>, Capabilities]>([
    ['stays where nobody knows', { turns }, {}],
    ['stays where it is taken', { turns }, { prefill: 'yes' }],
    ['stays without reasoning', { turns }, { prefill: 'not-with-reasoning', reasoningDefault: 'off' }],
    ['is none when a user turn follows', { turns: [user, assistant, user] }, { prefill: 'no' }],
    ['is none in the middle of the work of a tool of the vendor', { turns: [user, paused] }, { prefill: 'no' }],
    ['is none without turns', { turns: [] }, { prefill: 'no' }],
  ])('%s', (_, fields, capabilities) => {
    expect(fit(chat(fields), capabilities, WHOLE).chat).toEqual(chat(fields))
  })
})

describe('media', () => {
  const image: Block = { kind: 'image', source: { kind: 'url', url: 'https://example.org/a.png' } }
  const text: Capabilities = { input: ['text'] }

  test.each<[string, readonly Block[], Capabilities, string]>([
    ['a picture', [{ kind: 'text', text: 'see' }, image], text, 'turns[0].blocks[1]'],
    ['a sound', [{ ...image, kind: 'audio' }], { input: ['text', 'image'] }, 'turns[0].blocks[0]'],
    ['a film', [{ ...image, kind: 'video' }], text, 'turns[0].blocks[0]'],
    ['a document', [{ ...image, kind: 'file' }], text, 'turns[0].blocks[0]'],
    [
      "a picture in a tool's answer",
      [{ kind: 'result', callId: 'c', blocks: [{ kind: 'text', text: 'see' }, image] }],
      text,
      'turns[0].blocks[0].blocks[1]',
    ],
  ])('%s that the model cannot take is refused, by its place', (_, blocks, capabilities, field) => {
    expect(refused({ turns: [{ role: 'user', blocks }] }, capabilities)).toBe(field)
  })

  test.each<[string, Block, Capabilities]>([
    ['nobody knows what it takes', image, {}],
    ['it takes pictures', image, { input: ['text', 'image'] }],
    ['the document is plain text', { kind: 'file', source: { kind: 'text', text: 'a,b' } }, text],
    ['the document says so', { kind: 'file', source: { kind: 'data', mediaType: 'text/csv', base64: 'YQ==' } }, text],
  ])('is passed where %s', (_, block, capabilities) => {
    const asked = chat({ turns: [{ role: 'user', blocks: [block] }] })
    expect(fit(asked, capabilities, WHOLE).chat).toEqual(asked)
  })
})
