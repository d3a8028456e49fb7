import { type FindBytes, startsWith } from '../../bytes.ts'
import { asObject, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Span } from '../../json-scan.ts'
import { eventsWith, readEvent } from '../../sse.ts'

/** An event in which the vendor says that something failed. */
export interface ErrorEvent extends Span {
  /** The `error` of its data, or all of its data where only its name says what it is. */
  readonly error: Json
  readonly chunk: JsonObject | undefined
}

/**
 * The first event of a run that is an error: by its name, or by a top-level `error` anywhere among its keys (OpenRouter
 * puts it behind those of a usual chunk). The run is searched once; only an event that looks like one is decoded.
 */
export function errorEvent(run: Uint8Array, find: FindBytes): ErrorEvent | undefined {
  if (errorSign(run, 0, find) < 0) return undefined
  for (const { start, end } of eventsWith(run, (from) => errorSign(run, from, find))) {
    const { name, data } = readEvent(run, start, end)
    if (data === undefined) continue
    const chunk = asObject(parseJson(data))
    const error = chunk?.['error'] ?? null
    if (error !== null || name === 'error') return { start, end, chunk, error: error ?? chunk ?? null }
  }
  return undefined
}

/**
 * Whether a choice has finished in this run. Of several choices any one counts: how many there are the stream does not
 * say, and only vendors without `[DONE]` are judged by it.
 */
export function hasFinish(run: Uint8Array, find: FindBytes): boolean {
  let at = find(run, FINISH_REASON, 0)
  while (at >= 0) {
    at += FINISH_REASON.length
    if (run[valueAt(run, at)] === QUOTE) return true
    at = find(run, FINISH_REASON, at)
  }
  return false
}

const encoder = new TextEncoder()
/** The end of `error`, because a native search hops from one first letter to the next: `e` and the quote stand everywhere, `r` is rare. */
const RROR = encoder.encode('rror')
const ERROR_KEY = encoder.encode('"error"')
const ERROR_BYTES = 5
const ERROR_NAMES = ['event:error', 'event: error'].map((line) => encoder.encode(line))
const FINISH_REASON = encoder.encode('"finish_reason"')
const QUOTE = 0x22
const COLON = 0x3a
const SPACE = 0x20
const TAB = 0x09
const LETTER_N = 0x6e

/** Where the next sign of an error stands, or -1. */
function errorSign(run: Uint8Array, from: number, find: FindBytes): number {
  let at = find(run, RROR, from)
  while (at >= 0 && !isErrorSign(run, at - 1)) at = find(run, RROR, at + RROR.length)
  return at
}

/** Whether the word at `at` is an event's name, or a key with more than `null`. In a model's text the quotes are escaped. */
function isErrorSign(run: Uint8Array, at: number): boolean {
  if (run[at - 1] !== QUOTE) return ERROR_NAMES.some((name) => startsWith(run, at + ERROR_BYTES - name.length, name))
  if (!startsWith(run, at - 1, ERROR_KEY)) return false
  const value = valueAt(run, at - 1 + ERROR_KEY.length)
  // Some vendors put an empty one into every chunk.
  return value >= 0 && run[value] !== LETTER_N
}

/** Where the value of a key begins whose closing quote stands before `at`, or -1 when it is no key. */
function valueAt(run: Uint8Array, at: number): number {
  const colon = behindSpaces(run, at)
  return run[colon] === COLON ? behindSpaces(run, colon + 1) : -1
}

function behindSpaces(run: Uint8Array, from: number): number {
  let at = from
  while (run[at] === SPACE || run[at] === TAB) at++
  return at
}
