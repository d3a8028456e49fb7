export type Labels = { readonly [label: string]: string }

/** Where the series that are too many are counted together. */
export const OTHER = 'other'

/**
 * The series of one metric by their labels. All labels but `provider` have few values; so when there are `seriesMax` series, what is
 * new is counted under the provider `other`, and no configuration can make a metric that its scraper cannot take.
 */
export class SeriesSet<Series> {
  readonly #series = new Map<string, Series>()
  readonly #make: (labels: Labels) => Series
  readonly #seriesMax: number

  constructor(seriesMax: number, make: (labels: Labels) => Series) {
    this.#seriesMax = seriesMax
    this.#make = make
  }

  /** To be asked once for each combination and kept: it builds a key of all labels. */
  of(labels: Labels): Series {
    const key = JSON.stringify(labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const provider = labels['provider']
    if (this.#full() && provider !== undefined && provider !== OTHER) return this.of({ ...labels, provider: OTHER })
    const series = this.#make(labels)
    this.#series.set(key, series)
    return series
  }

  all(): readonly Series[] {
    return [...this.#series.values()]
  }

  /** A few are kept free for those of `other`. */
  #full(): boolean {
    return this.#series.size >= this.#seriesMax - OTHER_MAX
  }
}

/** No metric has more combinations of its other labels: three operations, streamed or not, seven statuses. */
const OTHER_MAX = 42
