import type { Metric, MetricValues, Sample } from '@prometheus-io/client/lib/registry.js'
import { type Labels, SeriesSet } from './metrics-series.ts'

export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds of the buckets in seconds, growing; the last bucket, without a bound, is added. */
  readonly bounds: readonly number[]
}

/** How often durations fell into each bucket. */
export class Histogram {
  readonly labels: Labels
  readonly #bounds: readonly number[]
  /** One more than there are bounds; each counts its own bucket alone, and they are summed up when they are read. */
  readonly #counts: number[]
  #sum = 0

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels
    this.#bounds = bounds
    this.#counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0)
  }

  observe(seconds: number): void {
    const bounds = this.#bounds
    let at = 0
    // A bound that does not exist compares as false: the walk ends behind the last one.
    while (seconds > (bounds[at] ?? Number.POSITIVE_INFINITY)) at++
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += seconds
  }

  samples(name: string): readonly Sample[] {
    const sharedLabels = this.labels
    let count = 0
    const buckets = this.#counts.map((own, at): Sample => {
      count += own
      return { metricName: `${name}_bucket`, labels: { le: this.#bounds[at] ?? '+Inf' }, sharedLabels, value: count }
    })
    // Nothing has come yet: a series of zeros would only be read and stored.
    if (count === 0) return []
    return [
      ...buckets,
      { metricName: `${name}_sum`, sharedLabels, value: this.#sum },
      { metricName: `${name}_count`, sharedLabels, value: count },
    ]
  }
}

/** The histograms of one metric. */
export class Histograms implements Metric {
  readonly name: string
  readonly #help: string
  readonly #series: SeriesSet<Histogram>

  constructor({ name, help, bounds }: HistogramOptions) {
    this.name = name
    this.#help = help
    this.#series = new SeriesSet(SERIES_MAX, (labels) => new Histogram(labels, bounds))
  }

  /** To be asked once for each combination of labels and kept. */
  of(labels: Labels): Histogram {
    return this.#series.of(labels)
  }

  get(): MetricValues {
    const values = this.#series.all().flatMap((histogram) => histogram.samples(this.name))
    return { name: this.name, help: this.#help, type: 'histogram', values }
  }
}

/** Fewer than of counters, because each is a line for every bucket. */
const SERIES_MAX = 120
