import { type Capabilities, dialectOf, needsResponses } from './capabilities.ts'
import type { Chat, WireId } from './chat.ts'
import { Fault } from './fault.ts'
import type { ForcedCall } from './fit/tool-choice.ts'
import { badField } from './fields.ts'
import { fit, type Fitted } from './fit.ts'
import { asObject, type JsonObject } from './json.ts'
import { type Loss, type LossMode, spelt } from './loss.ts'
import type { AskedOf, ClientForm, Dialect, Undo } from './wire.ts'
import { type FormId, forms } from './wires/forms.ts'
import { wires } from './wires/index.ts'

/** A request and whom it is for: plain data, because large ones are translated by another thread. */
export interface ToTranslate {
  readonly form: FormId
  readonly asked: AskedOf
  /** The wires that the vendor speaks, the one to translate to first. */
  readonly spoken: readonly [WireId, ...WireId[]]
  readonly model: string
  readonly account: string
  readonly outputTokensMax: number | null
  readonly capabilities: Capabilities
  readonly dialect: Dialect
  /** Whether the vendor may keep conversations of clients that do not say. */
  readonly store: boolean
  readonly lossMode: LossMode
  /** Whether the vendor reports usage in a stream only when it is asked to. */
  readonly usageOnRequest: boolean
}

export interface Translated {
  readonly wire: WireId
  readonly body: Uint8Array
  readonly losses: readonly Loss[]
  readonly undo: Undo
  /** Calls that were demanded and could only be asked for. */
  readonly force: ForcedCall | undefined
  /** What was asked, of the conversation only the system turns in front: what a reply repeats. */
  readonly chat: Chat
}

/**
 * Says a client's request in a vendor's wire: read into the canonical form, fitted to what the model can do, and written. What cannot be said
 * is listed, or, where the route is strict, refused with the name of the field. Throws `bad_request` for a body that is malformed.
 */
export function translateRequest(json: JsonObject, target: ToTranslate): Translated {
  const form = forms[target.form]
  const chat = form.read(json, target.asked)
  refuseUnknown(chat)
  const { wire, fitted } = inWordsOf(form, () => fitToWire(chat, target))
  if (wire !== 'openai-responses') refuseState(chat)
  const written = wires[wire].request.write(unkept(fitted.chat, wire, target), {
    model: target.model,
    account: target.account,
    outputTokensMax: target.outputTokensMax,
    dialect: { ...target.dialect, ...dialectOf(fitted.chat, target.capabilities) },
    ...(wire === form.wire.id ? {} : { foreign: true as const }),
  })
  const told = [...fitted.losses, ...written.losses.map((loss) => ofAsked(loss, chat))]
  const losses = told.map((loss) => spelt(ofTurns(loss, form), form.wire))
  refuseLoss(losses, target.lossMode)
  const body = encoder.encode(JSON.stringify(withUsage(written.body, wire, target)))
  return { wire, body, losses, undo: written.undo, force: fitted.force, chat: { ...chat, turns: leadingSystem(chat) } }
}

/** A writer knows the budget that an effort was made into; the client hears of what it asked for. */
function ofAsked(loss: Loss, { reasoning }: Chat): Loss {
  const isMadeHere = loss.field === 'reasoning.budget' && typeof reasoning?.mode !== 'object'
  return isMadeHere && reasoning?.effort !== undefined ? { ...loss, field: 'reasoning.effort' } : loss
}

/** The first wire that the vendor speaks, unless this model takes what is asked on another one only; what it takes may depend on that. */
function fitToWire(
  chat: Chat,
  { spoken, capabilities }: ToTranslate,
): { readonly wire: WireId; readonly fitted: Fitted } {
  const [first] = spoken
  const fitted = fit(chat, capabilities, { stream: chat.stream, wire: first })
  const bridged =
    first === 'openai-chat' && spoken.includes('openai-responses') && needsResponses(fitted.chat, capabilities)
  if (!bridged) return { wire: first, fitted }
  return {
    wire: 'openai-responses',
    fitted: fit(chat, capabilities, { stream: chat.stream, wire: 'openai-responses' }),
  }
}

