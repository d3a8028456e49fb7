import type { Chat } from '../../chat.ts'
import { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import type { JsonObject } from '../../json.ts'
import type { AskedOf } from '../../wire.ts'
import { CallPairs } from './call-pairs.ts'
import { readConfig, readTier } from './config-read.ts'
import { CAME_SO, Kept } from './kept.ts'
import { requestShape } from './shape.ts'
import { inClientsSpelling, inOneSpelling } from './spelling.ts'
import { readToolChoice, readTools } from './tools-read.ts'
import { readTurns } from './turns-read.ts'

/** A `generateContent` body. Model and stream stand in its path. Throws `bad_request` with the path of the field that is wrong. */
export function readRequest(body: JsonObject, asked: AskedOf): Chat {
  const spelled = inOneSpelling(body, requestShape())
  try {
    return readSpelled(new Fields(spelled.body, ''), { asked, spelt: spelled.spelt, calls: new CallPairs('refused') })
  } catch (error) {
    throw inClientsSpelling(error, spelled.spelt)
  }
}

/** What a body in one spelling is read with. */
export interface ReadSpelled {
  readonly asked: AskedOf
  readonly spelt: readonly string[]
  readonly calls: CallPairs
}

/** The same for a body that is in one spelling already. */
export function readSpelled(request: Fields, { asked, spelt, calls }: ReadSpelled): Chat {
  const kept = new Kept([CAME_SO, ...spelt])
  const turns = readTurns(request, calls)
  const tools = readTools(request, kept)
  const toolChoice = readToolChoice(request, kept)
  const config = readConfig(request, kept)
  const serviceTier = readTier(request, kept)
  const store = request.flag('store')
  const model = request.text('model')
  if (model !== undefined) kept.spell(MODEL + (model.startsWith(MODELS) ? MODELS : ''))
  kept.rest(request)
  const own = kept.own()
  return {
    ...asked,
    turns,
    tools,
    ...config,
    ...given({ toolChoice, serviceTier, store, own }),
  }
}

/** The body names the model too, with or without its collection in front. */
export const MODEL = 'model='
export const MODELS = 'models/'
