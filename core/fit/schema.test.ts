import { describe, expect, test } from 'vitest'
import type { Capabilities } from '../capabilities.ts'
import type { Chat, Turn } from '../chat.ts'
import { type Asking, fit } from '../fit.ts'

const user: Turn = { role: 'user', blocks: [{ kind: 'text', text: 'Where is it?' }] }
const chat = (fields: Partial<Chat> = {}): Chat => ({
  model: 'm',
  stream: false,
  turns: [user],
  tools: [{ kind: 'function', name: 'look' }],
  ...fields,
})
const WHOLE: Asking = { stream: false }

describe('an answer of a schema where the model has no mode for it', () => {
  const output = { kind: 'schema', schema: { type: 'object', properties: { a: { type: 'string' } } } } as const

  test('is asked for in the system prompt, with the schema', () => {
    const { chat: done, losses } = fit(chat({ output }), { schemaOutput: false }, WHOLE)
    expect(done.output).toBeUndefined()
    expect(losses).toMatchObject([{ field: 'output.schema', what: 'emulated' }])
    expect(done.turns[0]).toMatchObject({
      role: 'system',
      blocks: [{ text: expect.stringContaining('{"type":"object","properties":{"a":{"type":"string"}}}') }],
    })
  })

  test.each<Capabilities>([{}, { schemaOutput: true }])('stays with %j', (capabilities) => {
    expect(fit(chat({ output }), capabilities, WHOLE).chat).toEqual(chat({ output }))
  })
})
