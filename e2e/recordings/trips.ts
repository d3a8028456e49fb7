import { type Capabilities, dialectOf } from '../../core/capabilities.ts'
import type { Chat, WireId } from '../../core/chat.ts'
import { asking } from '../../core/contract/chat-parts.ts'
import { eventsIn, readEvents, writtenStream } from '../../core/contract/streams.ts'
import { fit } from '../../core/fit.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Loss } from '../../core/loss.ts'
import type { Part } from '../../core/part.ts'
import { anthropic } from '../../core/providers/anthropic.ts'
import { gemini } from '../../core/providers/gemini.ts'
import { openai } from '../../core/providers/openai.ts'
import type { ReadReply, RequestTarget, StreamEvent, Wire, WriteReply } from '../../core/wire.ts'
import { CATALOG_FOLDER, loadCatalog } from '../../server/world/catalog-files.ts'
import type { Recording } from './load.ts'

/** A request on its way to another wire. */
export interface RequestTrip {
  readonly chat: Chat
  readonly body: JsonObject
  readonly losses: readonly Loss[]
}

/** The account that the recordings came from. */
export const ACCOUNT = 'recorded'
/** One that they did not come from. */
export const OTHER_ACCOUNT = 'another'

/** What a recorded client asked, written for the vendor of another wire, and for the model that its own request names. */
export function requestTrip(
  recording: Recording,
  { from, to, native }: { readonly from: Wire; readonly to: Wire; readonly native: Recording | undefined },
): RequestTrip {
  const chat = readRequest(from, recording)
  const model = native?.model ?? 'model'
  const capabilities: Capabilities = native === undefined ? {} : CATALOG.factsOf(model)
  const fitted = fit(chat, capabilities, { stream: chat.stream, wire: to.id })
  const dialect = { ...VENDORS[to.id].dialect, ...dialectOf(fitted.chat, capabilities) }
  const target: RequestTarget = {
    model,
    account: ACCOUNT,
    outputTokensMax: 64_000,
    dialect,
    ...(from === to ? {} : { foreign: true as const }),
  }
  const { body, losses } = to.request.write(fitted.chat, target)
  return { chat, body, losses: [...fitted.losses, ...losses] }
}

/** What a recorded client asked. */
export const readRequest = (wire: Wire, { request, model, stream }: Recording): Chat =>
  wire.request.read(request ?? {}, { model, stream: request === null ? false : isStreamed(wire, request, stream) })

/** On the wire where the path says it, what was recorded says it. */
const isStreamed = ({ id }: Wire, request: JsonObject, stream: Recording['stream']): boolean =>
  id === 'gemini' ? stream !== null : request['stream'] === true

/** A reply on its way to a client of another wire. */
export interface ReplyTrip {
  readonly body: JsonObject
  readonly losses: readonly Loss[]
}

/** A recorded reply, written for a client of another wire. */
export function replyTrip(reply: JsonObject, { from, to, flavour }: Trip): ReplyTrip {
  return to.reply.write(from.reply.read(reply, readReply(flavour)), WRITE)
}

/** The same for a stream, and what was lost on the way. */
export function streamTrip(
  events: readonly StreamEvent[],
  { from, to, flavour }: Trip,
): { readonly events: readonly StreamEvent[]; readonly losses: readonly Loss[] } {
  const writer = to.stream.writer(WRITE)
  const parts = readEvents(from, events, readReply(flavour))
  const text = parts.map((part) => (part.kind === 'fault' ? writer.fault(part.fault) : writer.push(part))).join('')
  return { events: eventsIn(text), losses: writer.losses() }
}

export interface Trip {
  readonly from: Wire
  readonly to: Wire
  readonly flavour: ReadReply['flavour']
}

/** How the recorded vendors are read. */
export const readReply = (flavour: ReadReply['flavour']): ReadReply => ({
  flavour,
  account: ACCOUNT,
  spendLimitCodes: ['insufficient_quota'],
  endsWithDone: true,
})

/** How the clients are written for. */
export const WRITE: WriteReply = {
  requestId: 'req_recordings',
  createdAt: 1_790_000_000,
  inputEstimate: 10,
  usageAsked: true,
  chat: asking({}),
}

/** The stream that a client of the wire gets for these parts. */
export const streamOf = (wire: Wire, parts: readonly Part[]): readonly StreamEvent[] =>
  eventsIn(writtenStream(wire, parts, WRITE))

const CATALOG = loadCatalog(CATALOG_FOLDER)

/** The vendor that each wire was recorded from. */
const VENDORS: { readonly [wire in WireId]: { readonly dialect?: RequestTarget['dialect'] } } = {
  'openai-chat': openai,
  'openai-responses': openai,
  anthropic,
  gemini,
}
