import { describe, expect, test } from 'vitest'
import type { Chat, Own } from './chat.ts'
import { Losses } from './loss.ts'
import { isSpelt, loseOwn, ownFields, ownOf } from './own.ts'

const own = (fields: Own['fields'], wire: Own['wire'] = 'anthropic'): Own => ({ wire, fields })
const chat = (fields: Partial<Chat>): Chat => ({ model: 'm', stream: false, turns: [], tools: [], ...fields })

describe('what a node keeps for its own wire', () => {
  test('is nothing when there is nothing to keep', () => {
    expect(ownOf('gemini', {})).toBeUndefined()
  })

  test('are its fields, and how it was spelt', () => {
    expect(ownOf('gemini', { labels: {} })).toEqual({ wire: 'gemini', fields: { labels: {} } })
    expect(ownOf('gemini', {}, ['snake_case'])).toEqual({ wire: 'gemini', fields: {}, spelt: ['snake_case'] })
  })

  test('is shown to that wire only', () => {
    const kept = ownOf('gemini', { labels: {} }, ['string'])
    expect(ownFields(kept, 'gemini')).toEqual({ labels: {} })
    expect(ownFields(kept, 'anthropic')).toEqual({})
    expect(ownFields(undefined, 'gemini')).toEqual({})
    expect(isSpelt(kept, 'gemini', 'string')).toBe(true)
    expect(isSpelt(kept, 'gemini', 'list')).toBe(false)
    expect(isSpelt(kept, 'anthropic', 'string')).toBe(false)
    expect(isSpelt(undefined, 'gemini', 'string')).toBe(false)
  })
})

describe('what the client’s wire alone knows is reported when another wire is written', () => {
  const lost = (fields: Partial<Chat>, wire: Own['wire'] = 'openai-chat') => {
    const losses = new Losses()
    loseOwn(chat(fields), wire, losses)
    return losses.list().map(({ field, what }) => `${field} ${what}`)
  }

  test.each<[string, Partial<Chat>, string]>([
    ['of the request', { own: own({ container: 'c' }) }, 'container dropped'],
    ['of the reasoning', { reasoning: { own: own({ block_binding: {} }) } }, 'reasoning.block_binding dropped'],
    ['of the output format', { output: { kind: 'schema', schema: {}, own: own({ x: 1 }) } }, 'output.x dropped'],
    [
      'of a function',
      { tools: [{ kind: 'function', name: 'f', own: own({ defer_loading: true }) }] },
      'tools.defer_loading dropped',
    ],
    ['of a custom tool', { tools: [{ kind: 'custom', name: 'f', own: own({ x: true }) }] }, 'tools.x dropped'],
    ['of a turn', { turns: [{ role: 'user', blocks: [], own: own({ clear_at: 1 }) }] }, 'messages.clear_at dropped'],
    [
      'of a block',
      { turns: [{ role: 'user', blocks: [{ kind: 'text', text: 'a', own: own({ x: 1 }) }] }] },
      'content.x dropped',
    ],
    [
      'of a citation',
      {
        turns: [
          {
            role: 'assistant',
            blocks: [{ kind: 'text', text: 'a', citations: [{ own: own({ encrypted_index: 'e' }) }] }],
          },
        ],
      },
      'citations.encrypted_index dropped',
    ],
    [
      'of a block inside a tool’s answer',
      {
        turns: [
          {
            role: 'user',
            blocks: [{ kind: 'result', callId: 'c', blocks: [{ kind: 'text', text: 'a', own: own({ deep: 1 }) }] }],
          },
        ],
      },
      'content.deep dropped',
    ],
  ])('%s', (_, fields, expected) => {
    expect(lost(fields)).toEqual([expected])
    expect(lost(fields, 'anthropic')).toEqual([])
  })

  test('once, however often it stands there', () => {
    const block = { kind: 'text', text: 'a', own: own({ x: 1 }) } as const
    expect(
      lost({
        turns: [
          { role: 'user', blocks: [block, block] },
          { role: 'user', blocks: [block] },
        ],
      }),
    ).toEqual(['content.x dropped'])
  })

  test('not when it is null, and not for a way of spelling: with neither anything is lost', () => {
    expect(lost({ own: { wire: 'anthropic', fields: { container: null }, spelt: ['string'] } })).toEqual([])
  })
})
