import { joined } from './body.ts'
import { startsWith } from './bytes.ts'

/** Where something stands in the whole text, in bytes: from its first byte to behind its last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A wanted value: where it stands, and its JSON text, `undefined` when that is longer than anything the gateway reads (16 KiB). */
export interface Found extends Span {
  readonly text: string | undefined
}

/** What a scan looks for at the top of an object. */
export interface ScanKeys {
  /** In small letters. Each decides something, so one that stands twice, or in other letters too, is refused. */
  readonly wanted: readonly string[]
  readonly noted: NotedKeys
}

/** Keys that are only taken note of, each time that they stand there, in whatever letters; nothing is refused for them. By their small letters. */
export type NotedKeys = ReadonlyMap<string, NotedKey>

export interface NotedKey {
  /** What it is noted as: spellings of one field share a name. */
  readonly name: string
  /** How it is spelt, letter by letter. */
  readonly spelt: string
  /** What to note of the object that is its value. Absent: the value itself. */
  readonly inside?: NotedKeys
}

/** One value of a noted key. */
export interface Note {
  readonly name: string
  /** Whether the key is spelt as it should be, and not only in some vendors' eyes (Go's `encoding/json`). */
  readonly exact: boolean
  /** Its JSON text; `''` where the inside was noted instead, `undefined` where it is too long (16 KiB) or one of too many. */
  readonly text: string | undefined
  /** Empty too where the value is no object. */
  readonly inside: readonly Note[]
}

/** Why a text cannot be taken: `malformed` and `not_object` in general, the others with the limit or key they name. */
export type ScanProblem =
  | { readonly kind: 'malformed' }
  | { readonly kind: 'not_object' }
  | { readonly kind: 'duplicate'; readonly key: string }
  | { readonly kind: 'lookalike'; readonly key: string }
  | { readonly kind: 'too_deep' }
  | { readonly kind: 'too_many_keys' }

export interface ScanLimits {
  readonly depthMax: number
  readonly keysMax: number
  /**
   * Whether a top-level key that differs from a wanted one only in its letters' case is let pass. Absent: it is refused, alone too,
   * because there are vendors' parsers (Go's `encoding/json`) to which it is the same key, and the last one wins.
   */
  readonly lookalikes?: 'ignored'
}

/**
 * Finds the values of a few top-level keys in a JSON object that comes in chunks, to the last byte and without parsing
 * it: a second `model` behind the first would win at the vendor, so a scan that stops early would be fooled. Strings are
 * skipped from quote to quote, which is what makes it cheap (20 MB of picture: under half a millisecond). Structure is
 * followed, grammar is not: a text that passes may still be malformed inside a value, and that is the vendor's 400.
 */
export class JsonScan {
  readonly #wanted: readonly string[]
  readonly #notedKeys: NotedKeys | undefined
  readonly #limits: ScanLimits
  readonly #found = new Map<string, Found>()
  readonly #notes: Note[] = []
  #state: State = State.Before
  #depth = 0
  #keys = 0
  /** Bytes of the chunks before the present one. */
  #base = 0
  /** Whether the last byte of the chunk before was a backslash that escapes the next one. */
  #escaped = false
  #keyBytes: number[] = []
  #keyTooLong = false
  #valueKey: string | undefined
  /** The noted key whose value is open, and whether it is spelt exactly so. */
  #noting: { readonly key: NotedKey; readonly exact: boolean } | undefined
  /** Reads that value where its inside is noted: it is handed on instead of being kept, so that it may have any length. */
  #inside: JsonScan | undefined
  #valueStart = -1
  #valueEnd = -1
  #objectEnd = -1
  #problem: ScanProblem | undefined
  /** Where the open string began if it holds a picture or file, else -1. */
  #dataUrlStart = -1
  #dataUrlBytes = 0
  #chunk: Uint8Array = NOTHING
  /** What earlier chunks held of the wanted or noted value that is open. */
  #open: Uint8Array[] = []
  #openBytes = 0

  /** A list: wanted keys, in small letters. */
  constructor(keys: readonly string[] | ScanKeys, limits: ScanLimits) {
    this.#wanted = 'wanted' in keys ? keys.wanted : keys
    this.#notedKeys = 'wanted' in keys ? keys.noted : undefined
    this.#limits = limits
  }

  /** Takes the next chunk. Returns the problem as soon as there is one; what comes behind it is not looked at. */
  push(chunk: Uint8Array): ScanProblem | undefined {
    if (this.#problem === undefined) {
      this.#chunk = chunk
      this.#scan(chunk)
      this.#keepOpenValue()
      this.#chunk = NOTHING
    }
    this.#base += chunk.length
    return this.#problem
  }

