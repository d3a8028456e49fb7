import type { Clock } from '../../core/world.ts'

/**
 * Makes UUIDv7s that only ever grow within this process, as text and therefore in an index, even while the clock stands or goes back
 * (RFC 9562 6.2, method 1: a counter behind the millisecond that starts low enough to count 2,048 ids up). A counter that runs out,
 * or a clock that went back, borrows from the milliseconds to come; so the time in an id is near enough to sort by, and nothing more.
 *
 * `randomBytes` is asked for a pool at a time, because one call costs more than the id.
 */
export function openIds(clock: Clock, randomBytes: (size: number) => Uint8Array): () => string {
  // One buffer for all ids: text read out of it is one flat string, where gluing pieces together keeps every piece alive.
  const text = Buffer.alloc(36, '-')
  const random = openPool(randomBytes)
  let lastMs = -1
  let counter = 0

  const begin = (ms: number): void => {
    lastMs = ms
    counter = ((random() << 8) | random()) & COUNTER_START_MAX
    text.write(`${hexTime(ms, 0, 8)}-${hexTime(ms, 8, 12)}`, 0, 'latin1')
  }

  return () => {
    const now = clock.now()
    if (now > lastMs) begin(now)
    else if (counter === COUNTER_MAX) begin(lastMs + 1)
    else counter++
    putByte(text, 14, 0x70 | (counter >> 8))
    putByte(text, 16, counter & 0xff)
    putByte(text, 19, 0x80 | (random() & 0x3f))
    putByte(text, 21, random())
    for (let at = 24; at < 36; at += 2) putByte(text, at, random())
    return text.toString('latin1')
  }
}

const COUNTER_MAX = 0xfff
const COUNTER_START_MAX = 0x7ff
const POOL_BYTES = 4_096
const DIGITS = Buffer.from('0123456789abcdef', 'latin1')

/** One random byte at a time, each given out once. */
function openPool(randomBytes: (size: number) => Uint8Array): () => number {
  let pool = randomBytes(POOL_BYTES)
  let at = 0
  return () => {
    if (at === POOL_BYTES) {
      pool = randomBytes(POOL_BYTES)
      at = 0
    }
    return pool[at++] ?? 0
  }
}

const hexTime = (ms: number, from: number, to: number): string =>
  Math.floor(ms).toString(16).padStart(12, '0').slice(from, to)

function putByte(text: Buffer, at: number, byte: number): void {
  text[at] = DIGITS[byte >> 4] ?? 0
  text[at + 1] = DIGITS[byte & 0xf] ?? 0
}
