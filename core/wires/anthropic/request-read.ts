import type { Chat, Tool } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import type { JsonObject } from '../../json.ts'
import type { AskedOf } from '../../wire.ts'
import { readMark, WIRE } from './kept.ts'
import { readMessages, readSystem } from './messages-read.ts'
import { type ReadSettings, readOutput, readTier } from './settings-read.ts'
import { readToolChoice, readTools } from './tools-read.ts'

/** A client's body. Throws `bad_request` with the path of the field that is wrong; what this file does not know is kept for the way home. */
export function readRequest(body: JsonObject, asked: AskedOf): Chat {
  const fields = new Fields(body, '')
  const turns = [...readSystem(fields), ...readMessages(fields)]
  const tools = readTools(fields)
  const groups = [
    readScalars(fields),
    readCache(fields),
    readUser(fields),
    readChoice(fields, tools),
    readOutput(fields),
    readTier(fields),
  ]
  const asChat: Chat = {
    model: fields.text('model') ?? asked.model,
    stream: fields.flag('stream') ?? asked.stream,
    turns,
    tools,
  }
  const chat = groups.reduce<Chat>((whole, { said }) => ({ ...whole, ...said }), asChat)
  const left = groups.reduce<JsonObject>((all, group) => ({ ...all, ...group.left }), {})
  return { ...chat, own: { wire: WIRE, fields: { ...fields.rest(), ...left }, spelt: speltOf(body, groups) } }
}

/** Always something: by it the writer knows a body of its own wire, which goes back as it came. */
function speltOf(body: JsonObject, groups: readonly ReadSettings[]): readonly string[] {
  const empty = body['stream'] === false ? ['stream'] : []
  return ['home', ...empty, ...(Array.isArray(body['tools']) ? ['tools'] : []), ...groups.flatMap(({ spelt }) => spelt)]
}

function readScalars(fields: Fields): ReadSettings {
  const outputTokensMax = fields.count('max_tokens')
  if (outputTokensMax === undefined) throw badField('max_tokens', 'is required')
  const stops = fields.texts('stop_sequences')
  const temperature = fields.number('temperature')
  const topP = fields.number('top_p')
  const topK = fields.number('top_k')
  const said = {
    outputTokensMax,
    ...given({ stops, temperature, topP, topK }),
  }
  return { said, left: {}, spelt: [] }
}

/** The vendor places its cache marks by itself. */
function readCache(fields: Fields): ReadSettings {
  const { mark, left } = readMark(fields)
  return {
    said: mark.cacheMark === undefined ? {} : { cacheAutomatic: mark.cacheMark },
    left: Object.keys(left).length === 0 ? {} : { cache_control: left },
    spelt: [],
  }
}

function readUser(fields: Fields): ReadSettings {
  const metadata = fields.object('metadata')
  if (metadata === undefined) return { said: {}, left: {}, spelt: [] }
  const user = metadata.text('user_id')
  const rest = metadata.rest()
  const isEmpty = Object.keys(metadata.json).length === 0
  return {
    said: user === undefined ? {} : { user },
    left: Object.keys(rest).length === 0 ? {} : { metadata: rest },
    spelt: isEmpty ? ['metadata'] : [],
  }
}

function readChoice(fields: Fields, tools: readonly Tool[]): ReadSettings {
  const { said, left } = readToolChoice(fields, tools)
  return { said, left: Object.keys(left).length === 0 ? {} : { tool_choice: left }, spelt: [] }
}
