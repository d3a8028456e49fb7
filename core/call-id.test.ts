import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CallIdRule, isMadeCallId, madeCallId, originalCallId, sentCallId } from './call-id.ts'

const RULES: readonly [string, CallIdRule][] = [
  ['letters, 64 of them', { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 }],
  ['letters, 40 of them', { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 40 }],
  ['exactly nine', { pattern: /^[a-zA-Z0-9]+$/, lengthMax: 9, exact: true }],
]
const ids = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.stringMatching(/^(call_|toolu_|callx|call_made_)?[a-zA-Z0-9_.:-]{0,40}$/),
  fc.stringMatching(/^callx([0-9a-f]{2}){0,12}$/),
)

describe.each(RULES)('ids for a vendor that takes %s', (_, rule) => {
  const sent = (id: string) => sentCallId(id, rule)

  test('are always such that it takes them', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(sent(id)).toMatch(rule.pattern)
        expect(sent(id).length).toBeLessThanOrEqual(rule.lengthMax)
        expect(sent(id).length).toBeGreaterThanOrEqual(rule.exact === true ? rule.lengthMax : 1)
      }),
    )
  })

  test('are the same for the same id, so that a call and its result agree in every turn', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(sent(id)).toBe(sent(`${id} `.slice(0, -1)))
      }),
    )
  })

  test('differ for the calls of a conversation, whatever they look like', () => {
    fc.assert(
      fc.property(fc.uniqueArray(ids, { maxLength: 60 }), (all) => {
        expect(new Set(all.map(sent)).size).toBe(all.length)
      }),
    )
  })

  test('differ for ten thousand calls that were numbered', () => {
    for (const name of ['call', 'call:', 'function.call.in.a.very.long.conversation.with.a.long.name.', 'рабочий-']) {
      const all = Array.from({ length: 10_000 }, (_, index) => sent(`${name}${index}`))
      expect(new Set(all).size).toBe(all.length)
    }
  })

  test('are found again in what was sent, unless only a digest fitted', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const text = sent(id)
        const isDigest = text !== id && !text.startsWith('callx')
        expect(isDigest ? id : originalCallId(text)).toBe(id)
      }),
    )
  })
})

test('an id that the vendor takes goes as it is', () => {
  expect(sentCallId('toolu_01A-b', { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 })).toBe('toolu_01A-b')
})

describe('an id that was never encoded', () => {
  test.each(['', 'call_1', 'callx6', 'callxzz', 'callxFF', 'callxff', 'callxc3', 'xcallx61'])(
    '%j stays as it is',
    (id) => {
      expect(originalCallId(id)).toBe(id)
    },
  )
})

describe('ids for a vendor that gives none', () => {
  test('differ for each call of a reply and for each reply', () => {
    const all = ['', 'a', 'b', 'responseId'].flatMap((reply) => [0, 1, 2, 10].map((index) => madeCallId(reply, index)))
    expect(new Set(all).size).toBe(all.length)
  })

  test('are the same when the same reply is read again, and known again as ours', () => {
    expect(madeCallId('reply', 1)).toBe(madeCallId('reply', 1))
    expect(isMadeCallId(madeCallId('reply', 1))).toBe(true)
    expect(isMadeCallId('call_1')).toBe(false)
  })

  test('fit every vendor of ids with letters', () => {
    expect(madeCallId('reply/with:odd letters', 3)).toMatch(/^[a-zA-Z0-9_-]{1,40}$/)
  })
})
