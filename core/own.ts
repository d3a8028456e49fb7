import type { Block, Chat, Own, Tool, Turn, WireId } from './chat.ts'
import type { JsonObject } from './json.ts'
import type { Losses } from './loss.ts'

/** What a node keeps for its own wire, or `undefined` when there is nothing to keep. */
export function ownOf(wire: WireId, fields: JsonObject, spelt: readonly string[] = []): Own | undefined {
  if (Object.keys(fields).length === 0 && spelt.length === 0) return undefined
  return spelt.length === 0 ? { wire, fields } : { wire, fields, spelt }
}

/** The same as the field of a node that is being read: absent when there is nothing to keep. */
export function ownField(wire: WireId, fields: JsonObject, spelt: readonly string[] = []): { readonly own?: Own } {
  const own = ownOf(wire, fields, spelt)
  return own === undefined ? {} : { own }
}

/** The fields that `wire` itself kept: what its writer adds again at home. */
export const ownFields = (own: Own | undefined, wire: WireId): JsonObject => (own?.wire === wire ? own.fields : NONE)

/** Whether the node was spelt so by `wire` itself. */
export const isSpelt = (own: Own | undefined, wire: WireId, way: string): boolean =>
  own?.wire === wire && own.spelt?.includes(way) === true

/** What stands behind `prefix` in the way that `wire` itself spelt the node, or `undefined`. */
export const speltAs = (own: Own | undefined, wire: WireId, prefix: string): string | undefined =>
  own?.wire === wire ? own.spelt?.find((way) => way.startsWith(prefix))?.slice(prefix.length) : undefined

/**
 * Reports what the client's wire alone knows, because a writer of another wire leaves all of it behind. Fields are named by their
 * path in the client's body as far as it is known; a field that is `null` asked for nothing.
 */
export function loseOwn(chat: Chat, wire: WireId, losses: Losses): void {
  const lose: Lose = (own, path) => loseFields(own, wire, { path, losses })
  lose(chat.own, '')
  lose(chat.reasoning?.own, 'reasoning')
  if (chat.output?.kind === 'schema') lose(chat.output.own, 'output')
  for (const tool of chat.tools) loseTool(tool, lose)
  for (const turn of chat.turns) loseTurn(turn, lose)
}

/** The same of one node. `path`: where it stands in the client's body, empty for the body itself. */
export function loseFields(
  own: Own | undefined,
  wire: WireId,
  { path, losses }: { readonly path: string; readonly losses: Losses },
): void {
  if (own === undefined || own.wire === wire) return
  for (const [key, value] of Object.entries(own.fields)) {
    if (value !== null) losses.add({ field: path === '' ? key : `${path}.${key}`, what: 'dropped', why: FOREIGN })
  }
}

type Lose = (own: Own | undefined, path: string) => void

function loseTool(tool: Tool, lose: Lose): void {
  if (tool.kind !== 'foreign') lose(tool.own, 'tools')
}

function loseTurn(turn: Turn, lose: Lose): void {
  lose(turn.own, 'messages')
  for (const block of turn.blocks) loseBlock(block, lose)
}

function loseBlock(block: Block, lose: Lose): void {
  lose(block.own, 'content')
  if (block.kind === 'result') for (const inner of block.blocks) loseBlock(inner, lose)
  if (block.kind === 'text') for (const citation of block.citations ?? []) lose(citation.own, 'citations')
}

const FOREIGN = "only the client's own API knows it"
const NONE: JsonObject = {}
