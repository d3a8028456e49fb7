import type { Block, CacheMark, Chat } from '../../chat.ts'
import { given } from '../../given.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import type { Writing } from './writing.ts'

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

const isOurTime = ({ ttl }: CacheMark): boolean => ttl !== undefined && TIMES.has(ttl)
const TIMES: ReadonlySet<string> = new Set(['30m', '12h'])
