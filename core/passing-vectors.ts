import { joined } from './body.ts'
import type { FindBytes } from './bytes.ts'
import type { EmbedRequest } from './embed.ts'
import type { Fault } from './fault.ts'
import type { Reading, ReplyReader } from './reply-reader.ts'

export interface PassingVectorsOptions {
  /** As the client wants its vectors. */
  readonly encoding: EmbedRequest['encoding']
  /** Reads a reply whose bytes go out as they came. */
  readonly passing: () => ReplyReader
  /** Holds a reply and writes it anew. */
  readonly rewriting: () => ReplyReader
  readonly find: FindBytes
}

/**
 * Vectors in the client's own wire: the first one shows whether they come as they were asked for. Nearly always they do, and then they pass;
 * a reply of some megabytes that is parsed for nothing would hold up everybody else.
 */
export class PassingVectors implements ReplyReader {
  readonly #options: PassingVectorsOptions
  #held: Uint8Array[] = []
  #reader: ReplyReader | undefined

  constructor(options: PassingVectorsOptions) {
    this.#options = options
  }

  get opened(): boolean {
    return this.#reader?.opened === true
  }

  get openingFault(): Fault | undefined {
    return this.#reader?.openingFault
  }

  get brokenBy(): Fault | undefined {
    return this.#reader?.brokenBy
  }

  get done(): boolean {
    return this.#reader?.done === true
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#reader !== undefined) return this.#reader.push(chunk)
    this.#held.push(chunk)
    const bytes = joined(this.#held)
    const encoding = encodingIn(bytes, this.#options.find)
    if (encoding === undefined && bytes.length < SEEN_BYTES_MAX) return undefined
    return this.#decide(encoding).push(bytes)
  }

  end(): Uint8Array | undefined {
    if (this.#reader !== undefined) return this.#reader.end()
    // What is so short and shows no vector is held and read, whatever it is.
    const reader = this.#decide(undefined)
    reader.push(joined(this.#held))
    return reader.end()
  }

  ending(): 'complete' | 'broken' | 'told' {
    return this.#reader?.ending() ?? 'broken'
  }

  reading(): Reading {
    return this.#reader?.reading() ?? NOTHING_READ
  }

  #decide(encoding: EmbedRequest['encoding'] | undefined): ReplyReader {
    const { encoding: wanted, passing, rewriting } = this.#options
    return (this.#reader = encoding === wanted ? passing() : rewriting())
  }
}

/** How the first vector is written, or `undefined` when none can be seen. */
function encodingIn(bytes: Uint8Array, find: FindBytes): EmbedRequest['encoding'] | undefined {
  for (let at = find(bytes, KEY, 0); at >= 0; at = find(bytes, KEY, at + 1)) {
    const colon = behindBlanks(bytes, at + KEY.length)
    if (bytes[colon] !== COLON) continue
    const first = bytes[behindBlanks(bytes, colon + 1)]
    if (first === OPEN_LIST) return 'float'
    if (first === QUOTE) return 'base64'
  }
  return undefined
}

function behindBlanks(bytes: Uint8Array, start: number): number {
  let at = start
  while (BLANKS.has(bytes[at] ?? 0)) at++
  return at
}

const KEY = new TextEncoder().encode('"embedding"')
const COLON = 0x3a
const QUOTE = 0x22
const OPEN_LIST = 0x5b
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
/** A vector begins long before. */
const SEEN_BYTES_MAX = 16_384
const NOTHING_READ: Reading = { model: null, serviceTier: null, usage: null, source: null }
