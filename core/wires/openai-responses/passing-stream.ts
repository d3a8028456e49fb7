import { startsWith } from '../../bytes.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import { PassingStream, type PassingStreamOptions } from '../../passing-stream.ts'
import type { Reading } from '../../reply-reader.ts'
import { nameAt, readEvent } from '../../sse.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { Usage } from '../../usage.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readServiceTier } from '../openai-chat/usage.ts'
import { errorOf } from './reply-read.ts'
import { STAGES } from './stages.ts'
import { readResponseUsage } from './usage.ts'

type Options = Omit<PassingStreamOptions, 'hideUsage' | 'find'>

/**
 * Reads a stream of this wire in passing. Nearly all of its events are pieces of content, known by their name and counted by their size; only
 * those that frame the response, and errors, are decoded.
 */
export class ResponsesStream extends PassingStream {
  readonly #options: Options
  #model: string | null = null
  #replyId: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #finished = false

  constructor(options: Options) {
    super(options)
    this.#options = options
  }

  reading(): Reading {
    const source = this.#usage === undefined ? 'counted' : 'vendor'
    const usage = this.#usage ?? this.counted()
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source, replyId: this.#replyId }
  }

  /** The terminal event is the end; a vendor that forgets its `[DONE]` has still ended. */
  protected isComplete(): boolean {
    return this.#finished
  }

  /** By its name, or by its type where that stands first. */
  protected readonly event = (start: number, end: number): void => {
    if (this.failed || this.done) return
    const { run } = this
    const at = nameStart(run, start)
    if (at < 0) return this.#unnamed(start, end)
    if (!startsWith(run, at, RESPONSE)) return run[at] === LETTER_E ? this.#frame(start, end) : undefined
    const word = at + RESPONSE.length
    if (FRAME_LETTERS.has(run[word] ?? 0) && FRAME_WORDS.some((frame) => isWord(run, word, frame))) {
      return this.#frame(start, end)
    }
    this.#content(word, start, end)
  }

  /** `at`: in the name, which tells a piece of text from all else. */
  #content(at: number, start: number, end: number): void {
    this.opened = true
    if (startsWith(this.run, nameEnd(this.run, at) - DELTA.length, DELTA)) this.count(end - start)
  }

  /** `[DONE]`, an event whose type stands somewhere else, a bare error, or something that is no event of this wire. */
  #unnamed(start: number, end: number): void {
    const { data } = readEvent(this.run, start, end)
    if (data === undefined || data.trim() === '') return
    if (data === '[DONE]') {
      this.done = this.#finished
      return
    }
    const json = asObject(parseJson(data))
    if (json === undefined) {
      if (!this.opened) this.fail(notThisWire('no_event'), { start, end })
      return
    }
    const type = asText(json['type']) ?? ''
    if (type.startsWith('response.') && !STAGES.has(type)) {
      this.opened = true
      if (type.endsWith('.delta')) this.count(end - start)
    } else this.#judge(json, start, end)
  }

  #frame(start: number, end: number): void {
    const { name, data } = readEvent(this.run, start, end)
    const json = asObject(parseJson(data ?? ''))
    if (json !== undefined) this.#judge(name === undefined ? json : { type: name, ...json }, start, end)
  }

  #judge(json: JsonObject, start: number, end: number): void {
    const told = { reason: 'error_in_stream', spendLimitCodes: this.#options.spendLimitCodes }
    const stage = STAGES.get(asText(json['type']) ?? '')
    if (stage === undefined) {
      const error = json['error'] ?? null
      if (json['type'] === 'error' || error !== null) this.fail(readTold(error ?? json, told), { start, end })
      return
    }
    const response = asObject(json['response']) ?? {}
    this.#model = asText(response['model']) || this.#model
    this.#replyId = asText(response['id']) || this.#replyId
    if (stage === 'begins') return
    this.#usage = readResponseUsage(response, this.#options.flavour)
    this.#serviceTier = readServiceTier(response)
    const failure = errorOf(response)
    if (failure !== undefined) return this.fail(readTold(failure, told), { start, end })
    this.opened = true
    this.#finished = true
    this.done = !this.#options.endsWithDone
  }
}

const encoder = new TextEncoder()
const TYPE_FIRST = ['data: {"type":"', 'data:{"type":"', 'data: {"type": "'].map((text) => encoder.encode(text))
const RESPONSE = encoder.encode('response.')
const FRAME_WORDS = [...STAGES.keys()].map((type) => encoder.encode(type.slice(RESPONSE.length)))
const FRAME_LETTERS: ReadonlySet<number> = new Set(FRAME_WORDS.map((word) => word[0] ?? 0))
const DELTA = encoder.encode('.delta')
const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d
const LETTER_E = 0x65

/** Where the name of an event begins, or -1. */
function nameStart(run: Uint8Array, start: number): number {
  const at = nameAt(run, start)
  if (at >= 0) return at
  const head = TYPE_FIRST.find((bytes) => startsWith(run, start, bytes))
  return head === undefined ? -1 : start + head.length
}

function nameEnd(run: Uint8Array, start: number): number {
  let at = start
  while (at < run.length && !isNameEnd(run[at])) at++
  return at
}

const isNameEnd = (byte: number | undefined): boolean =>
  byte === NEWLINE || byte === RETURN || byte === QUOTE || byte === undefined

/** Whether the whole of a name is `word`. */
const isWord = (run: Uint8Array, at: number, word: Uint8Array): boolean =>
  startsWith(run, at, word) && isNameEnd(run[at + word.length])
