import { expect, test } from 'vitest'
import { loadOnce } from './load-once.ts'

test('loads when it is asked, once however many ask, and tries again after a failure', async () => {
  const loads: (() => number)[] = [
    () => {
      throw new Error('no file descriptor left')
    },
    () => 1,
    () => 2,
  ]
  const begun: unknown[] = []
  const load = loadOnce(async () => {
    begun.push(loads.length)
    return loads.shift()?.()
  })
  expect(begun).toEqual([])
  const failed = await Promise.allSettled([load(), load()])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await Promise.all([load(), load()])).toEqual([1, 1])
  expect(await load()).toBe(1)
  expect(begun).toHaveLength(2)
})
