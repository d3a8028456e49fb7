import type { CacheMark, Own } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { filled } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { ID, spellings } from './kept.ts'

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

/** The fields of a mark: as it was spelt here, else as OpenAI has it. */
export function writeMark(mark: CacheMark | undefined, own: Own | undefined): JsonObject {
  if (mark === undefined) return {}
  const spelt = [BREAKPOINT, CONTROL].filter((key) => isSpelt(own, ID, key))
  const keys = spelt.length === 0 ? [BREAKPOINT] : spelt
  return Object.fromEntries(keys.map((key) => [key, filled({ ...SHAPES[key], ttl: mark.ttl })]))
}

const BREAKPOINT = 'prompt_cache_breakpoint'
const CONTROL = 'cache_control'
const SHAPES: { readonly [key: string]: JsonObject } = {
  [BREAKPOINT]: { mode: 'explicit' },
  [CONTROL]: { type: 'ephemeral' },
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
