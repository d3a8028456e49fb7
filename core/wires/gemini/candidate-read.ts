import { badField } from '../../fields.ts'
import { put } from '../../json-object.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { ownField } from '../../own.ts'
import type { Part } from '../../part.ts'
import { ContentReader } from './content-read.ts'
import { WIRE } from './kept.ts'
import { Layout } from './layout.ts'
import { isNaturalEnd, stopOf } from './stop.ts'
import type { PartContext } from './whole-part.ts'

/**
 * Reads one candidate, chunk by chunk. How it ended is told by `end` only: servers that run tools themselves give a finish reason
 * and go on.
 */
export class CandidateReader {
  readonly #choice: number
  readonly #layout: Layout
  readonly #form: ReplyForm
  readonly #content: ContentReader
  /** Fields that have no place in parts; of each the last one that came. */
  readonly #rest: { [key: string]: Json } = {}
  #finishReason: string | undefined
  #spelt: readonly string[] = []

  constructor(choice: number, context: PartContext, form: ReplyForm) {
    this.#choice = choice
    this.#form = form
    this.#layout = new Layout(form === 'whole' ? 'every part' : 'nothing')
    this.#content = new ContentReader({ choice, layout: this.#layout, about: this.#rest }, context)
  }

  get isEnded(): boolean {
    return this.#finishReason !== undefined
  }

  /** What it says beside its content, as far as it has come. */
  get rest(): JsonObject {
    return this.#rest
  }

  push(candidate: JsonObject): readonly Part[] {
    const { content, finishReason, index, ...rest } = candidate
    if (typeof content !== 'object' && content !== undefined) throw badField('candidates.content', 'must be an object')
    const { parts, role, ...contentRest } = asObject(content) ?? NOTHING
    this.#keep(rest, '')
    this.#keep(contentRest, 'content.')
    if (role !== undefined && role !== 'model') this.#keep({ role }, 'content.')
    if (this.#form === 'whole') this.#spelt = spellings({ content, index, parts, role })
    const out = listOf(parts).flatMap((part) => this.#content.push(part))
    if (finishReason !== undefined && finishReason !== null) this.#finishReason = asText(finishReason) ?? ''
    return out
  }

  /** The reply is over. A candidate of which the vendor has not said how it ended stays as it is. */
  end(): readonly Part[] {
    if (this.#finishReason === undefined) return []
    const closing = this.#content.close(isNaturalEnd(this.#finishReason) ? 'whole' : 'cut')
    const stop = stopOf(this.#finishReason, this.#content.hasCall)
    return [
      ...closing,
      {
        kind: 'end',
        choice: this.#choice,
        stop,
        ...ownField(WIRE, this.#rest, [...this.#spelt, ...this.#layout.spelt()]),
      },
    ]
  }

  #keep(fields: JsonObject, prefix: string): void {
    for (const [key, value] of Object.entries(fields)) {
      const name = prefix + key
      if (Object.hasOwn(this.#rest, name) || Object.keys(this.#rest).length < FIELDS_MAX) put(this.#rest, name, value)
    }
  }
}

/** How a reply comes. Only of a whole one it is remembered how it was spelt. */
export type ReplyForm = 'whole' | 'stream'

/** How a candidate was spelt. */
export const NO_INDEX = 'no index'
export const NO_CONTENT = 'no content'
export const NO_PARTS_OF_CONTENT = 'no parts'
export const NO_ROLE_OF_CONTENT = 'no role'

const NOTHING: JsonObject = {}
/** More than a vendor has; each is kept to the end. */
const FIELDS_MAX = 64

type Spelt = { readonly [field in 'content' | 'index' | 'parts' | 'role']: Json | undefined }

const spellings = ({ content, index, parts, role }: Spelt): readonly string[] => [
  ...(index === undefined ? [NO_INDEX] : []),
  ...(content === undefined ? [NO_CONTENT] : []),
  ...(parts === undefined ? [NO_PARTS_OF_CONTENT] : []),
  ...(role === undefined ? [NO_ROLE_OF_CONTENT] : []),
]

function listOf(parts: Json | undefined): readonly Json[] {
  const list = asList(parts ?? [])
  if (list === undefined) throw badField('candidates.content.parts', 'must be a list')
  return list
}
