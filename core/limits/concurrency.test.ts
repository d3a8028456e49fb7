import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Concurrency } from './concurrency.ts'

test('counts those who are open, and never below zero', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (steps) => {
      const concurrency = new Concurrency()
      let open = 0
      for (const enters of steps) {
        if (enters) concurrency.enter()
        else concurrency.leave()
        open = Math.max(0, open + (enters ? 1 : -1))
        expect(concurrency.open).toBe(open)
      }
    }),
  )
})
