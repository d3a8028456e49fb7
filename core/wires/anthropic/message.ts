import { sentCallId } from '../../call-id.ts'
import type { Own } from '../../chat.ts'
import { asObject, type JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'
import type { Part, PartContent, Stop } from '../../part.ts'
import { replyId } from '../../reply-id.ts'
import { NO_USAGE } from '../../usage.ts'
import type { WriteReply } from '../../wire.ts'
import { cannot } from './features.ts'
import { keptFields, WIRE } from './kept.ts'
import { CLIENT_CALL_ID } from './names.ts'
import { refusalDetails, writeStop } from './stop.ts'
import { writeUsage } from './usage.ts'

/** Who answers: what stands first in a reply, whole or streamed. */
export function messageHead({ id, model, own }: Head, context: WriteReply): JsonObject {
  return {
    model: model === '' ? context.chat.model : model,
    id: isHome(own) ? id : replyId(id, 'msg_', context),
    type: 'message',
    role: 'assistant',
    ...keptFields(own),
  }
}

/** Whether the vendor speaks this wire too. */
export const isHome = (own: Own | undefined): boolean => own?.wire === WIRE

/** Who answers. */
export type Head = Pick<Extract<Part, { readonly kind: 'start' }>, 'id' | 'model' | 'own'>
/** How an answer ended. */
export type End = { readonly stop: Stop; readonly own?: Own | undefined }
/** What was used. */
export type UsagePart = Pick<Extract<Part, { readonly kind: 'usage' }>, 'usage' | 'serviceTier' | 'own'>

/** Why it ended. `called`: whether a call stands in it. */
export function messageEnd(
  end: End | undefined,
  { called, home }: { readonly called: boolean; readonly home: boolean },
): JsonObject {
  if (end === undefined) return NOT_ENDED
  const { stop, own } = end
  if (home) return { stop_reason: stop.native, stop_sequence: stop.sequence ?? null, ...keptFields(own) }
  return {
    stop_reason: writeStop(stop, called),
    stop_sequence: stop.sequence ?? null,
    stop_details: refusalDetails(stop),
  }
}

/** Before the end, and of an answer of which nobody knows how it ended. */
export const NOT_ENDED: JsonObject = { stop_reason: null, stop_sequence: null }

/** What was used; before the vendor says it, the prompt as we estimate it: clients count on a figure. */
export function messageUsage(part: UsagePart | undefined, { inputEstimate }: WriteReply): JsonObject {
  if (part === undefined) return writeUsage({ ...NO_USAGE, input: inputEstimate }, null)
  return isHome(part.own) ? keptFields(part.own) : writeUsage(part.usage, part.serviceTier)
}

/** A block without its text, as it opens in a stream, or `undefined` where this wire has none of its kind (which is reported). */
export function blockHead(
  content: PartContent,
  own: Own | undefined,
  { home, losses }: { readonly home: boolean; readonly losses: Losses },
): JsonObject | undefined {
  const kept = keptFields(own)
  switch (content.kind) {
    case 'text':
      return { type: 'text', text: '', ...kept }
    case 'refusal':
      losses.addFeature('refusal', cannot)
      return { type: 'text', text: '' }
    case 'reasoning':
      return content.redacted === true
        ? { type: 'redacted_thinking', data: '', ...kept }
        : { type: 'thinking', thinking: '', signature: '', ...kept }
    case 'call':
      return { type: 'tool_use', id: clientCallId(content.id, home), name: content.name, input: {}, ...kept }
    case 'media':
      losses.add({ field: mediaFeature(content.mediaType), what: 'dropped', why: 'an answer holds no media' })
      return undefined
    case 'foreign': {
      if (content.wire === WIRE) return asObject(content.json)
      losses.addForeign(content.type)
      return undefined
    }
  }
}

/** An id of this wire's own vendor goes out as it is, also where it looks like one of ours. */
const clientCallId = (id: string, home: boolean): string => (home ? id : sentCallId(id, CLIENT_CALL_ID))

const mediaFeature = (mediaType: string) => (mediaType.startsWith('audio/') ? 'audio.data' : 'image.data')
