import { setTimeout as pause } from 'node:timers/promises'

const TIMEOUT_MS = 10_000
const LOOK_AGAIN_MS = 15

export interface WaitOptions {
  readonly timeoutMs?: number
}

/** Looks again and again until the condition gives something (not `undefined`, `null` or `false`), and gives that. Fails with `what` when it takes too long. */
export async function waitUntil<Found>(
  what: string,
  condition: () => Found | Promise<Found>,
  { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
): Promise<Exclude<Found, undefined | null | false>> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await condition()
    if (isSomething(found)) return found
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
    await pause(LOOK_AGAIN_MS)
  }
}

/** The promise, or an error with `what` when it takes too long. */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  { timeoutMs = TIMEOUT_MS }: WaitOptions = {},
): Promise<Value> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`waited ${timeoutMs} ms in vain: ${what}`)), timeoutMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

const isSomething = <Found>(found: Found): found is Exclude<Found, undefined | null | false> =>
  found !== undefined && found !== null && found !== false
