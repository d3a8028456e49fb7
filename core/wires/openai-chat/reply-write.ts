import { collect, type Collected, type CollectedChoice } from '../../collect.ts'
import { filled, without } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import { isSpelt, ownFields } from '../../own.ts'
import type { Part } from '../../part.ts'
import { replyId } from '../../reply-id.ts'
import type { WriteReply, WrittenReply } from '../../wire.ts'
import { WIRE, overlay } from './kept.ts'
import { loseLogprobs, writeMessage } from './message-write.ts'
import { nativeWord, writeStop } from './stop.ts'
import { writeServiceTier, writeUsage } from './usage.ts'

/** A whole reply. One of this wire gets back exactly what its vendor said; any other one everything that OpenAI's clients expect. */
export function writeReply(parts: readonly Part[], context: WriteReply): WrittenReply {
  const losses = new Losses()
  const reply = collect(parts)
  const home = reply.own?.wire === WIRE
  const choices = reply.choices.map((choice) => writeChoice(choice, home, losses))
  if (!home) loseLogprobs(context.chat, losses)
  return { body: home ? homeBody(reply, choices) : foreignBody(reply, choices, context), losses: losses.list() }
}

function homeBody({ id, model, createdAt, usage, own }: Collected, choices: readonly JsonObject[]): JsonObject {
  const said = filled({
    id: id === '' ? undefined : id,
    created: createdAt,
    model: model === '' ? undefined : model,
    choices,
    usage: usage === undefined ? undefined : { ...writtenUsage(usage) },
  })
  return overlay(ownFields(own, WIRE), said)
}

function foreignBody(reply: Collected, choices: readonly JsonObject[], context: WriteReply): JsonObject {
  const { usage } = reply
  const tier = usage?.serviceTier ?? undefined
  return filled({
    id: replyId(reply.id, 'chatcmpl-', context),
    object: 'chat.completion',
    created: reply.createdAt ?? context.createdAt,
    model: reply.model === '' ? context.chat.model : reply.model,
    choices,
    usage: usage === undefined ? undefined : writeUsage(usage.usage),
    service_tier: tier === undefined ? undefined : writeServiceTier(tier),
  })
}

/** The vendor's own figures where they came in this wire: they say more than ours. */
const writtenUsage = ({ usage, own }: NonNullable<Collected['usage']>): JsonObject =>
  own?.wire === WIRE ? own.fields : writeUsage(usage)

function writeChoice(choice: CollectedChoice, home: boolean, losses: Losses): JsonObject {
  const { index, stop, own, blocks } = choice
  const message = writeMessage(choice, home, losses)
  const held = {
    calls: blocks.some(({ content }) => content.kind === 'call'),
    refusal: blocks.some(({ content }) => content.kind === 'refusal'),
  }
  const reason = stop === undefined ? null : writeStop(stop, held)
  if (home) {
    const said = filled({
      index: isSpelt(own, WIRE, 'no index') ? undefined : index,
      message,
      finish_reason: isSpelt(own, WIRE, 'no finish_reason') ? undefined : reason,
    })
    return overlay(without(ownFields(own, WIRE), ['message']), said)
  }
  const native = stop === undefined ? undefined : nativeWord(stop)
  return filled({ index, message, logprobs: null, finish_reason: reason, native_finish_reason: native })
}
