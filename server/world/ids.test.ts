import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Clock } from '../../core/world.ts'
import { openIds } from './ids.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const NOON = Date.UTC(2026, 0, 1, 12)

/** A clock that shows what the test says. */
function handClock(start: number): Clock & { at: number } {
  const clock = { at: start, now: () => clock.at, monotonic: () => 0 }
  return clock
}

const take = (newId: () => string, count: number): string[] => Array.from({ length: count }, newId)

function expectGrowing(ids: readonly string[]): void {
  expect(new Set(ids).size).toBe(ids.length)
  const wrong = ids.findIndex((id, at) => at > 0 && id <= (ids[at - 1] ?? ''))
  expect(wrong).toBe(-1)
}

test('an id is a UUIDv7 that begins with the millisecond in which it was made', () => {
  const id = openIds(handClock(NOON), randomBytes)()
  expect(id).toMatch(UUID_V7)
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(NOON)
})

test('with a clock that stands still 100,000 ids are all different and each is greater than the one before', () => {
  const ids = take(openIds(handClock(NOON), randomBytes), 100_000)
  expectGrowing(ids)
  expect(ids.every((id) => UUID_V7.test(id))).toBe(true)
})

test('a clock that goes back an hour does not make an id smaller than one given out before', () => {
  const clock = handClock(NOON)
  const newId = openIds(clock, randomBytes)
  const before = take(newId, 10)
  clock.at = NOON - 3_600_000
  const during = take(newId, 10_000)
  clock.at = NOON + 1_000
  expectGrowing([...before, ...during, ...take(newId, 10)])
})

test('two processes with the same clock do not make the same ids', () => {
  const [one, other] = [openIds(handClock(NOON), randomBytes), openIds(handClock(NOON), randomBytes)]
  expect(new Set([...take(one, 5_000), ...take(other, 5_000)]).size).toBe(10_000)
})

test('a random byte is used once: the pool is asked anew before it would repeat', () => {
  let given = 0
  const counting = (size: number) => {
    given += size
    return randomBytes(size)
  }
  take(openIds(handClock(NOON), counting), 10_000)
  expect(given).toBeGreaterThanOrEqual(10_000 * 8)
})

test('extreme random bytes never break the form: version and variant stay what they are', () => {
  for (const byte of [0x00, 0xff]) {
    const ids = take(
      openIds(handClock(NOON), (size) => new Uint8Array(size).fill(byte)),
      5_000,
    )
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true)
    expectGrowing(ids)
  }
})