  /** What was found, once the last chunk was pushed. */
  finish(): ScanResult | ScanProblem {
    if (this.#problem !== undefined) return this.#problem
    if (this.#state === State.Before) return { kind: 'not_object' }
    if (this.#state !== State.After) return { kind: 'malformed' }
    return {
      kind: 'object',
      values: this.#found,
      noted: this.#notes,
      objectEnd: this.#objectEnd,
      dataUrlBytes: this.#dataUrlBytes,
    }
  }

  #scan(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === State.Text || this.#state === State.Key) {
        at = this.#skipString(chunk, at)
        continue
      }
      this.#structure(chunk[at] ?? 0, at)
      if (this.#problem !== undefined) return
      at++
    }
  }

  /** One byte outside a string. */
  #structure(byte: number, at: number): void {
    if (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) return
    switch (this.#state) {
      case State.Value:
        this.#value(byte, at)
        return
      case State.KeyStart:
        if (byte === QUOTE) this.#openKey()
        else if (byte === CLOSE_OBJECT && this.#keys === 0) this.#closeObject(at)
        else this.#problem = MALFORMED
        return
      case State.Colon:
        if (byte !== COLON) this.#problem = MALFORMED
        else this.#openValue()
        return
      case State.Before:
        if (byte !== OPEN_OBJECT) this.#problem = { kind: 'not_object' }
        this.#state = State.KeyStart
        this.#depth = 1
        return
      case State.After:
        this.#problem = MALFORMED
        return
      case State.Key:
      case State.Text:
        return
    }
  }

  /** One byte of a value, at any depth, outside a string. */
  #value(byte: number, at: number): void {
    if (this.#depth === 1 && (byte === COMMA || byte === CLOSE_OBJECT)) {
      if (!this.#closeValue()) return
      if (byte === COMMA) this.#state = State.KeyStart
      else this.#closeObject(at)
      return
    }
    if (this.#valueStart < 0) this.#valueStart = this.#base + at
    this.#valueEnd = this.#base + at + 1
    switch (byte) {
      case QUOTE:
        this.#state = State.Text
        this.#dataUrlStart = holdsBytes(this.#chunk, at + 1) ? this.#base + at : -1
        return
      case OPEN_OBJECT:
      case OPEN_LIST:
        this.#depth++
        if (this.#depth > this.#limits.depthMax) this.#problem = { kind: 'too_deep' }
        return
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        this.#depth--
        if (this.#depth < 1) this.#problem = MALFORMED
        return
      case COLON:
        this.#countKey()
        return
      default:
        return
    }
  }

  /** From inside a string to behind its closing quote, or to the end of the chunk. */
  #skipString(chunk: Uint8Array, from: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at++
    }
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at)
      const end = quote < 0 ? chunk.length : quote
      const odd = oddBackslashes(chunk, at, end)
      if (quote < 0) {
        this.#keepKey(chunk, from, chunk.length)
        this.#escaped = odd
        return chunk.length
      }
      if (!odd) {
        this.#keepKey(chunk, from, quote)
        this.#closeString(quote)
        return quote + 1
      }
      at = quote + 1
      if (at >= chunk.length) {
        this.#keepKey(chunk, from, chunk.length)
        return chunk.length
      }
    }
  }

  #closeString(quote: number): void {
    if (this.#state === State.Key) {
      this.#closeKey()
      return
    }
    this.#valueEnd = this.#base + quote + 1
    this.#state = State.Value
    if (this.#dataUrlStart >= 0) this.#dataUrlBytes += this.#valueEnd - this.#dataUrlStart
  }

