import type { Turn } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import type { CallPairs } from './call-pairs.ts'
import { Kept } from './kept.ts'
import { joinedTurns } from './layout.ts'
import { readPart } from './parts-read.ts'

/** The system prompt and the conversation. Throws `bad_request` with the path of what is wrong. */
export function readTurns(request: Fields, calls: CallPairs): readonly Turn[] {
  const system = request.object('systemInstruction')
  const contents = request.objects('contents')
  if (contents === undefined) throw badField(request.path('contents'), 'is required')
  return [
    ...(system === undefined ? [] : [readSystem(system, calls)]),
    ...joinedTurns(contents.map((one) => readContent(one, calls))),
  ]
}

/** How a content was spelt. */
export const NO_PARTS_OF_TURN = 'no parts'
export const NO_ROLE = 'no role'
export const FUNCTION_ROLE = 'role function'
export const SYSTEM_ROLE = 'role='

/** Its role is whatever the client likes (the official SDK writes `user`), the vendor does not look at it: nothing is lost with it. */
function readSystem(content: Fields, calls: CallPairs): Turn {
  const kept = new Kept()
  const role = content.json['role']
  if (typeof role === 'string') {
    content.text('role')
    kept.spell(SYSTEM_ROLE + role)
  }
  return finished('system', { content, kept, blocks: readParts(content, { kept, isModel: false, calls }) })
}

function readContent(content: Fields, calls: CallPairs): Turn {
  const kept = new Kept()
  const role = content.text('role')
  if (role === undefined) kept.spell(NO_ROLE)
  if (role === 'function') kept.spell(FUNCTION_ROLE)
  if (role !== undefined && !ROLES.has(role)) throw badField(content.path('role'), "must be 'user' or 'model'")
  const isModel = role === 'model' || (role === undefined && calledIn(content))
  calls.turn(isModel)
  const blocks = readParts(content, { kept, isModel, calls })
  return finished(isModel ? 'assistant' : 'user', { content, kept, blocks })
}

/** `function` is an old word for the user's side. */
const ROLES = new Set(['user', 'model', 'function'])

/** Without a role a content is the user's, but only a model calls. */
const calledIn = (content: Fields): boolean =>
  content.objects('parts')?.some((part) => part.has('functionCall')) === true

interface ReadContext {
  readonly kept: Kept
  readonly isModel: boolean
  readonly calls: CallPairs
}

function readParts(content: Fields, { kept, isModel, calls }: ReadContext): Turn['blocks'] {
  const parts = content.objects('parts')
  if (parts === undefined) kept.spell(NO_PARTS_OF_TURN)
  return (parts ?? []).map((part) => readPart(part, { isModel, calls }))
}

interface TurnParts {
  readonly content: Fields
  readonly kept: Kept
  readonly blocks: Turn['blocks']
}

function finished(role: Turn['role'], { content, kept, blocks }: TurnParts): Turn {
  kept.rest(content)
  const own = kept.own()
  return { role, blocks, ...(own === undefined ? {} : { own }) }
}
