import { asObject, asText, parseJson } from './json.ts'
import type { Part } from './part.ts'
import type { Undo } from './wire.ts'

/**
 * Brings parts of a reply back into the client's words: names of tools as the client gave them, and the text of a custom tool out of
 * the function that stood for it. Such a call is held until it is whole, because half a JSON string is no text.
 */
export function undoing(undo: Undo): (part: Part) => readonly Part[] {
  if (undo.toolNames.size === 0 && undo.customTools.size === 0) return (part) => [part]
  const held = new Map<string, Held>()
  return (part) => {
    switch (part.kind) {
      case 'open': {
        if (part.content.kind !== 'call') return [part]
        const { name } = part.content
        const custom = undo.customTools.has(name)
        if (custom) held.set(keyOf(part), { choice: part.choice, block: part.block, text: '' })
        const content = {
          ...part.content,
          name: undo.toolNames.get(name) ?? name,
          input: custom ? ('custom' as const) : part.content.input,
        }
        return [{ ...part, content }]
      }
      case 'delta': {
        const call = held.get(keyOf(part))
        if (call === undefined) return [part]
        call.text += part.text
        return []
      }
      case 'close': {
        const call = held.get(keyOf(part))
        if (call === undefined) return [part]
        held.delete(keyOf(part))
        return [released(call), part]
      }
      case 'end': {
        // A call that nobody closed has still said something.
        const calls = [...held.values()].filter(({ choice }) => choice === part.choice)
        for (const call of calls) held.delete(keyOf(call))
        return [...calls.map(released), part]
      }
      case 'start':
      case 'cite':
      case 'prove':
      case 'usage':
      case 'finish':
      case 'fault':
        return [part]
    }
  }
}

/** A call of a custom tool, until it is whole. */
interface Held {
  readonly choice: number
  readonly block: number
  text: string
}

const released = ({ choice, block, text }: Held): Part => ({ kind: 'delta', choice, block, text: customText(text) })

const keyOf = ({ choice, block }: { readonly choice: number; readonly block: number }): string => `${choice} ${block}`

/** A model that does not keep to the schema has still said something: it is given as it is. */
const customText = (text: string): string => asText(asObject(parseJson(text))?.['input']) ?? text
