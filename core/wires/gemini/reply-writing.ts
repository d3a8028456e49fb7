import { isMadeCallId } from '../../call-id.ts'
import type { CollectedBlock, CollectedChoice } from '../../collect.ts'
import { asObject, type JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'
import { ownFields } from '../../own.ts'
import type { PartContent, Stop } from '../../part.ts'
import type { WriteReply } from '../../wire.ts'
import { NO_CONTENT, NO_INDEX, NO_PARTS_OF_CONTENT, NO_ROLE_OF_CONTENT } from './candidate-read.ts'
import { restored, speltAs, WIRE } from './kept.ts'
import { laidOut } from './layout.ts'
import { argumentsOf } from './object-text.ts'
import { ID, NO_TEXT } from './parts-read.ts'
import { signatureOf, UNSIGNED_CALL } from './signature.ts'
import { finishReasonOf } from './stop.ts'

/** What every writer of a piece of a reply is given. */
export interface ReplyWriting {
  /** Whether Gemini itself has answered. */
  readonly isHome: boolean
  readonly losses: Losses
}

/** Log probabilities that were asked for: no other wire's reader hands them on. */
export function loseLogprobs({ chat }: WriteReply, { isHome, losses }: ReplyWriting): void {
  if (isHome || chat.logprobs === undefined) return
  losses.addLogprobs()
}

/** A block of a reply as a part; `undefined` (and a loss) for what only another vendor knows. */
export function replyPart(block: CollectedBlock, writing: ReplyWriting): JsonObject | undefined {
  const part = bare(block, writing)
  if (part === undefined) return undefined
  const signature = signatureFor(block, writing)
  return restored(signature === undefined ? part : { ...part, thoughtSignature: signature }, block.own)
}

function signatureFor({ proof, content }: CollectedBlock, { isHome }: ReplyWriting): string | undefined {
  if (proof !== undefined) return signatureOf(proof, content.kind === 'reasoning' && content.redacted === true)
  return content.kind === 'call' && !isHome ? UNSIGNED_CALL : undefined
}

/** The end of a candidate, with whatever of its content is still to be said. */
export function endedCandidate(
  choice: CollectedChoice,
  parts: readonly JsonObject[],
  { isHome }: ReplyWriting,
): JsonObject {
  const { index, stop, own } = choice
  const words = new Set(own?.wire === WIRE ? own.spelt : [])
  const role =
    words.has(NO_ROLE_OF_CONTENT) || ownFields(own, WIRE)['content.role'] !== undefined ? {} : { role: 'model' }
  const cut = isHome ? laidOut(parts, own).flat() : parts
  // Clients look for a part in every candidate.
  const some = cut.length === 0 && !isHome ? [{ text: '' }] : cut
  const content = { ...(words.has(NO_PARTS_OF_CONTENT) && some.length === 0 ? {} : { parts: some }), ...role }
  return restored(
    {
      ...(words.has(NO_CONTENT) && some.length === 0 ? {} : { content }),
      ...(stop === undefined ? {} : { finishReason: nativeEnd(stop, { isHome, blocks: choice.blocks }) }),
      ...(words.has(NO_INDEX) ? {} : { index }),
    },
    own,
  )
}

/** Whether this is an answer that never was: the prompt was refused. */
export const isBlocked = ({ stop, blocks }: CollectedChoice): boolean =>
  stop?.reason === 'blocked' && blocks.length === 0

/** What stands there instead of candidates. */
export const blockedPrompt = ({ stop }: CollectedChoice, { isHome }: ReplyWriting): JsonObject => ({
  promptFeedback: { blockReason: (isHome ? stop?.native : undefined) ?? 'PROHIBITED_CONTENT' },
})

function bare({ content, text, own }: CollectedBlock, writing: ReplyWriting): JsonObject | undefined {
  switch (content.kind) {
    case 'text':
      return speltAs(own, NO_TEXT) === undefined ? { text } : {}
    case 'reasoning':
      return speltAs(own, NO_TEXT) === undefined ? { text, thought: true } : { thought: true }
    case 'refusal':
      writing.losses.add({ field: 'refusal', what: 'emulated', why: 'a refusal is told as a text' })
      return { text }
    case 'call':
      return {
        functionCall: { ...idOf(content.id, speltAs(own, ID)), name: content.name, ...argsOf(content, text, writing) },
      }
    case 'media':
      return { inlineData: { mimeType: content.mediaType, data: content.base64 } }
    case 'foreign': {
      const json = content.wire === WIRE ? asObject(content.json) : undefined
      if (json === undefined) writing.losses.addForeign(content.type)
      return json
    }
  }
}

const idOf = (id: string, spelt: string | undefined): JsonObject => {
  if (spelt !== undefined) return { id: spelt }
  return id === '' || isMadeCallId(id) ? {} : { id }
}

/** Arguments that broke off are no arguments: the vendor's own word for a call that is not complete stands there (wire-formats 1.8, trap 48). */
function argsOf(content: Extract<PartContent, { kind: 'call' }>, text: string, { isHome }: ReplyWriting): JsonObject {
  if (content.input === 'custom') return { args: { input: text } }
  if (text === '' && isHome) return {}
  const args = argumentsOf(text)
  return args === undefined ? { willContinue: true } : { args }
}

const isBroken = ({ content, text }: CollectedBlock): boolean =>
  content.kind === 'call' && content.input === 'function' && argumentsOf(text) === undefined

interface Ending extends Pick<ReplyWriting, 'isHome'> {
  readonly blocks: readonly CollectedBlock[]
}

/** The vendor's own word at home. A call that nobody can read is no good end, and a refusal is told by the reason. */
function nativeEnd({ reason, native }: Stop, { isHome, blocks }: Ending): string {
  if (isHome && native !== null) return native
  const isNatural = finishReasonOf(reason) === 'STOP'
  if (isNatural && blocks.some(isBroken)) return finishReasonOf('broken-call')
  if (isNatural && blocks.some(({ content }) => content.kind === 'refusal')) return finishReasonOf('refusal')
  return finishReasonOf(reason)
}
