import type { Metric, MetricValues } from '@prometheus-io/client/lib/registry.js'
import { type Labels, SeriesSet } from './metrics-series.ts'

export interface CounterOptions {
  readonly name: string
  readonly help: string
  /** What is added for one unit of the metric: 1,000,000,000 where nano-dollars are added and dollars shown. Sums stay whole numbers. */
  readonly perUnit?: number
}

/** One number that only grows. Adding to it is all that the hot path does. */
export class Counter {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  add(amount: number): void {
    this.value += amount
  }
}

/** The counters of one metric. */
export class Counters implements Metric {
  readonly name: string
  readonly #help: string
  readonly #perUnit: number
  readonly #series = new SeriesSet(SERIES_MAX, (labels) => new Counter(labels))

  constructor({ name, help, perUnit = 1 }: CounterOptions) {
    this.name = name
    this.#help = help
    this.#perUnit = perUnit
  }

  /** To be asked once for each combination of labels and kept. */
  of(labels: Labels): Counter {
    return this.#series.of(labels)
  }

  get(): MetricValues {
    const values = this.#series.all().map(({ labels, value }) => ({ labels, value: value / this.#perUnit }))
    return { name: this.name, help: this.#help, type: 'counter', values }
  }
}

const SERIES_MAX = 500
