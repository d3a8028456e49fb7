import { createHash } from 'node:crypto'
import type { Asked, Plan, Usage } from './wire-vendor-asked.ts'
import type { Refusal } from './wire-vendor-check.ts'

/** One exchange as the vendor lived it. It changes until `state` is no longer `running`. */
export interface WireSeen {
  readonly number: number
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
  readonly credential: string
  /** Absent when the request was refused before it was understood. */
  readonly asked?: Asked
  readonly plan?: Plan
  readonly usage?: Usage
  readonly status: number
  /** What the vendor complained about, in its own words. */
  readonly complaint?: string
  /** `left`: the client closed the connection before the answer was whole. */
  readonly state: 'running' | 'done' | 'left' | 'broken'
}

/** Opaque reasoning that was given out: with it comes what must be true when it returns. */
export interface Issued {
  readonly account: string
  readonly model: string
  /** The text that it signs, and what stood before it, where the wire checks that. */
  readonly text: string
  readonly prefix: string
}

/** What a vendor remembers between requests: proofs that it issued, and answers that it was told to store. */
export class VendorMemory {
  readonly #issued = new Map<string, Issued>()
  readonly #items = new Map<string, unknown>()
  readonly #responses = new Map<string, StoredResponse>()
  #count = 0

  /** A text that nobody can make up: base64, as long as real ones are at the least. */
  issue(issued: Issued): string {
    const seed = `${this.#count++} ${issued.account} ${issued.model}`
    const blocks = ['a', 'b', 'c', 'd'].map((letter) =>
      createHash('sha256')
        .update(letter + seed)
        .digest(),
    )
    const proof = Buffer.concat(blocks).toString('base64')
    this.#issued.set(proof, issued)
    return proof
  }

  issued(proof: string): Issued | undefined {
    return this.#issued.get(proof)
  }

  /** An id of the vendor's own, unique as long as it runs. */
  id(prefix: string, letters = 24): string {
    return (
      prefix +
      createHash('sha256')
        .update(`${prefix} ${this.#count++}`)
        .digest('hex')
        .slice(0, letters)
    )
  }

  store(id: string, stored: StoredResponse): void {
    this.#responses.set(id, stored)
    for (const item of stored.output) this.#items.set(idOf(item), item)
  }

  stored(id: string): StoredResponse | undefined {
    return this.#responses.get(id)
  }

  storedItem(id: string): unknown {
    return this.#items.get(id)
  }
}

export interface StoredResponse {
  readonly body: unknown
  readonly input: readonly unknown[]
  readonly output: readonly unknown[]
}

const idOf = (item: unknown): string =>
  typeof item === 'object' && item !== null && 'id' in item && typeof item.id === 'string' ? item.id : ''

/** The same for the same JSON, whatever the order of its keys. */
export const fingerprint = (json: unknown): string => createHash('sha256').update(canonical(json)).digest('hex')

function canonical(json: unknown): string {
  if (Array.isArray(json)) return `[${json.map(canonical).join(',')}]`
  if (typeof json !== 'object' || json === null) return JSON.stringify(json) ?? 'null'
  const fields = Object.entries(json).filter(([, value]) => value !== undefined)
  return `{${fields
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`)
    .join(',')}}`
}

/** How a wire is read and answered. */
export interface VendorWire {
  /** Reads a request, or throws the vendor's refusal. */
  readonly read: (request: VendorRequest) => Asked
  readonly whole: (answer: Answer) => unknown
  /** The frames of a stream, each of which the client receives as one write. */
  readonly stream: (answer: Answer) => Iterable<string>
  /** What is said in the middle of a stream when it fails there. */
  readonly failure: (framesBefore: number) => readonly string[]
  readonly refusal: (refusal: Refusal, request: VendorRequest) => Refused
}

export interface VendorRequest {
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
  readonly credential: string
  readonly memory: VendorMemory
}

export interface Answer {
  readonly request: VendorRequest
  readonly asked: Asked
  readonly reply: Extract<Plan, { kind: 'reply' }>
}

export interface Refused {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Texts come in pieces of a few letters; no letter is cut in two. */
export function pieces(text: string, letters = 9): readonly string[] {
  const all = Array.from(text)
  return Array.from({ length: Math.ceil(all.length / letters) }, (_, index) =>
    all.slice(index * letters, (index + 1) * letters).join(''),
  )
}

/** The beginning of a stream. */
export function* firstFrames(frames: Iterable<string>, count: number): Generator<string> {
  let left = count
  for (const frame of frames) {
    if (left-- <= 0) return
    yield frame
  }
}

export const header = (request: Pick<VendorRequest, 'headers'>, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
