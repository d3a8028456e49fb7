import type { ServiceTier } from '../../chat.ts'
import type { Json } from '../../json.ts'

/** What OpenAI's words for its tiers mean, on both of its wires. */
export const TIERS: ReadonlyMap<Json | undefined, ServiceTier> = new Map([
  ['auto', 'auto'],
  ['default', 'standard'],
  ['flex', 'flex'],
  ['scale', 'scale'],
  ['priority', 'fast'],
  ['fast', 'fast'],
])

/** The words themselves. The fastest tier is known to the newer wire only. */
export const TIER_WORDS: { readonly [tier in ServiceTier]: string } = {
  auto: 'auto',
  standard: 'default',
  fast: 'priority',
  flex: 'flex',
  scale: 'scale',
  ultrafast: 'ultrafast',
}
