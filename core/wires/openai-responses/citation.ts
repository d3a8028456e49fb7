import type { Citation } from '../../chat.ts'
import { given } from '../../given.ts'
import { asCount, asText, type JsonObject } from '../../json.ts'
import { ownFields, ownOf } from '../../own.ts'
import { WIRE } from './spelling.ts'

/** An annotation of a text. Those that point to files of the vendor (`file_citation`) are kept whole. */
export function readCitation(annotation: JsonObject): Citation {
  if (annotation['type'] !== 'url_citation') return given({ own: ownOf(WIRE, annotation) })
  const citation = {
    url: asText(annotation['url']),
    title: asText(annotation['title']),
    start: asCount(annotation['start_index']),
    end: asCount(annotation['end_index']),
  }
  const rest = Object.entries(annotation).filter(([key]) => !isRead(key, citation))
  return given({ ...citation, own: ownOf(WIRE, Object.fromEntries(rest)) })
}

/** As it was read, for its own wire. */
export const ownAnnotation = (citation: Citation): JsonObject => ({
  ...(citation.url === undefined && citation.own?.wire === WIRE ? {} : { type: 'url_citation' }),
  ...given({ url: citation.url, title: citation.title, start_index: citation.start, end_index: citation.end }),
  ...ownFields(citation.own, WIRE),
})

/** With all that the API promises to its clients, or `undefined` where there is nothing to point to. */
export const annotation = (citation: Citation, text: string): JsonObject | undefined =>
  citation.url === undefined
    ? undefined
    : {
        type: 'url_citation',
        url: citation.url,
        title: citation.title ?? '',
        start_index: citation.start ?? 0,
        end_index: citation.end ?? text.length,
      }

/** Where each field of an annotation is read to. What has a wrong type was not read, and is kept as it stands. */
const PLACES: ReadonlyMap<string, keyof ReadFields> = new Map([
  ['type', 'url'],
  ['url', 'url'],
  ['title', 'title'],
  ['start_index', 'start'],
  ['end_index', 'end'],
])

function isRead(key: string, citation: ReadFields): boolean {
  const place = PLACES.get(key)
  return place !== undefined && citation[place] !== undefined
}

interface ReadFields {
  readonly url: string | undefined
  readonly title: string | undefined
  readonly start: number | undefined
  readonly end: number | undefined
}
