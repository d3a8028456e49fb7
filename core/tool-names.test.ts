import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Chat } from './chat.ts'
import { type ToolNameRule, toolNames } from './tool-names.ts'

const LETTERS: ToolNameRule = { letter: /^[a-zA-Z0-9_-]$/, first: /^[a-zA-Z0-9_-]$/, lengthMax: 64 }
const NARROW: ToolNameRule = { letter: /^[a-zA-Z0-9_.:-]$/, first: /^[a-zA-Z_]$/, lengthMax: 20 }
const chatWith = (names: readonly string[]): Chat => ({
  model: 'm',
  stream: false,
  turns: [],
  tools: names.map((name) => ({ kind: 'function', name })),
})
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.stringMatching(/^[a-c_.:/]{1,4}$/),
  fc.stringMatching(/^[a-c_]{0,2}_[0-9a-z]{7}$/),
  fc.stringMatching(/^[a-z.]{60,70}$/),
)
const names = fc.uniqueArray(name, { maxLength: 12 })
const rule = fc.constantFrom(LETTERS, NARROW)

describe('names of tools as they are sent', () => {
  test('are always such that the vendor takes them, also of a tool that is no longer offered', () => {
    fc.assert(
      fc.property(names, name, rule, (all, gone, rule) => {
        const { sent } = toolNames(chatWith(all), rule)
        for (const one of [...all, gone]) {
          expect(sent(one).length).toBeLessThanOrEqual(rule.lengthMax)
          expect(sent(one)[0]).toMatch(rule.first)
          for (const letter of sent(one)) expect(letter).toMatch(rule.letter)
        }
      }),
    )
  })

  test('never meet, and lead back to the client’s own', () => {
    fc.assert(
      fc.property(names, rule, (all, rule) => {
        const { sent, originals } = toolNames(chatWith(all), rule)
        expect(new Set(all.map(sent)).size).toBe(all.length)
        for (const one of all) expect(originals.get(sent(one)) ?? sent(one)).toBe(one)
      }),
      { numRuns: 500 },
    )
  })

  test('a tool that is no longer offered never takes the name of one that is', () => {
    fc.assert(
      fc.property(names, name, rule, (all, gone, rule) => {
        fc.pre(!all.includes(gone))
        const { sent } = toolNames(chatWith(all), rule)
        expect(all.map(sent)).not.toContain(sent(gone))
      }),
      { numRuns: 500 },
    )
  })

  test('are the same in every turn of a conversation', () => {
    fc.assert(
      fc.property(names, rule, (all, rule) => {
        const later: Chat = { ...chatWith(all), turns: [{ role: 'user', blocks: [{ kind: 'text', text: 'more' }] }] }
        expect(all.map(toolNames(later, rule).sent)).toEqual(all.map(toolNames(chatWith(all), rule).sent))
      }),
    )
  })

  test('stay as they are where the vendor takes them, and are then not in the way back', () => {
    const { sent, originals } = toolNames(chatWith(['get_weather', 'get-time']), LETTERS)
    expect(['get_weather', 'get-time'].map(sent)).toEqual(['get_weather', 'get-time'])
    expect(originals.size).toBe(0)
  })

  test('are changed letter by letter where that is enough', () => {
    expect(toolNames(chatWith(['mcp.files/read']), LETTERS).sent('mcp.files/read')).toBe('mcp_files_read')
    expect(toolNames(chatWith(['1st']), NARROW).sent('1st')).toBe('_1st')
  })

  test('a name that was made on purpose to look like our digest of another one does not meet it', () => {
    const once = toolNames(chatWith(['a.b', 'a_b']), LETTERS).sent('a.b')
    const all = ['a.b', 'a_b', once]
    const { sent } = toolNames(chatWith(all), LETTERS)
    expect(new Set(all.map(sent)).size).toBe(3)
  })
})
