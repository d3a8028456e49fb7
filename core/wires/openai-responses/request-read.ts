import type { Chat } from '../../chat.ts'
import { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import type { JsonObject } from '../../json.ts'
import type { AskedOf } from '../../wire.ts'
import { readInput } from './input-read.ts'
import { readSettings } from './settings-read.ts'
import { WIRE } from './spelling.ts'
import { readTool, readToolChoice } from './tools-read.ts'

/**
 * What a client of this wire asks. It always leaves `own` on the Chat, even when there is nothing in it: by that the writer knows its
 * own bodies, and leaves their privacy to their client. Throws `bad_request` with the path of the field that is wrong.
 */
export function readRequest(json: JsonObject, asked: AskedOf): Chat {
  const body = Fields.of(json, '')
  const model = body.text('model') ?? asked.model
  const stream = body.flag('stream')
  const tools = body.objects('tools')
  const offered = tools?.map(readTool) ?? []
  const toolChoice = readToolChoice(body, offered)
  const parallelCalls = body.flag('parallel_tool_calls')
  const input = readInput(body)
  const settings = readSettings(body)
  const spelt = [
    ...input.spelt,
    ...settings.spelt,
    ...(stream === false ? ['not streamed'] : []),
    ...(tools?.length === 0 ? ['no tools'] : []),
  ]
  return {
    model,
    stream: stream ?? asked.stream,
    turns: input.turns,
    tools: offered,
    ...given({ toolChoice, parallelCalls }),
    ...settings.chat,
    own: { wire: WIRE, fields: { ...body.rest(), ...settings.fields }, spelt },
  }
}
