import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import type { RequestTarget } from '../../wire.ts'
import { openaiResponses as wire } from './index.ts'
import { REQUESTS } from './samples-test-kit.ts'

const asked = { model: 'm', stream: false }
const target: RequestTarget = { model: 'm', account: 'main', outputTokensMax: null, dialect: {} }
const home = (body: JsonObject) => wire.request.write(wire.request.read(body, asked), target)

describe('a body that goes to its own wire', () => {
  test.each(Object.entries(REQUESTS))('is written back as it was read: %s', (_, body) => {
    const { body: written, losses, undo } = home(body)
    expect(written).toEqual(body)
    expect(losses).toEqual([])
    expect(undo).toEqual({ toolNames: new Map(), customTools: new Set() })
  })

  test('keeps keys like __proto__ as its own', () => {
    const body = REQUESTS['keys of no good intent'] ?? {}
    expect(JSON.stringify(home(body).body)).toContain('"__proto__":{"polluted":true}')
    expect(Object.getPrototypeOf(home(body).body)).toBe(Object.prototype)
  })

  test('gets the model of the target', () => {
    const chat = wire.request.read({ model: 'alias', input: 'x' }, asked)
    expect(wire.request.write(chat, { ...target, model: 'real' }).body['model']).toBe('real')
  })

  test('is kept by the vendor or not as its client says, and as the vendor likes where it says nothing', () => {
    expect(home({ model: 'm', input: 'x' }).body).toEqual({ model: 'm', input: 'x' })
    expect(home({ model: 'm', input: 'x', store: true }).body['store']).toBe(true)
  })

  test('says the same bytes every time', () => {
    for (const body of Object.values(REQUESTS)) {
      expect(JSON.stringify(home(body).body)).toBe(JSON.stringify(home(structuredClone(body)).body))
    }
  })
})

describe('a proof that went out in the clothes of this wire', () => {
  const seal = (kind: string) => `${kind}sekisho-proof-1.anthropic.bWFpbg.c2ln`
  const thought = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] }
  const call = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'look', arguments: '{}' }

  test('never reaches the vendor of this wire, nor does its thought, and what follows it loses its id', () => {
    const body = { model: 'm', input: [{ ...thought, encrypted_content: seal('') }, call] }
    const { body: written, losses } = home(body)
    expect(written['input']).toEqual([{ type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' }])
    expect(losses).toMatchObject([{ field: 'reasoning.proof', what: 'dropped' }])
  })

  test('that belongs to a call is no thought of its own', () => {
    const carrier = { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: seal('before.') }
    const chat = wire.request.read({ model: 'm', input: [call, carrier] }, asked)
    expect(chat.turns[0]?.blocks).toMatchObject([
      { kind: 'call', proof: { wire: 'anthropic', account: 'main', data: 'sig' } },
    ])
    expect(wire.request.write(chat, target).losses).toMatchObject([{ field: 'reasoning.proof' }])
  })

  test('of a thought that was hidden altogether is known again as such', () => {
    const hidden = { type: 'reasoning', id: 'rs_3', summary: [], encrypted_content: seal('redacted.') }
    const { turns } = wire.request.read({ model: 'm', input: [hidden, call] }, asked)
    expect(turns[0]?.blocks[0]).toMatchObject({ kind: 'reasoning', text: '', redacted: true, proof: { data: 'sig' } })
  })

  test('and the sign that nobody has given one never reach it either: it would look for the thought among its own', () => {
    const unsigned = { ...thought, encrypted_content: 'sekisho-proof-1.openai-chat..' }
    const { body, losses } = home({ model: 'm', input: [unsigned, call] })
    expect(body['input']).toEqual([{ type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' }])
    expect(losses).toMatchObject([{ field: 'reasoning.text', what: 'dropped' }])
    const { turns } = wire.request.read({ model: 'm', input: [unsigned, call] }, asked)
    expect(turns[0]?.blocks[0]).toMatchObject({ kind: 'reasoning', text: 'Hm.' })
    expect(turns[0]?.blocks[0]).not.toHaveProperty('proof')
  })

  test('of this wire but another account is left out', () => {
    const mine = 'sekisho-proof-1.openai-responses.b3RoZXI.Z0FBQQ'
    const body = { model: 'm', input: [{ ...thought, encrypted_content: mine }, call] }
    expect(JSON.stringify(home(body).body)).not.toContain('Z0FBQQ')
    const { body: given } = wire.request.write(wire.request.read(body, asked), { ...target, account: 'other' })
    expect(JSON.stringify(given)).toContain('"encrypted_content":"gAAA"')
  })
})

test('a thought whose text was changed on its way does not bring the old one back', () => {
  const summary = [
    { type: 'summary_text', text: 'My key is 123.' },
    { type: 'summary_text', text: 'So be it.' },
  ]
  const chat = wire.request.read({ model: 'm', input: [{ type: 'reasoning', id: 'rs_1', summary }] }, asked)
  const turns = chat.turns.map((turn) => ({
    ...turn,
    blocks: turn.blocks.map((block) => (block.kind === 'reasoning' ? { ...block, text: 'My key is [1].' } : block)),
  }))
  expect(wire.request.write({ ...chat, turns }, target).body['input']).toEqual([
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'My key is [1].' }] },
  ])
})
