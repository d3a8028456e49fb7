import type { CacheMark, Own } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { filled } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { WIRE, spellings } from './kept.ts'

/**
 * The mark of a part or tool that ends a cacheable prefix: OpenAI's `prompt_cache_breakpoint`, or `cache_control`, which gateways
 * of this wire take for Anthropic's models. A mark that says more than these do is left to the node as it is.
 */
export function readMark(fields: Fields): {
  readonly mark: { readonly cacheMark?: CacheMark }
  readonly spelt: readonly string[]
} {
  const [breakpoint, control] = [markOf(fields.json, BREAKPOINT), markOf(fields.json, CONTROL)]
  const mark = breakpoint ?? control
  if (mark === undefined) return { mark: {}, spelt: [] }
  const spelt = spellings({
    [BREAKPOINT]: breakpoint !== undefined,
    [CONTROL]: control !== undefined && control.ttl === mark.ttl,
  })
  for (const key of spelt) fields.any(key)
  return { mark: { cacheMark: mark }, spelt }
}

/** OpenAI's own mark alone, which its newer API has too. One that says more stays with the part's other fields. */
export const readBreakpoint = (part: Fields): CacheMark | undefined => readPlain(part, BREAKPOINT)

/** The vendor places marks by itself unless it is told not to; a mode that says so stays with the body's other fields. */
export const readCacheOptions = (body: Fields): CacheMark | undefined => readPlain(body, OPTIONS)

/** The fields of a mark: as it was spelt here, else as OpenAI has it. */
export function writeMark(mark: CacheMark | undefined, own: Own | undefined): JsonObject {
  if (mark === undefined) return {}
  const spelt = [BREAKPOINT, CONTROL].filter((key) => isSpelt(own, WIRE, key))
  const keys = spelt.length === 0 ? [BREAKPOINT] : spelt
  return Object.fromEntries(keys.map((key) => [key, filled({ ...SHAPES[key], ttl: mark.ttl })]))
}

const BREAKPOINT = 'prompt_cache_breakpoint'
const CONTROL = 'cache_control'
const OPTIONS = 'prompt_cache_options'
const SHAPES: { readonly [key: string]: JsonObject } = {
  [BREAKPOINT]: { mode: 'explicit' },
  [CONTROL]: { type: 'ephemeral' },
  [OPTIONS]: { mode: 'implicit' },
}

function readPlain(fields: Fields, key: string): CacheMark | undefined {
  const mark = markOf(fields.json, key)
  if (mark !== undefined) fields.any(key)
  return mark
}

function markOf(json: JsonObject, key: string): CacheMark | undefined {
  const value = Object.hasOwn(json, key) ? asObject(json[key]) : undefined
  if (value === undefined) return undefined
  const { ttl, ...head } = value
  if (!isShape(head, SHAPES[key] ?? {})) return undefined
  return ttl === undefined ? {} : typeof ttl === 'string' ? { ttl } : undefined
}

const isShape = (head: { readonly [key: string]: Json }, shape: JsonObject): boolean =>
  Object.keys(head).length === 1 && Object.entries(shape).every(([key, word]) => head[key] === word)
