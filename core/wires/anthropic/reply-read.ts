import { blockParts } from '../../collect.ts'
import { Fault } from '../../fault.ts'
import { without } from '../../json-object.ts'
import { asList, asObject, asText, type JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply } from '../../wire.ts'
import { readToldFault } from './fault.ts'
import { WIRE } from './kept.ts'
import { readReplyBlock } from './reply-block.ts'
import { readStop } from './stop.ts'
import { readServiceTier, readUsage } from './usage.ts'

/** A vendor's whole reply. Throws `upstream_error` when it is not one, and the vendor's own error when that stands in its place. */
export function readReply(body: JsonObject, { account, spendLimitCodes }: ReadReply): readonly Part[] {
  if (body['type'] === 'error') throw readToldFault(body['error'], { reason: 'error_in_reply', spendLimitCodes })
  const content = asList(body['content'])
  if (content === undefined) throw unreadable('content')
  return fromVendor(() => {
    const blocks = content.map((block, index) => readReplyBlock(asObject(block) ?? {}, `content[${index}]`, account))
    const called = blocks.some((block) => block.content.kind === 'call')
    const sequence = asText(body['stop_sequence'])
    return [
      startOf(body),
      ...blocks.flatMap((block, index) => blockParts({ choice: 0, block: index }, block)),
      ...usageParts(asObject(body['usage'])),
      {
        kind: 'end',
        choice: 0,
        stop: readStop(asText(body['stop_reason']) ?? null, { called, sequence }),
        ...endOwn(body),
      },
      { kind: 'finish' },
    ]
  })
}

/** What a message says before its content. What only this wire knows of it is kept, whole or streamed. */
export function startOf(message: JsonObject): Part {
  return {
    kind: 'start',
    id: asText(message['id']) ?? '',
    model: asText(message['model']) ?? '',
    // Always there: by it a writer of this wire knows a reply of its own.
    own: { wire: WIRE, fields: without(message, [...KNOWN, ...END_FIELDS]) },
  }
}

/** A usage that says something; all of it is kept, because its writer cannot know what the vendor left out. */
export function usageParts(usage: JsonObject | undefined): readonly Part[] {
  const read = readUsage(usage)
  if (usage === undefined || read === undefined) return []
  return [{ kind: 'usage', usage: read, serviceTier: readServiceTier(usage), own: { wire: WIRE, fields: usage } }]
}

/** What is known at the end only: in a stream it stands in `message_delta`. */
function endOwn(fields: JsonObject) {
  const kept = Object.entries(fields).filter(([key]) => END_FIELDS.includes(key))
  return kept.length === 0 ? {} : { own: { wire: WIRE, fields: Object.fromEntries(kept) } as const }
}

/** Runs a reader that complains of fields, and makes the vendor's fault of it. */
export function fromVendor<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw error instanceof Fault && error.code === 'bad_request' ? unreadable(error.field ?? '') : error
  }
}

/** The 502 for a field that is not as this wire has it. */
export const unreadable = (field: string): Fault => notThisWire(`unreadable ${field}`)

/** Fields of a message that the canonical form has a place for, or that are the same in every message. */
const KNOWN = ['id', 'type', 'role', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage']

/** Fields that are known at the end only. */
export const END_FIELDS = ['stop_details', 'container', 'context_management']
