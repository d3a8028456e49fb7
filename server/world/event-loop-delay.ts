import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../../core/world.ts'
import type { Gauge, GaugeValue } from './metrics-gauge.ts'

/**
 * How late the event loop was of late: what a request that comes in waits before anything happens. Each reading covers ten seconds or
 * more, however often and by however many it is asked for. A delay that begins within 20 ms after a reading is not seen.
 */
export function openEventLoopDelay(clock: Clock): { readonly gauge: Gauge; readonly close: () => void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let since = clock.monotonic()
  let values: readonly GaugeValue[] = []

  const read = (): readonly GaugeValue[] => {
    const now = clock.monotonic()
    if (histogram.count === 0 || (values.length > 0 && now - since < WINDOW_MS)) return values
    values = quantilesOf(histogram)
    histogram.reset()
    since = now
    return values
  }
  const help = 'Delay of the event loop over the last ten seconds or more, by quantile; 1 is the longest.'
  return { gauge: { name: 'event_loop_delay_seconds', help, read }, close: () => histogram.disable() }
}

const RESOLUTION_MS = 20
const WINDOW_MS = 10_000
const NANOS = 1_000_000_000

const quantilesOf = (histogram: ELDHistogram): readonly GaugeValue[] => [
  { labels: { quantile: '0.5' }, value: delaySeconds(histogram.percentile(50)) },
  { labels: { quantile: '0.99' }, value: delaySeconds(histogram.percentile(99)) },
  { labels: { quantile: '1' }, value: delaySeconds(histogram.max) },
]

/** What Node measures is the time between two ticks of its timer: the part above the timer's own interval is the delay. */
const delaySeconds = (nanos: number): number => Math.max(0, nanos / NANOS - RESOLUTION_MS / 1_000)
