import type { FindBytes } from './bytes.ts'
import type { Span } from './json-scan.ts'

/** A body as it came: a list of chunks that is handed on as it is. Joining costs more than anything else that is done to it. */
export interface Body {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
}

/** One surgical change: the bytes of `at` are replaced by `text`. An empty span inserts. */
export interface Edit {
  readonly at: Span
  readonly text: string
}

/** The body with the edits made and every other byte untouched. `edits` ascend and do not overlap. Shares memory with `body`. */
export function edited(body: Body, edits: readonly Edit[]): Body {
  if (edits.length === 0) return body
  const chunks: Uint8Array[] = []
  let from = 0
  for (const edit of edits) {
    copyRange(body, { start: from, end: edit.at.start }, chunks)
    chunks.push(encoder.encode(edit.text))
    from = edit.at.end
  }
  copyRange(body, { start: from, end: body.bytes }, chunks)
  return { chunks, bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

/** All chunks as one: for small bodies only. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0]
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Whether `word` stands anywhere in the body, also across the border of two chunks. */
export function includes({ chunks }: Body, word: Uint8Array, find: FindBytes): boolean {
  let tail: Uint8Array = NOTHING
  for (const chunk of chunks) {
    if (find(chunk, word, 0) >= 0) return true
    if (chunks.length === 1) return false
    const border = joined([tail, chunk.subarray(0, word.length - 1)])
    if (find(border, word, 0) >= 0) return true
    tail = chunk.length >= word.length ? chunk.subarray(1 - word.length) : border.subarray(1 - word.length)
  }
  return false
}

const NOTHING = new Uint8Array(0)
const encoder = new TextEncoder()

function copyRange(body: Body, span: Span, into: Uint8Array[]): void {
  let base = 0
  for (const chunk of body.chunks) {
    const start = Math.max(span.start - base, 0)
    const end = Math.min(span.end - base, chunk.length)
    if (start < end) into.push(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
    base += chunk.length
    if (base >= span.end) return
  }
}
