import type { AttemptIntent, AttemptRecord } from './attempt.ts'
import type { KeyRecord } from './key-record.ts'
import type { Usage, UsageSource } from './usage.ts'

/** The ports: everything outside, by argument. A test hands in another one; nothing else reaches for time, chance or network. */

export interface Clock {
  /** Milliseconds since 1970: for display, windows and expiry only. */
  now(): number
  /** Milliseconds, fractional, never going back: for every duration. */
  monotonic(): number
}

/** Finds who holds a secret, from memory: it answers at once and never waits for a database. */
export interface Keys {
  /** `hash` is the base64 SHA-256 of the whole secret as the client sent it. */
  find(hash: string): KeyRecord | undefined
}

/**
 * The record of what was used, never lost (design, section 6). Each call appends to the local journal; what is said to be
 * `written` reached the operating system, which outlives a killed process (with `durability: strict`, the disk).
 */
export interface Ledger {
  /** Before dispatch, once for each attempt. Answers at once; the attempt may be sent when `written` has resolved. */
  open(intent: AttemptIntent): OpenAttempt
}

/** An attempt from dispatch to its end: the caller holds it, so that nobody has to look it up. */
export interface OpenAttempt {
  /**
   * Rejects with `Fault('storage_exhausted')` when the disk takes no more: the attempt must not be sent then, and is not settled either.
   * It is never reported as an unhandled rejection.
   */
  readonly written: Promise<void>
  /** A running figure: what the attempt is booked with when this process dies. Call it at most every two seconds or two thousand tokens; not waited for. */
  progress(usage: Usage, source: UsageSource): void
  /** The end, exactly once. `written` runs once the record is in the page cache, before the client gets its last byte; it runs even when writing failed (running requests finish). */
  settle(record: AttemptRecord, written: () => void): void
}

/** Typed, secret-free lines for people who operate this. `fields` are plain values; bodies, keys and headers never go in. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
export interface LogFields {
  readonly [field: string]: string | number | boolean | null | undefined
}
