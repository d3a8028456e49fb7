import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, expect, test } from 'vitest'
import type { GaugeValue } from './metrics-gauge.ts'
import { openEventLoopDelay } from './event-loop-delay.ts'

const opened: { close: () => void }[] = []
afterEach(() => {
  for (const one of opened.splice(0)) one.close()
})

function open() {
  const clock = { at: 0, now: () => 0, monotonic: () => clock.at }
  const delay = openEventLoopDelay(clock)
  opened.push(delay)
  return { clock, read: () => delay.gauge.read() as readonly GaugeValue[] }
}

/** Holds the loop, as a program that computes does. */
function holdLoop(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

/** Node's own measure ticks every 20 ms, and counts from the second tick on. */
async function ticks(count: number): Promise<void> {
  const probe = monitorEventLoopDelay({ resolution: 20 })
  probe.enable()
  while (probe.count < count) await new Promise((resolve) => setImmediate(resolve))
  probe.disable()
}

const longest = (values: readonly GaugeValue[]): number =>
  values.find(({ labels }) => labels['quantile'] === '1')?.value ?? -1

test('a loop that was held for 200 ms shows it, in seconds', async () => {
  const { read } = open()
  await ticks(2)
  holdLoop(200)
  await ticks(2)
  const values = read()
  expect(longest(values)).toBeGreaterThan(0.1)
  expect(longest(values)).toBeLessThan(5)
  expect(values.map(({ labels }) => labels['quantile'])).toEqual(['0.5', '0.99', '1'])
})

test('within ten seconds everybody who asks gets the same figures; after that what was before is forgotten', async () => {
  const { clock, read } = open()
  await ticks(2)
  holdLoop(300)
  await ticks(2)
  const first = read()
  await ticks(3)
  clock.at = 9_999
  expect(read()).toBe(first)
  clock.at = 10_000
  expect(longest(read())).toBeLessThan(longest(first))
})
