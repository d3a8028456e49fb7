import type { Chat } from '../../chat.ts'
import { customToolNames } from '../../custom-tool.ts'
import type { Json, JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import { loseOwn } from '../../own.ts'
import { type ToolNameRule, type ToolNames, toolNames } from '../../tool-names.ts'
import type { RequestTarget, WrittenRequest } from '../../wire.ts'
import { writeConfig, writeTier } from './config-write.ts'
import { writeContents, writeSystem } from './contents-write.ts'
import { isHome, restored, speltAs, WIRE } from './kept.ts'
import { MODEL, MODELS } from './request-read.ts'
import { respelt } from './spelling.ts'
import { writeToolChoice, writeTools } from './tools-write.ts'
import { lose, type Writing } from './writing.ts'

/** A `generateContent` body. The model and whether it streams are said in the path. */
export function writeRequest(chat: Chat, target: RequestTarget): WrittenRequest {
  const losses = new Losses()
  const home = isHome(chat.own)
  const names = home ? AS_THEY_ARE : toolNames(chat, NAME_RULE)
  const writing: Writing = { chat, target, losses, names, isHome: home }
  loseOwn(chat, WIRE, losses)
  loseSettings(writing)
  const body = restored(bodyOf(writing), chat.own)
  return {
    body: home ? respelt(body, chat.own?.spelt ?? []) : body,
    losses: losses.list(),
    undo: { toolNames: names.originals, customTools: customToolNames(chat, names.sent) },
  }
}

/** Google's documentation of function declarations: a letter or underscore first, at most 64. */
const NAME_RULE: ToolNameRule = { letter: /^[A-Za-z0-9_.:-]$/, first: /^[A-Za-z_]$/, lengthMax: 64 }
const AS_THEY_ARE: ToolNames = { sent: (name) => name, originals: new Map() }

function bodyOf(writing: Writing): JsonObject {
  const { chat } = writing
  return {
    ...field('model', modelOf(writing)),
    ...field('systemInstruction', writeSystem(writing)),
    contents: writeContents(writing),
    ...field('tools', writeTools(writing)),
    ...field('toolConfig', writeToolChoice(writing)),
    ...field('generationConfig', writeConfig(writing)),
    ...field('serviceTier', writeTier(writing)),
    ...field('store', chat.store),
  }
}

const field = (key: string, value: Json | undefined): JsonObject => (value === undefined ? {} : { [key]: value })

/** Only where the client's body had named it too. */
function modelOf({ chat, target }: Writing): string | undefined {
  const collection = speltAs(chat.own, MODEL)
  if (collection === undefined) return undefined
  return target.model.startsWith(MODELS) ? target.model : collection + target.model
}

/** Settings that no Gemini request has a place for. */
function loseSettings({ chat, losses }: Writing): void {
  if (chat.logitBias !== undefined) lose(losses, 'logitBias')
  if (chat.verbosity !== undefined) lose(losses, 'verbosity')
  if (chat.cacheKey !== undefined) lose(losses, 'cacheKey')
  if (chat.cacheAutomatic !== undefined) lose(losses, 'cacheAutomatic')
  if (chat.user !== undefined) lose(losses, 'user')
  if (chat.metadata !== undefined) lose(losses, 'metadata')
}
