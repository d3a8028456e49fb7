import { describe, expect, test } from 'vitest'
import { ByteBudget } from './byte-budget.ts'
import { StreamCopy } from './stream-copy.ts'

describe('the copy of a stream', () => {
  test('is what was pushed, up to a mebibyte', () => {
    const copy = new StreamCopy(new ByteBudget(() => 10_000_000))
    const half = Buffer.alloc(524_288, 'a')
    copy.push(half)
    copy.push(half)
    expect(copy.whole()?.equals(Buffer.concat([half, half]))).toBe(true)
    copy.push(Buffer.from('b'))
    expect(copy.whole()).toBeUndefined()
  })

  test('gives up where there is no room, and then takes none', () => {
    const budget = new ByteBudget(() => 10)
    const [copy, other] = [new StreamCopy(budget), new StreamCopy(budget)]
    copy.push(Buffer.alloc(6))
    other.push(Buffer.alloc(3))
    other.push(Buffer.alloc(3))
    expect([copy.whole()?.length, other.whole(), budget.taken]).toEqual([6, undefined, 6])
  })

  test('gives its memory back, once', () => {
    const budget = new ByteBudget(() => 10)
    const copy = new StreamCopy(budget)
    copy.push(Buffer.alloc(6))
    copy.drop()
    copy.drop()
    copy.push(Buffer.alloc(6))
    expect([copy.whole(), budget.taken]).toEqual([undefined, 0])
  })
})
