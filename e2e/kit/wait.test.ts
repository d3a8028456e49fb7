import { expect, test } from 'vitest'
import { waitUntil, within } from './wait.ts'

test('gives what the condition gives, as soon as it gives something', async () => {
  const answers = [undefined, false, null, 0]
  expect(await waitUntil('a number', () => answers.shift())).toBe(0)
})

test('a wait in vain fails and says what it waited for', async () => {
  await expect(waitUntil('the moon', () => false, { timeoutMs: 30 })).rejects.toThrow('in vain: the moon')
  await expect(within('the sun', new Promise(() => {}), { timeoutMs: 5 })).rejects.toThrow('in vain: the sun')
  expect(await within('now', Promise.resolve(1))).toBe(1)
})
