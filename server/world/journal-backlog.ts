import type { Journal } from './journal.ts'
import type { Shipper } from './shipper.ts'

interface BacklogOptions {
  readonly journal: Journal
  readonly shipper: Shipper
  /** The most that may wait for the database. */
  readonly bytesMax: number
}

/** Whether the journal has reached its limit: measured now and then and counted up in between, because it is asked for each request. */
export class Backlog {
  #roomBytes = 0
  #writtenBytes = 0
  readonly #options: BacklogOptions
  readonly #timer: NodeJS.Timeout

  constructor(options: BacklogOptions) {
    this.#options = options
    this.#measure()
    this.#timer = setInterval(() => this.#measure(), MEASURE_EVERY_MS)
    this.#timer.unref()
  }

  get full(): boolean {
    return this.#options.journal.bytesWritten - this.#writtenBytes > this.#roomBytes
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #measure(): void {
    const { journal, shipper, bytesMax } = this.#options
    this.#writtenBytes = journal.bytesWritten
    this.#roomBytes = bytesMax - shipper.behindBytes
  }
}

const MEASURE_EVERY_MS = 250
