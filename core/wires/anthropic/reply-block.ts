import type { WholeBlock } from '../../collect.ts'
import { Fields } from '../../fields.ts'
import type { JsonObject } from '../../json.ts'
import { inputText } from './call-input.ts'
import { readCitations } from './citations.ts'
import { keptOf, WIRE } from './kept.ts'
import { NO_SIGNATURE } from './blocks-read.ts'

/**
 * A content block of a reply, whole or as it opens in a stream: then its text is only what the opening itself holds, which for a call is no
 * more than a guess. Throws as `Fields` does; the caller says whose fault it is.
 */
export function readReplyBlock(json: JsonObject, path: string, account: string): WholeBlock {
  const fields = new Fields(json, path)
  const type = fields.textNeeded('type')
  switch (type) {
    case 'text':
      return readText(fields)
    case 'thinking':
      return readThinking(fields, account)
    case 'redacted_thinking': {
      const proof = { wire: WIRE, account, data: fields.textNeeded('data') } as const
      return { content: { kind: 'reasoning', redacted: true }, text: '', citations: [], proof, ...keptOf(fields) }
    }
    case 'tool_use':
      return readCall(fields)
    default:
      return { content: { kind: 'foreign', wire: WIRE, type, json }, text: '', citations: [] }
  }
}

function readText(fields: Fields): WholeBlock {
  const text = fields.textNeeded('text')
  const citations = readCitations(fields)
  const kept = keptOf(fields, {}, citations?.length === 0 ? [NO_CITATIONS] : [])
  return { content: { kind: 'text' }, text, citations: citations ?? [], ...kept }
}

/** How a text was spelt: with a list of citations that holds none. */
export const NO_CITATIONS = 'no-citations'

function readThinking(fields: Fields, account: string): WholeBlock {
  const text = fields.textNeeded('thinking')
  const data = fields.text('signature')
  const kept = keptOf(fields, {}, data === undefined ? [NO_SIGNATURE] : [])
  const proof = data === undefined || data === '' ? {} : { proof: { wire: WIRE, account, data } as const }
  return { content: { kind: 'reasoning' }, text, citations: [], ...proof, ...kept }
}

function readCall(fields: Fields): WholeBlock {
  const id = fields.textNeeded('id')
  const name = fields.textNeeded('name')
  const text = inputText(fields.any('input'))
  return { content: { kind: 'call', id, name, input: 'function' }, text, citations: [], ...keptOf(fields) }
}
