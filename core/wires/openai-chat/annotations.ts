import type { Citation } from '../../chat.ts'
import { given } from '../../given.ts'
import { without } from '../../json-object.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { ownFields } from '../../own.ts'
import { WIRE, keep, overlay } from './kept.ts'

/** The sources of a text, from `annotations`; none where one of them is of a kind that is not known: then the list is kept as it is. */
export function readAnnotations(value: Json | undefined): readonly Citation[] {
  const list = asList(value) ?? []
  const citations = list.map((entry) => readAnnotation(asObject(entry) ?? {}))
  const known = citations.filter((citation) => citation !== undefined)
  return known.length === list.length ? known : []
}

/** `offset` is where the text of the citation's block begins in the message, `length` how long it is: what a source without a place stands for. */
export function writeAnnotation(citation: Citation, { offset, length }: Extent): JsonObject | undefined {
  const { url, title, start, end, own } = citation
  if (url === undefined) return undefined
  const said = { start_index: offset + (start ?? 0), end_index: offset + (end ?? length), url, title: title ?? '' }
  const lacks = own?.wire === WIRE ? (own.spelt ?? []) : []
  return overlay(ownFields(own, WIRE), { type: CITATION, [CITATION]: without(said, lacks) })
}

/** Where a text stands in the message. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

const CITATION = 'url_citation'
const PLAIN = ['url', 'title', 'start_index', 'end_index']

function readAnnotation(annotation: JsonObject): Citation | undefined {
  const inner = asObject(annotation[CITATION]) ?? {}
  const url = asText(inner['url'])
  if (annotation['type'] !== CITATION || url === undefined) return undefined
  const title = asText(inner['title'])
  const [start, end] = [placeOf(inner['start_index']), placeOf(inner['end_index'])]
  const said = { url, title, start_index: start, end_index: end }
  const known = Object.entries(said).flatMap(([key, one]) => (one === undefined ? [] : [key]))
  const lacks = PLAIN.filter((key) => !known.includes(key))
  const rest = without(inner, known)
  const fields = {
    ...without(annotation, ['type', CITATION]),
    ...(Object.keys(rest).length === 0 ? {} : { [CITATION]: rest }),
  }
  return {
    url,
    ...given({ title, start, end }),
    ...keep(fields, lacks),
  }
}

const placeOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
