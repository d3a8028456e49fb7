import type { Metric, MetricValues, Sample } from '@prometheus-io/client/lib/registry.js'
import { type Labels, OTHER } from './metrics-series.ts'

/** A figure that goes up and down, read when somebody scrapes: from memory and at once. */
export interface Gauge {
  /** With its unit at the end and without the prefix of this program: `ledger_lag_seconds`. */
  readonly name: string
  readonly help: string
  /** One figure, or one for each combination of labels. Labels are few and never say anything secret. */
  readonly read: () => number | readonly GaugeValue[]
}

export interface GaugeValue {
  readonly labels: Labels
  readonly value: number
}

/**
 * The gauge as it is exposed. One that cannot be read has no value, which is what alerts look for (`absent`), and does not take the
 * others down with it.
 */
export const gaugeMetric = (name: string, { help, read }: Gauge): Metric => ({
  name,
  get: (): MetricValues => ({ name, help, type: 'gauge', values: bounded(samplesOf(read)) }),
})

const SERIES_MAX = 500

function samplesOf(read: Gauge['read']): readonly GaugeValue[] {
  try {
    const figures = read()
    const values = typeof figures === 'number' ? [{ labels: {}, value: figures }] : figures
    return values.filter(({ value }) => Number.isFinite(value))
  } catch {
    return []
  }
}

/** What is too much is summed up in one. */
function bounded(values: readonly GaugeValue[]): readonly Sample[] {
  const [first] = values
  if (first === undefined || values.length <= SERIES_MAX) return values
  const rest = values.slice(SERIES_MAX - 1).reduce((sum, { value }) => sum + value, 0)
  const labels = Object.fromEntries(Object.keys(first.labels).map((label) => [label, OTHER]))
  return [...values.slice(0, SERIES_MAX - 1), { labels, value: rest }]
}
