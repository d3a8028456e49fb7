import { type CollectedChoice, collect } from '../../collect.ts'
import type { Citation } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import type { Part } from '../../part.ts'
import type { WriteReply, WrittenReply } from '../../wire.ts'
import { writeGrounding } from './citations.ts'
import { isHome, restored, speltAs, WIRE } from './kept.ts'
import { EMPTY_CANDIDATES } from './reply-parts.ts'
import {
  blockedPrompt,
  endedCandidate,
  isBlocked,
  loseLogprobs,
  type ReplyWriting,
  replyPart,
} from './reply-writing.ts'
import { writeUsage } from './usage.ts'

/** A whole reply. */
export function writeReply(parts: readonly Part[], context: WriteReply): WrittenReply {
  const reply = collect(parts)
  const losses = new Losses()
  const writing: ReplyWriting = { isHome: isHome(reply.own), losses }
  loseLogprobs(context, writing)
  const [only] = reply.choices
  const blocked = reply.choices.length === 1 && only !== undefined && isBlocked(only) ? only : undefined
  const said =
    blocked === undefined
      ? { candidates: reply.choices.map((choice) => candidate(choice, writing)) }
      : {
          ...feedback(blocked, { writing, own: reply.own }),
          ...(speltAs(reply.own, EMPTY_CANDIDATES) === undefined ? {} : { candidates: [] }),
        }
  const { usage } = reply
  const usageMetadata = usage === undefined ? {} : { usageMetadata: usageOf(usage, writing) }
  const body = { ...said, ...usageMetadata, ...replyNames(reply, { context, writing }) }
  return { body: restored(restored(body, reply.own), reply.finishOwn), losses: losses.list() }
}

/** The names of a reply; a vendor of this wire that gave none is not given any. */
export function replyNames(
  { id, model }: { readonly id: string; readonly model: string },
  { context, writing }: { readonly context: WriteReply; readonly writing: ReplyWriting },
): JsonObject {
  const modelVersion = model === '' && !writing.isHome ? context.chat.model : model
  const responseId = id === '' && !writing.isHome ? context.requestId : id
  return { ...(modelVersion === '' ? {} : { modelVersion }), ...(responseId === '' ? {} : { responseId }) }
}

type UsagePart = Pick<Extract<Part, { kind: 'usage' }>, 'usage' | 'serviceTier' | 'own'>

/** At home the vendor's own count, with all of its details. */
export const usageOf = ({ usage, serviceTier, own }: UsagePart, { isHome: home }: ReplyWriting): JsonObject =>
  home && own?.wire === WIRE ? own.fields : writeUsage(usage, serviceTier)

/** What stands for the candidates of a refused prompt; at home the reply has kept it itself. */
export const feedback = (
  choice: CollectedChoice,
  { writing, own }: { readonly writing: ReplyWriting; readonly own: CollectedChoice['own'] },
): JsonObject =>
  own?.wire === WIRE && own.fields['promptFeedback'] !== undefined ? {} : blockedPrompt(choice, writing)

function candidate(choice: CollectedChoice, writing: ReplyWriting): JsonObject {
  const parts = choice.blocks.map((block) => replyPart(block, writing)).filter((part) => part !== undefined)
  const ended = endedCandidate(choice, parts, writing)
  const grounding = writing.isHome ? undefined : writeGrounding(textOf(choice), citationsOf(choice), writing.losses)
  return grounding === undefined ? ended : { ...ended, groundingMetadata: grounding }
}

const textOf = ({ blocks }: CollectedChoice): string =>
  blocks.map(({ content, text }) => (content.kind === 'text' ? text : '')).join('')

/** By their place in the candidate's whole text. */
function citationsOf({ blocks }: CollectedChoice): readonly Citation[] {
  let start = 0
  return blocks.flatMap(({ content, text, citations }) => {
    if (content.kind !== 'text') return []
    const from = start
    start += text.length
    return citations.map((citation) => shifted(citation, { from, length: text.length }))
  })
}

/** A citation of a block, in a text in which the block begins at `from`. Without a place it is of the whole block. */
export const shifted = (
  citation: Citation,
  { from, length }: { readonly from: number; readonly length: number },
): Citation => ({
  ...citation,
  start: from + (citation.start ?? 0),
  end: from + (citation.end ?? length),
})
