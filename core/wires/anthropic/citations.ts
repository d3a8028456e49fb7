import type { Citation } from '../../chat.ts'
import { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { filled } from '../../json-object.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'
import { keptFields, keptOf, WIRE } from './kept.ts'

/** A source as this wire names it. Its ranges count the document's letters, not the answer's, so they stay with the wire. */
function readCitation(fields: Fields): Citation {
  const type = fields.textNeeded('type')
  const { url: urlKey, title: titleKey } = KEYS[type] ?? {}
  const url = urlKey === undefined ? undefined : fields.text(urlKey)
  const title = titleKey === undefined ? undefined : fields.text(titleKey)
  const quote = fields.text('cited_text')
  return {
    ...given({ url, title, quote }),
    ...keptOf(fields, {}, [type]),
  }
}

/** The citations of a text, or `undefined` where there is no list. */
export const readCitations = (fields: Fields): readonly Citation[] | undefined =>
  fields.objects('citations')?.map(readCitation)

/**
 * A citation for a client. One of another vendor becomes a web source: the answer's own range has no place here, because what is cited is
 * the whole of the block.
 */
export function writeCitation({ url, title, quote, own }: Citation): JsonObject {
  const type = own?.wire === WIRE ? own.spelt?.[0] : undefined
  if (type === undefined) {
    return { type: WEB, url: url ?? '', title: title ?? null, cited_text: quote ?? '', encrypted_index: '' }
  }
  const { url: urlKey, title: titleKey } = KEYS[type] ?? {}
  return filled({
    type,
    ...(urlKey === undefined ? {} : { [urlKey]: url }),
    ...(titleKey === undefined ? {} : { [titleKey]: title }),
    cited_text: quote,
    ...keptFields(own),
  })
}

/** Reports that the place of a source in the answer is not said: here the whole block is cited. */
export function losePlace({ start, end, own }: Citation, losses: Losses): void {
  if (own?.wire === WIRE || (start === undefined && end === undefined)) return
  losses.add({ field: 'text.citations', what: 'emulated', why: 'the place in the text is not said' })
}

/** Whether the vendor can take it back: it made it. What a client got of us for another vendor's source has no index that it would know. */
export function isOwnCitation({ own }: Citation): boolean {
  return own?.wire === WIRE && own.spelt?.[0] !== undefined && own.fields['encrypted_index'] !== ''
}

/** A single citation that came in an event of its own. */
export const readCitationJson = (json: Json | undefined): Citation => readCitation(Fields.of(json, 'citation'))

const WEB = 'web_search_result_location'

/** Where each kind of source keeps its address and its title. */
const KEYS: { readonly [type: string]: { readonly url?: string; readonly title?: string } } = {
  [WEB]: { url: 'url', title: 'title' },
  search_result_location: { url: 'source', title: 'title' },
  char_location: { title: 'document_title' },
  page_location: { title: 'document_title' },
  content_block_location: { title: 'document_title' },
}
