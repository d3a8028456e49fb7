import type { Fault } from '../../core/fault.ts'
import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { JournalAttempt } from './journal-open.ts'

/** What one turn of the loop appended to the journal, and who waits for it. */
export class JournalGroup {
  readonly opened: JournalAttempt[] = []
  readonly ended: JournalAttempt[] = []
  readonly callbacks: ((failure: Error | undefined) => void)[] = []
  /** Why its intents must not be sent. */
  refused: Fault | undefined
  /** Why its ends are nowhere. */
  failure: Error | undefined
  /** How many frames the journal had when this group was in it. */
  framesEnd = 0
  #written: PromiseWithResolvers<void> | undefined

  /** One promise for all intents of the turn. */
  written(): Promise<void> {
    if (this.#written === undefined) {
      this.#written = Promise.withResolvers()
      this.#written.promise.catch(() => {})
    }
    return this.#written.promise
  }

  tell(log: Log): void {
    if (this.refused === undefined) this.#written?.resolve()
    else this.#written?.reject(this.refused)
    for (const callback of this.callbacks) {
      try {
        callback(this.failure)
      } catch (error) {
        log.error({ reason: codeOf(error) }, 'what waited for a usage record failed')
      }
    }
  }
}
