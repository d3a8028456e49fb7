import { type CollectedBlock, collect } from '../../collect.ts'
import { filled } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import { isSpelt } from '../../own.ts'
import type { Part } from '../../part.ts'
import { UNSIGNED } from '../../proof.ts'
import type { WriteReply, WrittenReply } from '../../wire.ts'
import { isBlank, NO_SIGNATURE } from './blocks-read.ts'
import { inputObject } from './call-input.ts'
import { carrier, type Place, signatureFor } from './carried-proof.ts'
import { losePlace, writeCitation } from './citations.ts'
import { WIRE } from './kept.ts'
import { blockHead, isHome, messageEnd, messageHead, messageUsage } from './message.ts'
import { NO_CITATIONS } from './reply-block.ts'

/** A whole reply for a client: with everything that the API promises, whichever vendor it came from. */
export function writeReply(parts: readonly Part[], context: WriteReply): WrittenReply {
  const losses = new Losses()
  const reply = collect(parts)
  const home = isHome(reply.own)
  const [choice, ...others] = reply.choices
  if (others.length > 0) losses.add({ field: 'choices', what: 'dropped', why: 'an answer is one message' })
  const content = (choice?.blocks ?? []).flatMap((block) => writeReplyBlock(block, { home, losses }))
  const called = content.some(({ type }) => type === 'tool_use')
  const end = choice?.stop === undefined ? undefined : { stop: choice.stop, own: choice.own }
  const body = filled({
    ...messageHead(reply, context),
    content,
    ...messageEnd(end, { called, home }),
    usage: reply.usage === undefined && home ? undefined : messageUsage(reply.usage, context),
  })
  return { body, losses: losses.list() }
}

interface Writing {
  readonly home: boolean
  readonly losses: Losses
}

/** A block, with the proof that it may carry beside it. Nothing where nothing stands in it: a client would send it back, to be refused. */
function writeReplyBlock(block: CollectedBlock, { home, losses }: Writing): readonly JsonObject[] {
  const head = blockHead(block.content, block.own, { home, losses })
  if (head === undefined) return []
  switch (block.content.kind) {
    case 'text':
    case 'refusal': {
      const said = isBlank(block.text) && !home ? [] : [withText(head, block)]
      for (const citation of block.citations) losePlace(citation, losses)
      return [...said, ...carried(block, 'behind')]
    }
    case 'reasoning':
      return block.content.redacted === true ? hidden(head, block) : thought(head, block, home)
    case 'call': {
      const input = block.content.input === 'custom' ? { input: block.text } : inputObject(block.text)
      return [...carried(block, 'ahead'), { ...head, input }]
    }
    case 'media':
    case 'foreign':
      return [head]
  }
}

function withText(head: JsonObject, { text, citations, own }: CollectedBlock): JsonObject {
  const isListed = citations.length > 0 || isSpelt(own, WIRE, NO_CITATIONS)
  return { ...head, text, ...(isListed ? { citations: citations.map(writeCitation) } : {}) }
}

const hidden = (head: JsonObject, { proof }: CollectedBlock): readonly JsonObject[] =>
  proof === undefined ? [] : [{ ...head, data: signatureFor(proof) }]

function thought(head: JsonObject, { text, proof, own }: CollectedBlock, home: boolean): readonly JsonObject[] {
  if (text === '' && proof === undefined && !home) return []
  const { signature: _, ...unsigned } = head
  if (isSpelt(own, WIRE, NO_SIGNATURE) && proof === undefined) return [{ ...unsigned, thinking: text }]
  return [
    { ...unsigned, thinking: text, signature: proof === undefined ? (home ? '' : UNSIGNED) : signatureFor(proof) },
  ]
}

/** The proof of a block that has no place for one. */
const carried = ({ proof }: CollectedBlock, place: Place): readonly JsonObject[] =>
  proof === undefined ? [] : [carrier(proof, place)]
