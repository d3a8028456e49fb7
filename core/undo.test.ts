import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part } from './part.ts'
import { undoing } from './undo.ts'
import type { Undo } from './wire.ts'

const undo = (fields: Partial<Undo>): Undo => ({ toolNames: new Map(), customTools: new Set(), ...fields })
const run = (how: Undo, parts: readonly Part[]): readonly Part[] => {
  const step = undoing(how)
  return parts.flatMap((part) => step(part))
}
const call = (name: string, texts: readonly string[], block = 0): readonly Part[] => [
  { kind: 'open', choice: 0, block, content: { kind: 'call', id: `call_${block}`, name, input: 'function' } },
  ...texts.map((text): Part => ({ kind: 'delta', choice: 0, block, text })),
  { kind: 'close', choice: 0, block },
]
const textOf = (parts: readonly Part[], block = 0): string =>
  parts.map((part) => (part.kind === 'delta' && part.block === block ? part.text : '')).join('')

describe('a name that was changed for the vendor', () => {
  test('is the client’s own again, and no other name is touched', () => {
    const parts = run(undo({ toolNames: new Map([['files_read', 'files.read']]) }), [
      ...call('files_read', ['{}'], 0),
      ...call('other', ['{}'], 1),
    ])
    expect(
      parts.flatMap((part) => (part.kind === 'open' && part.content.kind === 'call' ? [part.content.name] : [])),
    ).toEqual(['files.read', 'other'])
  })
})

describe('a function that stood for a custom tool', () => {
  const custom = undo({ customTools: new Set(['patch']) })

  test('gives its text however the JSON was cut', () => {
    const text = 'line\n"quoted" é 🎈'
    const json = JSON.stringify({ input: text })
    fc.assert(
      fc.property(fc.array(fc.nat(json.length), { maxLength: 6 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), json.length]
        const pieces = at.slice(1).map((end, index) => json.slice(at[index], end))
        const parts = run(custom, call('patch', pieces))
        expect(parts[0]).toMatchObject({ content: { name: 'patch', input: 'custom' } })
        expect(textOf(parts)).toBe(text)
        expect(parts.at(-1)).toEqual({ kind: 'close', choice: 0, block: 0 })
      }),
    )
  })

  test('is known by the name that was sent, and gets back the client’s', () => {
    const both = undo({ customTools: new Set(['apply_patch']), toolNames: new Map([['apply_patch', 'apply.patch']]) })
    expect(run(both, call('apply_patch', ['{"input":"x"}']))[0]).toMatchObject({
      content: { name: 'apply.patch', input: 'custom' },
    })
  })

  test.each([
    ['a cut one', '{"input":"begin'],
    ['no JSON at all', 'begin patch'],
    ['a list', '["x"]'],
    ['another field', '{"text":"x"}'],
    ['an input that is no text', '{"input":{"a":1}}'],
    ['a __proto__', '{"__proto__":{"input":"x"}}'],
    ['nothing', ''],
  ])('is given as it is where the model did not keep to the schema: %s', (_, json) => {
    expect(textOf(run(custom, call('patch', [json])))).toBe(json)
  })

  test('beside it other calls pass piece by piece, at once', () => {
    const step = undoing(custom)
    const pass = (part: Part) => step(part)
    const open = (block: number, name: string): Part => ({
      kind: 'open',
      choice: 0,
      block,
      content: { kind: 'call', id: `c${block}`, name, input: 'function' },
    })
    const delta = (block: number, text: string): Part => ({ kind: 'delta', choice: 0, block, text })
    expect(pass(open(0, 'patch'))).toHaveLength(1)
    expect(pass(open(1, 'other'))).toHaveLength(1)
    expect(pass(delta(0, '{"inp'))).toEqual([])
    expect(pass(delta(1, '{"a":1}'))).toEqual([delta(1, '{"a":1}')])
    expect(pass(delta(0, 'ut":"x"}'))).toEqual([])
    expect(pass({ kind: 'close', choice: 0, block: 0 })).toEqual([
      delta(0, 'x'),
      { kind: 'close', choice: 0, block: 0 },
    ])
  })

  test('two choices with the same block do not mix', () => {
    const second = call('patch', ['{"input":"b"}']).map((part) => ('choice' in part ? { ...part, choice: 1 } : part))
    const first = call('patch', ['{"input":"a"}'])
    const mixed = first.flatMap((part, index) => [part, ...(second[index] === undefined ? [] : [second[index]])])
    const parts = run(custom, mixed)
    expect(textOf(parts.filter((part) => 'choice' in part && part.choice === 0))).toBe('a')
    expect(textOf(parts.filter((part) => 'choice' in part && part.choice === 1))).toBe('b')
  })

  test('keeps what was said when the answer ends before the call was closed', () => {
    const unclosed = call('patch', ['{"input":"x"}']).slice(0, -1)
    const end: Part = { kind: 'end', choice: 0, stop: { reason: 'length', native: null } }
    const parts = run(custom, [...unclosed, end, { kind: 'finish' }])
    expect(textOf(parts)).toBe('x')
    expect(parts.at(-2)).toEqual(end)
  })
})

test('everything else passes as the very object that it was', () => {
  const parts: readonly Part[] = [
    { kind: 'start', id: 'r', model: 'm' },
    { kind: 'open', choice: 0, block: 0, content: { kind: 'text' } },
    { kind: 'delta', choice: 0, block: 0, text: 'a' },
    { kind: 'cite', choice: 0, block: 0, citation: { url: 'https://example.com' } },
    { kind: 'prove', choice: 0, block: 0, proof: { wire: 'gemini', account: 'a', data: 'd' } },
    { kind: 'close', choice: 0, block: 0 },
    { kind: 'end', choice: 0, stop: { reason: 'stop', native: null } },
    { kind: 'finish' },
  ]
  for (const how of [undo({}), undo({ customTools: new Set(['patch']) })]) {
    const out = run(how, parts)
    expect(out).toHaveLength(parts.length)
    for (const [index, part] of out.entries()) expect(part).toBe(parts[index])
  }
})
