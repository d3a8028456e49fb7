import type { Block, CacheMark, Chat } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { asObject, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import type { Writing } from './writing.ts'

/** The mark of a part that ends a cacheable prefix. One that says more than a Chat can stays with the part's other fields. */
export const readCacheMark = (part: Fields): CacheMark | undefined =>
  readMark(part, { key: BREAKPOINT, mode: 'explicit' })

/** The vendor places marks by itself unless it is told not to; a mode that says so stays with the body's other fields. */
export const readCacheOptions = (body: Fields): CacheMark | undefined =>
  readMark(body, { key: OPTIONS, mode: 'implicit' })

/** One from another API is left out: older models refuse the field, and its times are not this vendor's (wire-formats 1.5). */
export function writeCacheMark(block: Block, writing: Writing): JsonObject {
  const { cacheMark } = block
  if (cacheMark === undefined) return {}
  if (isKept(block, writing)) return { [BREAKPOINT]: { mode: 'explicit', ...given({ ttl: cacheMark.ttl }) } }
  writing.losses.add({ field: 'text.cacheMark', what: 'dropped', why: 'the provider places cache marks by itself' })
  return {}
}

/** Whether the block has a mark that is written. */
export const isKept = ({ cacheMark, own }: Block, { abroad }: Writing): boolean =>
  cacheMark !== undefined && (!abroad || isSpelt(own, 'openai-chat', BREAKPOINT) || isOurTime(cacheMark))

/** Said or not, the vendor does so. */
export function writeCacheOptions({ cacheAutomatic }: Chat, { abroad, losses }: Writing): JsonObject | undefined {
  if (cacheAutomatic === undefined) return undefined
  const { ttl } = cacheAutomatic
  if (!abroad || isOurTime(cacheAutomatic)) return { mode: 'implicit', ...given({ ttl }) }
  if (ttl !== undefined) {
    losses.add({ field: 'cacheAutomatic', what: 'clamped', why: 'the cache lives as long as the provider likes' })
  }
  return undefined
}

const BREAKPOINT = 'prompt_cache_breakpoint'
const OPTIONS = 'prompt_cache_options'

const isOurTime = ({ ttl }: CacheMark): boolean => ttl !== undefined && TIMES.has(ttl)
const TIMES: ReadonlySet<string> = new Set(['30m', '12h'])

function readMark(
  fields: Fields,
  { key, mode }: { readonly key: string; readonly mode: string },
): CacheMark | undefined {
  const { mode: said, ttl, ...more } = asObject(fields.json[key]) ?? {}
  if (said !== mode || Object.keys(more).length > 0) return undefined
  if (ttl !== undefined && typeof ttl !== 'string') return undefined
  fields.any(key)
  return given({ ttl })
}
