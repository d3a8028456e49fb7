import type { Chat } from '../../chat.ts'
import { customToolNames } from '../../custom-tool.ts'
import { filled, objectsOf } from '../../json-object.ts'
import { JSON_INSTRUCTION } from '../../fit/instruction.ts'
import type { JsonObject } from '../../json.ts'
import { type Feature, Losses } from '../../loss.ts'
import { isSpelt, loseOwn } from '../../own.ts'
import { toolNames } from '../../tool-names.ts'
import type { RequestTarget, WrittenRequest } from '../../wire.ts'
import { withFittingMarks } from './cache-marks.ts'
import { keptFields, WIRE, withKept, writeMark } from './kept.ts'
import { writeTurns } from './messages-write.ts'
import { TOOL_NAME } from './names.ts'
import * as settings from './settings-write.ts'
import { thinkingOn } from './thinking-on.ts'
import { writeToolChoice, writeTools } from './tools-write.ts'
import { lose, type Writing } from './writing.ts'

/** The body for a vendor, and what of the request it cannot say. A body of this wire's own client is written as it was read. */
export function writeRequest(asked: Chat, target: RequestTarget): WrittenRequest {
  const losses = new Losses()
  const home = asked.own?.wire === WIRE
  loseOwn(asked, WIRE, losses)
  const chat = home ? asked : withFittingMarks(asked, losses)
  const names = home ? undefined : toolNames(chat, TOOL_NAME)
  const sentName = (name: string) => names?.sent(name) ?? name
  const writing: Writing = { home, target, losses, sentName }
  for (const feature of unsayable(chat)) lose(writing, feature)
  const body = writeBody(chat, writing)
  const undo = { toolNames: names?.originals ?? new Map(), customTools: customToolNames(chat, sentName) }
  return { body, losses: losses.list(), undo }
}

/** The messages stand last, so that the text of a longer conversation begins with that of a shorter one. */
function writeBody(chat: Chat, writing: Writing): JsonObject {
  const tools = writeTools(chat.tools, writing)
  const { system, messages } = writeTurns(chat.turns, writing)
  const instruction = chat.output?.kind === 'json' ? [{ type: 'text', text: JSON_INSTRUCTION }] : []
  const isSpeltOut = (way: string) => isSpelt(chat.own, WIRE, way)
  const said = filled({
    model: writing.target.model,
    max_tokens: settings.writeLimit(chat, writing),
    stream: chat.stream ? true : isSpeltOut('stream') ? false : undefined,
    tools: tools.length > 0 || isSpeltOut('tools') ? tools : undefined,
    tool_choice: writeToolChoice(chat, tools.length, writing),
    thinking: settings.writeThinking(thinkingOn(chat, messages, writing), writing),
    ...settings.writeOutput(chat, writing),
    stop_sequences: settings.writeStops(chat, writing),
    ...settings.writeSampling(chat, writing),
    ...settings.writeTier(chat, writing),
    metadata: withKept(chat.own, 'metadata', { user_id: chat.user }) ?? (isSpeltOut('metadata') ? {} : undefined),
    cache_control: writeMark(chat.cacheAutomatic, chat.own),
    system: instruction.length === 0 ? system : [...asBlocks(system), ...instruction],
    messages,
  })
  return { ...keptFields(chat.own, OBJECTS), ...said }
}

/** Objects of which a part was read: what is left of them is written with that part. */
const OBJECTS = ['tool_choice', 'output_config', 'metadata', 'cache_control']

const asBlocks = (system: JsonObject['system'] | undefined): readonly JsonObject[] =>
  typeof system === 'string' ? [{ type: 'text', text: system }] : objectsOf(system)

/** Settings that other wires have and this one has not, as far as they ask for something. */
function unsayable(chat: Chat): readonly Feature[] {
  const asked: readonly (readonly [Feature, boolean])[] = [
    ['presencePenalty', chat.presencePenalty !== undefined],
    ['frequencyPenalty', chat.frequencyPenalty !== undefined],
    ['seed', chat.seed !== undefined],
    ['logitBias', Object.keys(chat.logitBias ?? {}).length > 0],
    ['logprobs', chat.logprobs !== undefined],
    ['choices', (chat.choices ?? 1) > 1],
    ['verbosity', chat.verbosity !== undefined],
    ['cacheKey', chat.cacheKey !== undefined],
    ['store', chat.store === true],
    ['metadata', Object.keys(chat.metadata ?? {}).length > 0],
  ]
  return asked.flatMap(([feature, isAsked]) => (isAsked ? [feature] : []))
}
