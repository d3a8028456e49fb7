import type { Block, CallBlock, ForeignBlock, RefusalBlock, ResultBlock, Turn } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import type { Json, JsonObject } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { writeCall } from './calls-write.ts'
import { bareText, isBlank, writeContent, writeForeign, writeParts } from './content-write.ts'
import { WIRE, overlay } from './kept.ts'
import { MEDIA_FEATURES } from './media-write.ts'
import { proofField } from './proof.ts'
import { writeResult } from './results-write.ts'
import { thoughtFields, toolLoopStart } from './thoughts-write.ts'
import { joinedTurns, resultsInPlace } from './turn-order.ts'
import { isOurs, lose, loseHere, type Writing } from './writing.ts'

/** The messages of a conversation. What a client of this wire has said stays as it is; other wires' turns are put as this one wants them. */
export function writeMessages(conversation: readonly Turn[], writing: Writing): readonly JsonObject[] {
  const isForeign = writing.target.foreign === true
  const turns = isForeign ? joinedTurns(conversation) : conversation
  const loopStart = toolLoopStart(turns)
  const leading = turns.findIndex(({ role }) => role !== 'system')
  const messages = turns.flatMap((turn, index) => {
    switch (turn.role) {
      case 'system':
        return [writeSystem(turn, leading >= 0 && index > leading, writing)]
      case 'user':
        return writeUser(turn, writing)
      case 'assistant':
        return [writeAssistant(turn, index > loopStart, writing)]
    }
  })
  return isForeign ? resultsInPlace(messages) : messages
}

function writeSystem(turn: Turn, isLater: boolean, writing: Writing): JsonObject {
  const { dialect } = writing.target
  if (isLater && dialect.laterSystem === false) return writeLaterSystem(turn, writing)
  const role = dialect.systemRole ?? (isSpelt(turn.own, WIRE, 'developer') ? 'developer' : 'system')
  return message(turn, { role, content: writeContent(turn.blocks, turn.own, writing) })
}

/** A node whose template takes the system only at the beginning: it stays in its place, under a mark, because in front it would mean something else. */
function writeLaterSystem(turn: Turn, writing: Writing): JsonObject {
  loseHere(writing, 'system.later', { what: 'emulated', why: 'said by the user, between marks' })
  const blocks: readonly Block[] = [
    { kind: 'text', text: '<system>' },
    ...turn.blocks,
    { kind: 'text', text: '</system>' },
  ]
  const texts = blocks.map((block) => (block.kind === 'text' ? block.text : undefined))
  const content = texts.includes(undefined) ? writeParts(blocks, writing) : texts.join('\n')
  return message(turn, { role: 'user', content })
}

function writeUser(turn: Turn, writing: Writing): readonly JsonObject[] {
  const [first] = turn.blocks
  if (first?.kind === 'foreign' && isSpelt(first.own, WIRE, 'message')) {
    return [writeForeign(first, writing)].filter((json) => json !== undefined)
  }
  const results = turn.blocks.filter((block): block is ResultBlock => block.kind === 'result')
  if (results.length === 0)
    return [message(turn, { role: 'user', content: writeContent(turn.blocks, turn.own, writing) })]
  const own = turn.blocks.length === 1 ? turn.own : undefined
  const written = results.map((result) => writeResult(result, own, writing))
  const rest = turn.blocks.filter(({ kind }) => kind !== 'result')
  const following = written.flatMap((result) => result.following)
  const tools = written.map((result) => result.message)
  if (rest.length === 0 && following.length === 0) return tools
  const content =
    following.length === 0 ? writeContent(rest, turn.own, writing) : [...following, ...writeParts(rest, writing)]
  return [...tools, filled({ role: 'user', content, name: turn.name })]
}

function writeAssistant(turn: Turn, inToolLoop: boolean, writing: Writing): JsonObject {
  const calls = turn.blocks.filter(
    (block): block is CallBlock | ForeignBlock => block.kind === 'call' || isForeignCall(block),
  )
  const refusals = turn.blocks.filter(
    (block): block is RefusalBlock => block.kind === 'refusal' && !isSpelt(block.own, WIRE, 'part'),
  )
  const written = calls.flatMap((call) => writeCall(call, writing))
  const said = {
    role: 'assistant',
    content: assistantContent(turn, written.length + refusals.length > 0, writing),
    refusal: refusals.length === 0 ? undefined : refusals.map(({ text }) => text).join(''),
    ...thoughtFields(turn, inToolLoop, writing),
    tool_calls: written.length > 0 ? written : isSpelt(turn.own, WIRE, 'callless') ? [] : undefined,
    annotations: isSpelt(turn.own, WIRE, 'unannotated') ? [] : undefined,
    extra_content: textSecret(turn, writing),
  }
  return message(turn, said)
}

/**
 * The content: a text, because nodes read nothing else there; a list only where the client wrote one or a mark needs it. `null`
 * beside calls and refusals, where an empty text is refused or shown as one (wire-formats 1.8, trap 4).
 */
function assistantContent(turn: Turn, saysMore: boolean, writing: Writing): Json | undefined {
  const content = turn.blocks.filter((block) => isContent(block, writing))
  const said = writing.target.foreign === true && saysMore ? content.filter((block) => !isBlank(block)) : content
  if (isSpelt(turn.own, WIRE, 'list')) return writeParts(said, writing)
  if (said.length === 0) {
    if (isSpelt(turn.own, WIRE, 'absent') || Object.hasOwn(ownFields(turn.own, WIRE), 'content')) return undefined
    return saysMore ? null : ''
  }
  const parts = writeParts(said, writing)
  const texts = parts.map(bareText).filter((text) => text !== undefined)
  return texts.length < parts.length ? parts : texts.join('')
}

function isContent(block: Block, writing: Writing): boolean {
  switch (block.kind) {
    case 'text':
      return true
    case 'refusal':
    case 'reasoning':
      return isSpelt(block.own, WIRE, 'part')
    case 'foreign':
      return !isForeignCall(block)
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      if (block.own?.wire === WIRE) return true
      loseHere(writing, MEDIA_FEATURES[block.kind], { what: 'dropped', why: 'this API takes none from the assistant' })
      return false
    case 'call':
    case 'result':
      return false
  }
}

const isForeignCall = (block: Block): boolean => block.kind === 'foreign' && isSpelt(block.own, WIRE, 'call')

/** The proof of a text stands at its message. */
function textSecret({ blocks }: Turn, writing: Writing): JsonObject | undefined {
  let secret: string | undefined
  for (const { kind, proof } of blocks) {
    if (kind !== 'text' || proof === undefined) continue
    if (isOurs(proof, writing)) secret = proof.data
    else lose(writing, 'reasoning.proof')
  }
  return secret === undefined ? undefined : proofField(secret)
}

const message = (turn: Turn, said: { readonly [key: string]: Json | undefined }): JsonObject =>
  overlay(ownFields(turn.own, WIRE), filled({ ...said, name: turn.name }))
