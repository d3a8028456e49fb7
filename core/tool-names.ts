import type { Chat } from './chat.ts'

/** What names of tools look like on a wire. */
export interface ToolNameRule {
  /** A letter that may stand in a name. */
  readonly letter: RegExp
  /** Whether the first one may be it. */
  readonly first: RegExp
  readonly lengthMax: number
}

/** Letters, digits, underscores and dashes, as most vendors have it. */
export const plainNames = (lengthMax: number): ToolNameRule => ({ letter: PLAIN, first: PLAIN, lengthMax })
const PLAIN = /^[a-zA-Z0-9_-]$/

/** Names of tools as they are sent, and back. */
export interface ToolNames {
  readonly sent: (name: string) => string
  /** By the name that was sent, only those that differ: what `Undo.toolNames` wants. */
  readonly originals: ReadonlyMap<string, string>
}

/** Names that the wire does not take are changed letter by letter and, where they are too long or would meet another one, given a digest. A pure function of the names, so that every turn of a conversation says the same. */
export function toolNames(chat: Chat, rule: ToolNameRule): ToolNames {
  const names = new Set(chat.tools.flatMap((tool) => (tool.kind === 'foreign' ? [] : [tool.name])))
  const sentNames = new Map<string, string>()
  const originals = new Map<string, string>()
  const free = (name: string): string => {
    const wanted = isFine(name, rule) ? name : changed(name, rule)
    let sent = wanted
    for (let round = 1; names.has(sent) || originals.has(sent); round++) {
      sent = withDigest(wanted, round === 1 ? name : `${name} ${round}`, rule)
    }
    return sent
  }
  for (const name of names) {
    if (isFine(name, rule)) continue
    const sent = free(name)
    sentNames.set(name, sent)
    originals.set(sent, name)
  }
  // A call of an earlier turn may name a tool that is no longer offered: it does not take the name of one that is.
  return { sent: (name) => sentNames.get(name) ?? (names.has(name) ? name : free(name)), originals }
}

const isFine = (name: string, { letter, first, lengthMax }: ToolNameRule): boolean =>
  name !== '' &&
  name.length <= lengthMax &&
  first.test(name[0] ?? '') &&
  Array.from(name).every((part) => letter.test(part))

function changed(name: string, rule: ToolNameRule): string {
  const letters = Array.from(name)
    .map((part) => (rule.letter.test(part) ? part : '_'))
    .join('')
  const begun = rule.first.test(letters[0] ?? '') ? letters : `_${letters}`
  return begun.length <= rule.lengthMax ? begun : withDigest(begun, name, rule)
}

function withDigest(sent: string, name: string, { lengthMax }: ToolNameRule): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  const digest = (hash >>> 0).toString(36).padStart(7, '0')
  return `${sent.slice(0, lengthMax - digest.length - 1)}_${digest}`
}
