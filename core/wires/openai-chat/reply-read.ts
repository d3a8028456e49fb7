import { blockParts } from '../../collect.ts'
import { without } from '../../json-object.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { ownOf } from '../../own.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply } from '../../wire.ts'
import { errorIn, readTold } from './fault-read.ts'
import { WIRE, keep } from './kept.ts'
import { readMessage } from './message-read.ts'
import { vendorProof } from './proof.ts'
import { isFailure, readStop, writeStop } from './stop.ts'
import { readServiceTier, readUsage } from './usage.ts'

/** A vendor's whole reply. An error where the answer should be is a `fault`; what is no reply at all throws `upstream_error`. */
export function readReply(body: JsonObject, context: ReadReply): readonly Part[] {
  const error = errorIn(body)
  if (error !== undefined) return [fault(error, context)]
  const choices = asList(body['choices'])?.map(asObject)
  if (choices === undefined || choices.length === 0) throw notThisWire('broken_reply')
  const failed = choices.find((choice) => isFailure(asText(choice?.['finish_reason']) ?? ''))
  if (failed !== undefined) return [fault('The answer was broken off', context)]
  const parts = choices.flatMap((choice, position) => readChoice(choice, position, { body, context }))
  return [startOf(body, context), ...parts, ...usageOf(body, context), { kind: 'finish' }]
}

const fault = (error: Json, { spendLimitCodes }: ReadReply): Part => ({
  kind: 'fault',
  fault: readTold(error, { reason: 'error_in_reply', spendLimitCodes }),
})

function startOf(body: JsonObject, context: ReadReply): Part {
  const id = asText(body['id']) || undefined
  const model = asText(body['model']) || undefined
  const createdAt = asCount(body['created'])
  const known = [
    'choices',
    ...(id === undefined ? [] : ['id']),
    ...(model === undefined ? [] : ['model']),
    ...(createdAt === undefined ? [] : ['created']),
    ...(usageOf(body, context).length === 0 ? [] : ['usage']),
  ]
  // Always there, so that whoever writes the reply for a client of this wire knows that it is one of it.
  const own = ownOf(WIRE, without(body, known), ['reply'])
  const created = createdAt === undefined ? {} : { createdAt }
  return { kind: 'start', id: id ?? '', model: model ?? '', ...created, ...(own === undefined ? {} : { own }) }
}

function usageOf(body: JsonObject, { flavour }: ReadReply): readonly Part[] {
  const usage = readUsage(body['usage'], flavour)
  if (usage === undefined) return []
  return [{ kind: 'usage', usage, serviceTier: readServiceTier(body), ...keep(asObject(body['usage']) ?? {}) }]
}

interface Whole {
  readonly body: JsonObject
  readonly context: ReadReply
}

function readChoice(choice: JsonObject | undefined, position: number, { body, context }: Whole): readonly Part[] {
  const message = asObject(choice?.['message'])
  if (choice === undefined || message === undefined) throw notThisWire('broken_reply')
  const index = asCount(choice['index']) ?? position
  const replyId = asText(body['id']) || (context.requestId ?? '')
  const { blocks, kept, spelt } = readMessage(message, { proofOf: vendorProof(context.account), replyId })
  const native = asText(choice['finish_reason']) || null
  const held = { calls: hasCalls(blocks), refusal: blocks.some(({ content }) => content.kind === 'refusal') }
  const stop = readStop(native, held)
  const known = [
    'message',
    ...(choice['index'] === index ? ['index'] : []),
    ...(native === writeStop(stop, held) ? ['finish_reason'] : []),
  ]
  const fields = { ...without(choice, known), ...(Object.keys(kept).length === 0 ? {} : { message: kept }) }
  const lacks = ['index', 'finish_reason'].filter((key) => !known.includes(key))
  return [
    ...blocks.flatMap((block, at) => blockParts({ choice: index, block: at }, block)),
    {
      kind: 'end',
      choice: index,
      stop,
      ...keep(fields, [...spelt, ...lacks.map((key) => `no ${key}`), ...roleless(message)]),
    },
  ]
}

const hasCalls = (blocks: readonly { readonly content: { readonly kind: string } }[]): boolean =>
  blocks.some(({ content }) => content.kind === 'call')

const roleless = (message: JsonObject): readonly string[] => (message['role'] === 'assistant' ? [] : ['roleless'])