  #openKey(): void {
    this.#state = State.Key
    this.#keyBytes = []
    this.#keyTooLong = false
    this.#countKey()
  }

  #keepKey(chunk: Uint8Array, from: number, to: number): void {
    if (this.#state !== State.Key || this.#keyTooLong) return
    if (this.#keyBytes.length + (to - from) > KEY_BYTES_MAX) {
      this.#keyTooLong = true
      return
    }
    for (let at = from; at < to; at++) this.#keyBytes.push(chunk[at] ?? 0)
  }

  #closeKey(): void {
    this.#state = State.Colon
    this.#valueKey = undefined
    this.#noting = undefined
    const key = this.#keyTooLong ? undefined : keyText(this.#keyBytes)
    if (key === undefined) return
    if (this.#wanted.includes(key)) {
      this.#valueKey = key
      if (this.#found.has(key)) this.#problem = { kind: 'duplicate', key }
      return
    }
    const mindful = this.#limits.lookalikes !== 'ignored'
    if (!mindful && this.#notedKeys === undefined) return
    const alike = folded(key)
    if (mindful && this.#wanted.includes(alike)) this.#problem = { kind: 'lookalike', key: alike }
    const noted = this.#notedKeys?.get(alike)
    if (noted !== undefined) this.#noting = { key: noted, exact: noted.spelt === key }
  }

  #openValue(): void {
    this.#state = State.Value
    this.#valueStart = -1
    this.#open = []
    this.#openBytes = 0
    const inside = this.#noting?.key.inside
    this.#inside = inside === undefined ? undefined : new JsonScan({ wanted: [], noted: inside }, this.#limits)
  }

  /** The chunk ends inside a wanted or noted value: its part is copied, because the chunk itself is not kept. */
  #keepOpenValue(): void {
    const open = this.#state === State.Value || this.#state === State.Text
    const kept = this.#valueKey !== undefined || this.#noting !== undefined
    if (!open || !kept || this.#valueStart < 0) return
    this.#keepPart(Math.max(this.#valueStart - this.#base, 0), this.#chunk.length)
  }

  #keepPart(from: number, to: number): void {
    if (this.#inside !== undefined) {
      this.#inside.push(this.#chunk.subarray(from, to))
      return
    }
    if (this.#openBytes <= VALUE_BYTES_MAX) this.#open.push(this.#chunk.slice(from, to))
    this.#openBytes += to - from
  }

  #valueText(): string | undefined {
    const end = this.#valueEnd - this.#base
    if (end > 0) this.#keepPart(Math.max(this.#valueStart - this.#base, 0), end)
    if (this.#openBytes > VALUE_BYTES_MAX) return undefined
    return this.#open.length === 1 ? decoder.decode(this.#open[0]) : decoder.decode(joined(this.#open))
  }

  #closeValue(): boolean {
    if (this.#valueStart < 0) {
      this.#problem = MALFORMED
      return false
    }
    const span = { start: this.#valueStart, end: this.#valueEnd }
    if (this.#valueKey !== undefined) this.#found.set(this.#valueKey, { ...span, text: this.#valueText() })
    if (this.#noting !== undefined) this.#note(this.#noting.key.name, this.#noting.exact)
    return true
  }

  /** However often a key stands there, what is kept stays small: of too many, each name is noted once more, as not read. */
  #note(name: string, exact: boolean): void {
    const text = this.#valueText()
    if (this.#notes.length < NOTES_MAX) {
      const result = this.#inside?.finish()
      this.#notes.push({ name, exact, text, inside: result?.kind === 'object' ? result.noted : [] })
      return
    }
    if (this.#notes.some((note) => note.name === name && note.text === undefined)) return
    this.#notes.push({ name, exact, text: undefined, inside: [] })
  }

  #closeObject(at: number): void {
    this.#objectEnd = this.#base + at
    this.#depth = 0
    this.#state = State.After
  }

  #countKey(): void {
    this.#keys++
    if (this.#keys > this.#limits.keysMax) this.#problem = { kind: 'too_many_keys' }
  }
}

export interface ScanResult {
  readonly kind: 'object'
  /** By key, for those wanted keys that were there. */
  readonly values: ReadonlyMap<string, Found>
  /** What was taken note of, in the order of the text. */
  readonly noted: readonly Note[]
  /** Where the closing brace of the object stands. */
  readonly objectEnd: number
  /** Bytes of strings that are `data:` URLs or plain base64, at any depth: pictures and files, which are no text to be counted in tokens. */
  readonly dataUrlBytes: number
}

/** Where the scan stands between two bytes. */
const State = { Before: 0, KeyStart: 1, Key: 2, Colon: 3, Value: 4, Text: 5, After: 6 } as const
type State = (typeof State)[keyof typeof State]

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const COLON = 0x3a
const COMMA = 0x2c
const SPACE = 0x20
const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
/** From here on a byte belongs to a letter of several. */
const FIRST_WIDE = 0x80
const NOTHING = new Uint8Array(0)
const DATA_URL = new TextEncoder().encode('data:')
const VALUE_BYTES_MAX = 16_384
const NOTES_MAX = 32
/** A byte order mark is part of a key like any other letter. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const MALFORMED: ScanProblem = { kind: 'malformed' }
/** The longest wanted key with every letter written as \uXXXX is far below this. */
const KEY_BYTES_MAX = 256

/** Whether the string that begins at `at` holds a picture or file: a `data:` URL, or base64 as far as can be seen. No text goes on so long without a space. */
function holdsBytes(chunk: Uint8Array, at: number): boolean {
  if (startsWith(chunk, at, DATA_URL)) return true
  if (at + BASE64_SEEN > chunk.length) return false
  for (let index = at; index < at + BASE64_SEEN; index++) if (!isBase64(chunk[index] ?? 0)) return false
  return true
}

/** A letter, a digit, `+` or `/`. */
const isBase64 = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x2f && byte <= 0x39) || byte === 0x2b

const BASE64_SEEN = 64

/** Whether an odd number of backslashes stands directly before `end`, not looking before `from`. */
function oddBackslashes(chunk: Uint8Array, from: number, end: number): boolean {
  let at = end - 1
  while (at >= from && chunk[at] === BACKSLASH) at--
  return (end - 1 - at) % 2 === 1
}

/** A key as the vendor's parser will read it, escapes resolved. */
function keyText(bytes: readonly number[]): string | undefined {
  const ascii = bytes.every((byte) => byte < FIRST_WIDE)
  const text = ascii ? String.fromCharCode(...bytes) : decoder.decode(Uint8Array.from(bytes))
  if (!bytes.includes(BACKSLASH)) return text
  try {
    return String(JSON.parse(`"${text}"`))
  } catch {
    return undefined
  }
}

/** By way of the capitals, because some letters have a small one of ASCII only there: ſ becomes S, K is one already. */
const folded = (key: string): string => key.toUpperCase().toLowerCase()
