import { given } from '../../given.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Part, Stop } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply } from '../../wire.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readServiceTier } from '../openai-chat/usage.ts'
import { OutputReader } from './output-read.ts'
import { WIRE } from './spelling.ts'
import { readResponseUsage } from './usage.ts'

/** A vendor's whole response. One that failed gives a fault where its end would be. */
export function readReply(response: JsonObject, context: ReadReply): readonly Part[] {
  const { output, error } = response
  const items = asList(output)
  if (items === undefined && (error === undefined || error === null)) throw notThisWire('no_output')
  const reader = new OutputReader(context.account)
  return [startOf(response), ...reader.end(items ?? []), ...endOf(response, reader, context)]
}

/** What a response says before its output. */
export const startOf = (response: JsonObject): Part => ({
  kind: 'start',
  id: asText(response['id']) ?? '',
  model: asText(response['model']) ?? '',
  ...given({ createdAt: asCount(response['created_at']) }),
  own: { wire: WIRE, fields: {} },
})

/** What follows the last item: usage, and either the end or the vendor's own error. */
export function endOf(response: JsonObject, { outcome }: OutputReader, context: ReadReply): readonly Part[] {
  const usage = readResponseUsage(response, context.flavour)
  const used: readonly Part[] =
    usage === undefined
      ? []
      : [{ kind: 'usage', usage, serviceTier: readServiceTier(response), own: usageOwn(response) }]
  const failure = failureOf(response)
  if (failure !== undefined) {
    const { spendLimitCodes } = context
    return [...used, { kind: 'fault', fault: readTold(failure, { reason: 'error_in_reply', spendLimitCodes }) }]
  }
  const stop = stopOf(response, outcome)
  const fields = restOf(response, usage !== undefined)
  return [...used, { kind: 'end', choice: 0, stop }, { kind: 'finish', own: { wire: WIRE, fields } }]
}

/** What says that this is no answer, where something does. */
export const failureOf = (response: JsonObject): Json | undefined => errorOf(response) ?? lateness(response)

/** How the vendor counted it, so that its own clients see its own words. */
const usageOwn = (response: JsonObject) => ({ wire: WIRE, fields: asObject(response['usage']) ?? {} }) as const

/**
 * The error that stands where the answer should be. A prompt that was refused is an answer: other wires have no error for it
 * (wire-formats 1.5.3).
 */
export function errorOf({ status, error }: JsonObject): Json | undefined {
  if (isBlocked(error)) return undefined
  if (error !== undefined && error !== null) return error
  return status === 'failed' ? {} : undefined
}

/** An answer that is still to come, which its client would fetch later: nobody does so in another wire. */
const lateness = ({ status }: JsonObject): Json | undefined =>
  LATE.has(status ?? null) ? `The answer is ${asText(status)}` : undefined

const LATE: ReadonlySet<Json> = new Set(['queued', 'in_progress', 'cancelled'])

/** The error of a prompt that was refused. */
export const BLOCKED_CODE = 'invalid_prompt'
const isBlocked = (error: Json | undefined): boolean => asObject(error)?.['code'] === BLOCKED_CODE

/** A limit or a filter cuts calls as well; else a call is why the answer ends. */
function stopOf({ status, incomplete_details, error }: JsonObject, outcome: OutputReader['outcome']): Stop {
  if (isBlocked(error)) return { reason: 'blocked', native: BLOCKED_CODE }
  const reason = asText(asObject(incomplete_details)?.['reason'])
  if (reason !== undefined) return { reason: reason === 'content_filter' ? 'filter' : 'length', native: reason }
  const native = asText(status) ?? null
  if (status === 'incomplete') return { reason: 'length', native }
  return { reason: REASONS[outcome], native }
}

const REASONS = { called: 'calls', refused: 'refusal', said: 'stop' } as const

/** Everything that stands nowhere else in the parts. */
function restOf(response: JsonObject, isUsageRead: boolean): JsonObject {
  const isRead = ([key, value]: readonly [string, Json]): boolean => {
    if (key === 'id' || key === 'model') return typeof value === 'string' && value !== ''
    if (key === 'created_at') return asCount(value) !== undefined
    return key === 'output' || (key === 'usage' && isUsageRead)
  }
  return Object.fromEntries(Object.entries(response).filter((entry) => !isRead(entry)))
}
