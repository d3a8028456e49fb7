import type { ModelFacts } from '../capabilities.ts'
import type { Chat } from '../chat.ts'
import type { Losses } from '../loss.ts'
import { withInstruction } from './instruction.ts'

/** A model without a mode for schemas is told the schema; a forced tool would do it too, but takes the tools that the client brought out of play. */
export function fitSchema(chat: Chat, { schemaOutput }: ModelFacts, losses: Losses): Chat {
  const { output, ...rest } = chat
  if (output?.kind !== 'schema' || schemaOutput !== false) return chat
  losses.add({ field: 'output.schema', what: 'emulated', why: 'the model is told the schema and not held to it' })
  return withInstruction(rest, `${INSTRUCTION}\n${JSON.stringify(output.schema)}`)
}

const INSTRUCTION =
  'Answer with one JSON value and nothing else: no explanation and no code fence. It must be valid against this JSON Schema:'