/** What the meter needs at the end of a stream; the writer of the reply shows it only to a client that asked. */
function withUsage(body: JsonObject, wire: WireId, { usageOnRequest, asked }: ToTranslate): JsonObject {
  if (wire !== 'openai-chat' || !usageOnRequest || !asked.stream) return body
  return { ...body, stream_options: { ...asObject(body['stream_options']), include_usage: true } }
}

/** Where the vendor keeps conversations unless it is told not to, it is told (wire-formats 0, point 8). */
const unkept = (chat: Chat, wire: WireId, { store }: ToTranslate): Chat =>
  wire === 'gemini' && chat.store === undefined && !store ? { ...chat, store: false } : chat

/** Names what is wrong with the conversation by the client's own word for it: which of its messages became which turn only its reader knows. */
function inWordsOf<Result>(form: ClientForm, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Fault) || error.field?.startsWith('turns[') !== true) throw error
    const { code, message, reason } = error
    throw new Fault(code, message, { field: TURNS[form.wire.id], ...(reason === undefined ? {} : { reason }) })
  }
}

function leadingSystem({ turns }: Chat): Chat['turns'] {
  const first = turns.findIndex(({ role }) => role !== 'system')
  return first < 0 ? turns : turns.slice(0, first)
}

/** A loss of the conversation as a whole, or of a field that only the client's wire has in its messages and their parts, by that wire's words for these. */
function ofTurns(loss: Loss, { wire }: ClientForm): Loss {
  const [place = '', ...rest] = loss.field.split('.')
  const turns = TURNS[wire.id]
  const words = new Map([
    ['turns', turns],
    ['messages', turns],
    ['content', `${turns}.${wire.id === 'gemini' ? 'parts' : 'content'}`],
  ])
  const word = words.get(place)
  return word === undefined ? loss : { ...loss, field: [word, ...rest].join('.') }
}

const TURNS: { readonly [wire in WireId]: string } = {
  'openai-chat': 'messages',
  'openai-responses': 'input',
  anthropic: 'messages',
  gemini: 'contents',
}

/**
 * What a client says in words that its own wire does not know, or no longer, cannot be left out like a mark of the vendor's: the model would
 * answer another question. In the model's own turns it may be what a newer version of the wire's vendor said, which nobody else can read.
 */
function refuseUnknown({ turns }: Chat): void {
  for (const { role, blocks } of turns) {
    const said =
      role === 'assistant' ? [] : blocks.flatMap((block) => (block.kind === 'result' ? block.blocks : [block]))
    for (const block of said) {
      if (block.kind !== 'foreign' || block.unknownAt === undefined) continue
      throw badField(block.unknownAt, `'${block.type.slice(0, 64)}' is no kind of content that could be translated`)
    }
  }
}

/** State that one vendor keeps means nothing to another: to leave it out would answer another question. */
function refuseState({ own, store }: Chat): void {
  if (own?.wire !== 'openai-responses') return
  const { fields } = own
  const asked = STATE.find((field) => (fields[field] ?? null) !== null && fields[field] !== false)
  const field = asked ?? (store === true ? 'store' : undefined)
  if (field !== undefined) throw badField(field, 'keeps state at OpenAI, and this model is served by another provider')
}

const STATE = ['previous_response_id', 'conversation', 'background', 'prompt'] as const

/** Throws `bad_request` with the name of what would be lost, where nothing may be. */
export function refuseLoss(losses: readonly Loss[], mode: LossMode): void {
  const [first] = losses
  if (first === undefined || mode !== 'strict') return
  const message = `'${first.field}' would be ${first.what} on the way to the provider (${first.why}), and this route is strict`
  throw new Fault('bad_request', message, { field: first.field, reason: 'lossy' })
}

const encoder = new TextEncoder()
