import { asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { StreamEvent } from '../../core/wire.ts'

/** The objects of a list; of anything else none. */
export const objects = (value: Json | undefined): readonly JsonObject[] => present((asList(value) ?? []).map(asObject))

/** The JSON objects that events carry. */
export const chunksOf = (events: readonly StreamEvent[]): readonly JsonObject[] =>
  present(events.map(({ data }) => asObject(parseJson(data))))

/** The value as text; of anything else none. */
export const text = (value: Json | undefined): string => asText(value) ?? ''

/** Without what is not there. */
export const present = <Item>(items: readonly (Item | undefined)[]): readonly Item[] =>
  items.filter((item): item is Item => item !== undefined)
