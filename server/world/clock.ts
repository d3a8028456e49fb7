import type { Clock } from '../../core/world.ts'

/** The clocks of this machine. The first may be set by hand and jump either way, which is why no duration is read from it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
