import { setTimeout as wait } from 'node:timers/promises'
import type { AttemptRecord } from '../../core/attempt.ts'
import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { Journal } from './journal.ts'
import { recover } from './journal-recovery.ts'
import type { Shipper } from './shipper.ts'

interface TakeoverOptions {
  readonly root: string
  /** Our own writer. */
  readonly own: string
  readonly journal: Journal
  readonly shipper: Shipper
  readonly price: (record: AttemptRecord) => number | null
  readonly everyMs: number
  readonly log: Log
}

/** Looks for journals of dead processes at once and then now and then: others may die while we live. */
export class Takeover {
  /** Resolves after the first look. */
  readonly first: Promise<void>
  readonly #options: TakeoverOptions
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #lookedOnce = false
  #looking: Promise<void>

  constructor(options: TakeoverOptions) {
    this.#options = options
    this.first = this.#look()
    this.#looking = this.first
  }

  /** Whether the first look is still under way. */
  get recovering(): boolean {
    return !this.#lookedOnce
  }

  /** Lets a look that is under way end, within the limit. */
  async stop(limitMs: number): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.race([this.#looking, wait(limitMs, undefined, { ref: false })])
  }

  async #look(): Promise<void> {
    const { root, own, journal, shipper, price, everyMs, log } = this.#options
    try {
      const sources = await recover({ root, journal, known: new Set([own, ...shipper.writers]), price, log })
      for (const source of sources) await shipper.follow(source)
    } catch (error) {
      log.error({ reason: codeOf(error) }, 'journals of other processes could not be looked for')
    }
    this.#lookedOnce = true
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
    }, everyMs)
    this.#timer.unref()
  }
}
