/** What a vendor says no with. Each wire puts it into its own body. */
export class Refusal extends Error {
  readonly status: number
  /** The field, spelt as this vendor spells paths. */
  readonly field: string | null
  readonly code: string | null
  readonly retrySeconds: number | null

  constructor(message: string, { status = 400, field = null, code = null, retrySeconds = null }: RefusalOptions = {}) {
    super(message)
    this.status = status
    this.field = field
    this.code = code
    this.retrySeconds = retrySeconds
  }
}

export interface RefusalOptions {
  readonly status?: number
  readonly field?: string | null
  readonly code?: string | null
  readonly retrySeconds?: number | null
}

export type Path = readonly (string | number)[]

/** How one vendor words its complaints about fields. */
export interface Complaints {
  /** The spellings under which a field is accepted; the first one is ours. */
  spellings(name: string): readonly string[]
  missing(path: Path): Refusal
  unknown(path: Path): Refusal
  wrongType(path: Path, wanted: Wanted, value: unknown): Refusal
  wrongValue(path: Path, value: unknown, allowed: readonly string[]): Refusal
}

export type Wanted = 'an object' | 'a list' | 'a string' | 'a number' | 'an integer' | 'a boolean'

/** A value of a request together with the place where it stands, read as strictly as the vendor reads it. `null` counts as absent. */
export class Node {
  readonly value: unknown
  readonly path: Path
  readonly complaints: Complaints

  constructor(value: unknown, path: Path, complaints: Complaints) {
    this.value = value ?? undefined
    this.path = path
    this.complaints = complaints
  }

  get isThere(): boolean {
    return this.value !== undefined
  }

  /** The field of an object; absent where this is none. */
  at(name: string): Node {
    const spelt = this.complaints.spellings(name).find((spelling) => this.#own(spelling) !== undefined) ?? name
    return new Node(this.#own(spelt), [...this.path, spelt], this.complaints)
  }

  /** Says that this is an object with no other fields than these. */
  object(known: readonly string[]): this {
    const names = new Set(known.flatMap((name) => this.complaints.spellings(name)))
    for (const name of Object.keys(this.record())) {
      if (!names.has(name)) throw this.complaints.unknown([...this.path, name])
    }
    return this
  }

  /** An object with whatever fields. */
  record(): Readonly<Record<string, unknown>> {
    if (!this.isThere) throw this.complaints.missing(this.path)
    if (!isRecord(this.value)) throw this.complaints.wrongType(this.path, 'an object', this.value)
    return this.value
  }

  list(): readonly Node[] {
    if (!this.isThere) throw this.complaints.missing(this.path)
    if (!Array.isArray(this.value)) throw this.complaints.wrongType(this.path, 'a list', this.value)
    return this.value.map((value: unknown, index) => new Node(value, [...this.path, index], this.complaints))
  }

  /** The list, or an empty one where there is none. */
  listIfThere(): readonly Node[] {
    return this.isThere ? this.list() : []
  }

  text(): string {
    if (!this.isThere) throw this.complaints.missing(this.path)
    if (typeof this.value !== 'string') throw this.complaints.wrongType(this.path, 'a string', this.value)
    return this.value
  }

  textIfThere(): string | undefined {
    return this.isThere ? this.text() : undefined
  }

  oneOf<Value extends string>(allowed: readonly Value[]): Value {
    const text = this.text()
    const found = allowed.find((value) => value === text)
    if (found === undefined) throw this.complaints.wrongValue(this.path, text, allowed)
    return found
  }

  number(): number {
    if (!this.isThere) throw this.complaints.missing(this.path)
    if (typeof this.value !== 'number') throw this.complaints.wrongType(this.path, 'a number', this.value)
    return this.value
  }

  integer(): number {
    const value = this.number()
    if (!Number.isInteger(value)) throw this.complaints.wrongType(this.path, 'an integer', value)
    return value
  }

  flag(): boolean {
    if (!this.isThere) return false
    if (typeof this.value !== 'boolean') throw this.complaints.wrongType(this.path, 'a boolean', this.value)
    return this.value
  }

  #own(name: string): unknown {
    return isRecord(this.value) && Object.hasOwn(this.value, name) ? (this.value[name] ?? undefined) : undefined
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The bytes of a base64 text, or `undefined` when it is none. Both alphabets, as most servers take them. */
export function base64Bytes(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) return undefined
  return Buffer.from(text, 'base64')
}

/** What a picture is by its first bytes, or `undefined`. */
export function pictureType(bytes: Buffer): string | undefined {
  const first = bytes.subarray(0, 12).toString('latin1')
  if (first.startsWith('\x89PNG')) return 'image/png'
  if (first.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (first.startsWith('GIF8')) return 'image/gif'
  return first.startsWith('RIFF') && first.endsWith('WEBP') ? 'image/webp' : undefined
}

/** A list of words, for tables that would be a page long otherwise. */
export const words = (text: string): readonly string[] => text.trim().split(/\s+/)
