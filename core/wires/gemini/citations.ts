import type { Citation } from '../../chat.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'

/** What a candidate has said: all of its text, and where in it the block begins that is cited. */
export interface Said {
  readonly text: string
  readonly blockStart: number
}

/**
 * Where the text of a candidate's last block comes from, out of its grounding and of its citations. Gemini counts bytes of UTF-8, we
 * count UTF-16 units (wire-formats 1.8, trap 52). What lies in an earlier block is left out: that block is closed.
 */
export function readCitations(candidate: JsonObject, said: Said): readonly Citation[] {
  const texts = new Texts(said)
  return [...readGrounding(candidate, texts), ...readCopied(candidate, texts)]
}

/** The same in Gemini's words, for citations by place in the candidate's whole text; `undefined` when there are none. Those that name no source are lost. */
export function writeGrounding(text: string, all: readonly Citation[], losses: Losses): JsonObject | undefined {
  const citations = all.filter(
    ({ url, title, quote }) => url !== undefined || title !== undefined || quote !== undefined,
  )
  if (citations.length < all.length) {
    losses.add({ field: 'text.citations', what: 'dropped', why: 'they name no source that another API knows' })
  }
  if (citations.length === 0) return undefined
  const sources: JsonObject[] = []
  const supports: JsonObject[] = []
  for (const citation of citations) {
    const { url, start = 0, end = text.length } = citation
    const known = sources.findIndex((source) => asObject(source['web'])?.['uri'] === url && url !== undefined)
    if (known < 0) sources.push(chunkOf(citation))
    supports.push({
      segment: {
        startIndex: byteLength(text.slice(0, start)),
        endIndex: byteLength(text.slice(0, end)),
        text: text.slice(start, end),
      },
      groundingChunkIndices: [known < 0 ? sources.length - 1 : known],
    })
  }
  return { groundingChunks: sources, groundingSupports: supports }
}

/** Without an address it is no page of the web but a document that was given. */
function chunkOf({ url, title, quote }: Citation): JsonObject {
  const titled = title === undefined ? {} : { title }
  if (url !== undefined) return { web: { uri: url, ...titled } }
  return { retrievedContext: { ...titled, ...(quote === undefined ? {} : { text: quote }) } }
}

/** More than any answer has; each costs a look at the text. */
const CITATIONS_MAX = 1_000

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const byteLength = (text: string): number => encoder.encode(text).length

interface Range {
  readonly start: number
  readonly end: number
}

/** A text in which places are told in bytes: of all that was said, or, by some versions of the API, of the block alone. */
class Texts {
  readonly #said: Said
  readonly #all: Uint8Array
  readonly #block: Uint8Array

  constructor(said: Said) {
    this.#said = said
    this.#all = encoder.encode(said.text)
    this.#block = said.blockStart === 0 ? this.#all : encoder.encode(said.text.slice(said.blockStart))
  }

  /** The place in units of the block's own text. The words that stand there decide how it was counted. */
  place(segment: JsonObject): Range | undefined {
    const first = asCount(segment['startIndex']) ?? 0
    const last = asCount(segment['endIndex']) ?? 0
    const words = asText(segment['text'])
    const { text, blockStart } = this.#said
    const says = ({ start, end }: Range) => end > start && (words === undefined || text.slice(start, end) === words)
    const ofAll = { start: unitsAt(this.#all, first), end: unitsAt(this.#all, last) }
    if (says(ofAll)) return ofAll.start < blockStart ? undefined : shiftedBack(ofAll, blockStart)
    if (words === undefined || words === '') return undefined
    const start = blockStart + unitsAt(this.#block, first)
    const ofBlock = { start, end: blockStart + unitsAt(this.#block, last) }
    if (says(ofBlock)) return shiftedBack(ofBlock, blockStart)
    const found = text.indexOf(words, blockStart)
    return found < 0 ? undefined : shiftedBack({ start: found, end: found + words.length }, blockStart)
  }
}

const shiftedBack = ({ start, end }: Range, by: number): Range => ({ start: start - by, end: end - by })

const unitsAt = (bytes: Uint8Array, offset: number): number => decoder.decode(bytes.subarray(0, offset)).length

function readGrounding(candidate: JsonObject, texts: Texts): readonly Citation[] {
  const grounding = asObject(candidate['groundingMetadata'])
  const sources = asList(grounding?.['groundingChunks']) ?? []
  const citations: Citation[] = []
  for (const support of asList(grounding?.['groundingSupports']) ?? []) {
    const fields = asObject(support)
    const range = placeOf(fields?.['segment'], texts)
    if (range === undefined) continue
    for (const index of asList(fields?.['groundingChunkIndices']) ?? []) {
      const source = asObject(sources[asCount(index) ?? -1])
      if (source !== undefined && citations.length < CITATIONS_MAX) citations.push({ ...sourceOf(source), ...range })
    }
  }
  return citations
}

/** A page of the web, a document that was given, or a place on a map: each under a key of its own. */
function sourceOf(chunk: JsonObject): Citation {
  const source = asObject(chunk['web']) ?? asObject(chunk['retrievedContext']) ?? asObject(chunk['maps']) ?? {}
  return { ...named('url', source['uri']), ...named('title', source['title']), ...named('quote', source['text']) }
}

/** What the model has copied from somewhere. */
function readCopied(candidate: JsonObject, texts: Texts): readonly Citation[] {
  const metadata = asObject(candidate['citationMetadata'])
  const sources = asList(metadata?.['citationSources']) ?? asList(metadata?.['citations']) ?? []
  return sources.slice(0, CITATIONS_MAX).flatMap((source): readonly Citation[] => {
    const fields = asObject(source)
    const range = placeOf(source, texts)
    if (fields === undefined || range === undefined || asText(fields['uri']) === undefined) return []
    return [{ ...named('url', fields['uri']), ...named('title', fields['title']), ...range }]
  })
}

function placeOf(value: Json | undefined, texts: Texts): Range | undefined {
  const segment = asObject(value)
  return segment === undefined ? undefined : texts.place(segment)
}

const named = (key: 'url' | 'title' | 'quote', value: Json | undefined): Citation =>
  typeof value === 'string' && value !== '' ? { [key]: value } : {}
