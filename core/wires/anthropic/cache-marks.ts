import type { Block, CacheMark, Chat, Tool } from '../../chat.ts'
import type { Feature, Losses } from '../../loss.ts'

/**
 * A conversation of another wire with cache marks as this vendor takes them: at most four with the automatic one, for five minutes or an
 * hour, and no hour behind five minutes (each of these is a 400). Of too many the last ones stay: each covers all that stands before it.
 */
export function withFittingMarks(chat: Chat, losses: Losses): Chat {
  const { cacheAutomatic } = chat
  const marks = [...marksOf(chat.tools), ...chat.turns.flatMap(({ blocks }) => marksIn(blocks))]
  if (marks.length === 0 && cacheAutomatic === undefined) return chat
  const fitting = fittingMarks(marks, cacheAutomatic === undefined ? MARKS_MAX : MARKS_MAX - 1, losses)
  let at = 0
  const next = () => fitting[at++]
  const tools = chat.tools.map((tool) => remarkedTool(tool, next))
  const turns = chat.turns.map((turn) => ({ ...turn, blocks: turn.blocks.map((block) => remarked(block, next)) }))
  return {
    ...chat,
    tools,
    turns,
    ...(cacheAutomatic === undefined ? {} : { cacheAutomatic: timed(cacheAutomatic, 'cacheAutomatic', losses) }),
  }
}

const MARKS_MAX = 4
const HOUR = '1h'

/** For each mark what is written instead, or `undefined` where it is left out. */
function fittingMarks(marks: readonly CacheMark[], most: number, losses: Losses): readonly (CacheMark | undefined)[] {
  const times = marks.map((mark) => timed(mark, 'text.cacheMark', losses))
  const lastHour = times.findLastIndex(({ ttl }) => ttl === HOUR)
  const lose = (what: 'dropped' | 'clamped', why: string) => losses.add({ field: 'text.cacheMark', what, why })
  if (marks.length > most) lose('dropped', `at most ${MARKS_MAX} are taken`)
  if (times.slice(0, Math.max(lastHour, 0)).some(({ ttl }) => ttl !== HOUR))
    lose('clamped', 'to the hour of a later one')
  return times.map((mark, index) => {
    if (index < marks.length - most) return undefined
    return index < lastHour ? { ttl: HOUR } : mark
  })
}

/** The vendor keeps a prompt for five minutes or an hour: the next longer one of these. */
function timed(mark: CacheMark, field: Feature, losses: Losses): CacheMark {
  if (mark.ttl === undefined || TIMES.includes(mark.ttl)) return mark
  const [, count, unit] = /^(\d+)([smh])$/.exec(mark.ttl) ?? []
  const seconds = Number(count) * (SECONDS[unit ?? ''] ?? Number.NaN)
  const ttl = seconds <= FIVE_MINUTES_S ? '5m' : HOUR
  losses.add({ field, what: 'clamped', why: `to ${ttl}` })
  return { ttl }
}

const TIMES = ['5m', HOUR]
const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3_600 }
const FIVE_MINUTES_S = 300

const marksOf = (tools: readonly Tool[]): readonly CacheMark[] =>
  tools.flatMap((tool) => (tool.kind === 'foreign' || tool.cacheMark === undefined ? [] : [tool.cacheMark]))

const marksIn = (blocks: readonly Block[]): readonly CacheMark[] =>
  blocks.flatMap((block) => [
    ...(block.kind === 'result' ? marksIn(block.blocks) : []),
    ...(block.cacheMark === undefined ? [] : [block.cacheMark]),
  ])

type Next = () => CacheMark | undefined

function remarkedTool(tool: Tool, next: Next): Tool {
  if (tool.kind === 'foreign' || tool.cacheMark === undefined) return tool
  const { cacheMark: _, ...bare } = tool
  const cacheMark = next()
  return cacheMark === undefined ? bare : { ...bare, cacheMark }
}

/** In the order in which they were counted: what stands inside a result comes before it. */
function remarked(block: Block, next: Next): Block {
  const inner = block.kind === 'result' ? { ...block, blocks: block.blocks.map((one) => remarked(one, next)) } : block
  if (inner.cacheMark === undefined) return inner
  const { cacheMark: _, ...bare } = inner
  const cacheMark = next()
  return cacheMark === undefined ? bare : { ...bare, cacheMark }
}
