import type { AttemptIntent, AttemptProgress, AttemptRecord } from '../../core/attempt.ts'
import { Fault } from '../../core/fault.ts'
import type { Usage, UsageSource } from '../../core/usage.ts'
import type { OpenAttempt } from '../../core/world.ts'

/** Where an open attempt writes its figures and its end. */
export interface AttemptSink {
  progress(attempt: JournalAttempt, usage: Usage, source: UsageSource): void
  settle(attempt: JournalAttempt, record: AttemptRecord, written: () => void): void
}

/** One open attempt: the caller's handle, and a link in the chain of all open ones (no Set: see the hot path's rule 3). */
export class JournalAttempt implements OpenAttempt {
  readonly intent: AttemptIntent
  readonly written: Promise<void>
  last: Omit<AttemptProgress, 'id'> | null = null
  next: JournalAttempt | undefined
  back: OpenChain | JournalAttempt | undefined
  readonly #sink: AttemptSink

  constructor(sink: AttemptSink, intent: AttemptIntent, written: Promise<void>) {
    this.#sink = sink
    this.intent = intent
    this.written = written
  }

  progress(usage: Usage, source: UsageSource): void {
    this.#sink.progress(this, usage, source)
  }

  settle(record: AttemptRecord, written: () => void): void {
    this.#sink.settle(this, record, written)
  }
}

/** The attempts whose intent is in the journal and whose end is not, newest first. */
export class OpenChain {
  next: JournalAttempt | undefined

  add(attempt: JournalAttempt): void {
    attempt.next = this.next
    attempt.back = this
    if (this.next !== undefined) this.next.back = attempt
    this.next = attempt
  }

  /** Does nothing for an attempt that is not in it. */
  remove(attempt: JournalAttempt): void {
    if (attempt.back === undefined) return
    attempt.back.next = attempt.next
    if (attempt.next !== undefined) attempt.next.back = attempt.back
    attempt.next = undefined
    attempt.back = undefined
  }

  list(): readonly JournalAttempt[] {
    const all: JournalAttempt[] = []
    for (let attempt = this.next; attempt !== undefined; attempt = attempt.next) all.push(attempt)
    return all
  }
}

/** The handle of an attempt that must not be sent. */
export function refusedAttempt(sink: AttemptSink, intent: AttemptIntent, cause: Error): OpenAttempt {
  const refused = Promise.reject(exhaustedFault(cause))
  refused.catch(() => {})
  return new JournalAttempt(sink, intent, refused)
}

export const exhaustedFault = (cause: unknown): Fault =>
  new Fault('storage_exhausted', 'The gateway cannot record usage at the moment', { cause, retryAfterSeconds: 1 })
