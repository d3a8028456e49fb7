import type { AttemptIntent, AttemptProgress, AttemptRecord, AttemptStatus, Booking } from '../../core/attempt.ts'
import { asCount, asList, asText, type Json, parseJson } from '../../core/json.ts'
import { WIRE_IDS, type WireId } from '../../core/chat.ts'
import { OPERATIONS } from '../../core/operation.ts'
import { DEFAULT_ORGANISATION, type Owner } from '../../core/owner.ts'
import type { Usage, UsageSource } from '../../core/usage.ts'

/**
 * What the journal's payloads say: JSON lists of columns in an order that is fixed for ever. A new column goes to the end and
 * reads as absent from older files; the tests hold the order. The id and the arrival come first, so that they are found without
 * parsing the rest.
 */

/** Where each column of an end stands: what the database reads them by. */
export const SETTLE_COLUMNS = [
  'id',
  'at',
  'requestId',
  'attempt',
  'keyId',
  'operation',
  'stream',
  'modelAsked',
  'provider',
  'modelSent',
  'priceVersion',
  'inputEstimate',
  'status',
  'reason',
  'httpStatus',
  'modelAnswered',
  'usage',
  'usageSource',
  'serviceTier',
  'costNano',
  'pricing',
  'queueUs',
  'gatewayUs',
  'firstByteUs',
  'totalUs',
  'wire',
  'vendorWire',
  'losses',
  'replyId',
  'owner',
  'bookings',
] as const satisfies readonly (keyof AttemptRecord)[]

/** Where each stands in the column `owner`. */
export const OWNER_COLUMNS = [
  'organisationId',
  'teamId',
  'projectId',
  'userId',
] as const satisfies readonly (keyof Owner)[]

/** Where each kind stands in the column `usage`. Written out, not derived from the type: what stands in old files must not move. */
export const USAGE_COLUMNS = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheWriteOther',
  'inputAudio',
  'inputImage',
  'output',
  'reasoning',
  'outputAudio',
  'outputImage',
  'searches',
] as const satisfies readonly (keyof Usage)[]

export const writeIntent = (intent: AttemptIntent): string => writeCarry(intent, null)

export const writeProgress = (progress: AttemptProgress): string =>
  JSON.stringify([progress.id, usageColumns(progress.usage), progress.source])

/** An intent with its last figures, when there are any. */
export const writeCarry = (intent: AttemptIntent, progress: Omit<AttemptProgress, 'id'> | null): string =>
  JSON.stringify([
    ...intentColumns(intent),
    progress === null ? null : usageColumns(progress.usage),
    progress === null ? null : progress.source,
    ownerColumns(intent.owner),
    intent.budgets.map(({ budgetId, stepMs }) => [budgetId, stepMs]),
  ])

export const writeSettle = (record: AttemptRecord): string =>
  JSON.stringify([
    record.id,
    Math.round(record.at),
    storable(record.requestId),
    record.attempt,
    storable(record.keyId),
    record.operation,
    record.stream,
    storable(record.modelAsked),
    record.provider,
    storable(record.modelSent),
    record.priceVersion,
    Math.round(record.inputEstimate),
    record.status,
    record.reason,
    record.httpStatus,
    record.modelAnswered === null ? null : storable(record.modelAnswered),
    record.usage === null ? null : usageColumns(record.usage),
    record.usageSource,
    record.serviceTier === null ? null : storable(record.serviceTier),
    record.costNano,
    record.pricing,
    Math.round(record.queueUs),
    Math.round(record.gatewayUs),
    record.firstByteUs === null ? null : Math.round(record.firstByteUs),
    Math.round(record.totalUs),
    record.wire,
    record.vendorWire,
    record.losses === null ? null : storable(record.losses, LOSSES_LENGTH_MAX),
    record.replyId === null ? null : storable(record.replyId),
    ownerColumns(record.owner),
    record.bookings.map(({ budgetId, stepMs, nano }) => [budgetId, stepMs, nano]),
  ])

/** The attempt that a payload is about, without parsing the rest. */
export function readId(payload: Buffer): string {
  const end = payload.indexOf('"', 2)
  return end < 0 ? '' : payload.toString('latin1', 2, end)
}

/** When the request of an end arrived (milliseconds since 1970), without parsing the rest; `undefined` when it does not say. */
export function readAt(payload: string): number | undefined {
  const start = payload.indexOf(',') + 1
  const at = Number(payload.slice(start, payload.indexOf(',', start)))
  return Number.isSafeInteger(at) && at > 0 ? at : undefined
}

/** An intent (with figures, if it was carried), or `undefined` when the payload is none. */
export function readIntent(
  payload: string,
): { readonly intent: AttemptIntent; readonly progress: AttemptProgress | null } | undefined {
  const columns = asList(parseJson(payload))
  const intent =
    columns === undefined ? undefined : readIntentColumns(columns, { owner: columns[14], budgets: columns[15] })
  if (columns === undefined || intent === undefined) return undefined
  const usage = readUsage(columns[12])
  const source = readSource(columns[13])
  const progress = usage === undefined || source === undefined ? null : { id: intent.id, usage, source }
  return { intent, progress }
}

/** Running figures, or `undefined` when the payload is none. */
export function readProgress(payload: string): AttemptProgress | undefined {
  const columns = asList(parseJson(payload)) ?? []
  const [id, usage, source] = [asText(columns[0]), readUsage(columns[1]), readSource(columns[2])]
  return id === undefined || usage === undefined || source === undefined ? undefined : { id, usage, source }
}

/** A settled attempt, or `undefined` when the payload is none. */
export function readSettle(payload: string): AttemptRecord | undefined {
  const columns = asList(parseJson(payload))
  if (columns === undefined) return undefined
  const intent = readIntentColumns(columns, { owner: columns[29], budgets: columns[30] })
  const status = STATUSES.find((known) => known === columns[12])
  if (intent === undefined || status === undefined) return undefined
  return {
    ...intent,
    status,
    reason: asText(columns[13]) ?? null,
    httpStatus: asCount(columns[14]) ?? null,
    modelAnswered: asText(columns[15]) ?? null,
    usage: readUsage(columns[16]) ?? null,
    usageSource: readSource(columns[17]) ?? null,
    serviceTier: asText(columns[18]) ?? null,
    costNano: asCount(columns[19]) ?? null,
    pricing: columns[20] === 'known' ? 'known' : 'unknown',
    // A broken duration is no reason to lose what was used.
    queueUs: asCount(columns[21]) ?? 0,
    gatewayUs: asCount(columns[22]) ?? 0,
    firstByteUs: asCount(columns[23]) ?? null,
    totalUs: asCount(columns[24]) ?? 0,
    wire: readWire(columns[25]),
    vendorWire: readWire(columns[26]),
    losses: asText(columns[27]) ?? null,
    replyId: asText(columns[28]) ?? null,
    bookings: readBookings(columns[30]),
  }
}

/**
 * Names come from outside and are kept for ever: no more of them than a list can show, and nothing that a database cannot store as
 * text (NUL, and halves of a surrogate pair).
 */
function storable(text: string, lengthMax = TEXT_LENGTH_MAX): string {
  const short = text.length > lengthMax ? text.slice(0, lengthMax) : text
  const whole = short.isWellFormed() ? short : short.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\u{fffd}') : whole
}

const TEXT_LENGTH_MAX = 256
const LOSSES_LENGTH_MAX = 1_000

const intentColumns = (intent: AttemptIntent): readonly Json[] => [
  intent.id,
  Math.round(intent.at),
  storable(intent.requestId),
  intent.attempt,
  storable(intent.keyId),
  intent.operation,
  intent.stream,
  storable(intent.modelAsked),
  intent.provider,
  storable(intent.modelSent),
  intent.priceVersion,
  Math.round(intent.inputEstimate),
]

function readIntentColumns(
  columns: readonly Json[],
  { owner, budgets }: { readonly owner: Json | undefined; readonly budgets: Json | undefined },
): AttemptIntent | undefined {
  const id = asText(columns[0])
  const at = asCount(columns[1])
  const requestId = asText(columns[2])
  const attempt = asCount(columns[3])
  const keyId = asText(columns[4])
  const operation = OPERATIONS.find((known) => known === columns[5])
  const modelAsked = asText(columns[7])
  const provider = asText(columns[8])
  const modelSent = asText(columns[9])
  const inputEstimate = asCount(columns[11])
  if (id === undefined || requestId === undefined || attempt === undefined || at === undefined) return undefined
  if (keyId === undefined || operation === undefined || modelAsked === undefined) return undefined
  if (provider === undefined || modelSent === undefined || inputEstimate === undefined) return undefined
  return {
    id,
    requestId,
    attempt,
    at,
    keyId,
    owner: readOwner(owner),
    operation,
    stream: columns[6] === true,
    modelAsked,
    provider,
    modelSent,
    priceVersion: asText(columns[10]) ?? null,
    inputEstimate,
    budgets: readBookings(budgets).map(({ budgetId, stepMs }) => ({ budgetId, stepMs })),
  }
}

const ownerColumns = (owner: Owner): readonly Json[] => [
  owner.organisationId,
  owner.teamId,
  owner.projectId,
  owner.userId,
]

/** Files from before there were organisations do not say. */
function readOwner(value: Json | undefined): Owner {
  const [organisationId, teamId, projectId, userId] = asList(value) ?? []
  return {
    organisationId: asText(organisationId) ?? DEFAULT_ORGANISATION,
    teamId: asText(teamId) ?? null,
    projectId: asText(projectId) ?? null,
    userId: asText(userId) ?? null,
  }
}

/** Steps have no amount yet; files from before there were budgets have neither. */
const readBookings = (value: Json | undefined): readonly Booking[] =>
  (asList(value) ?? []).flatMap((entry) => {
    const [id, step, amount] = asList(entry) ?? []
    const [budgetId, stepMs, nano] = [asText(id), asCount(step), asCount(amount) ?? 0]
    return budgetId === undefined || stepMs === undefined ? [] : [{ budgetId, stepMs, nano }]
  })

const usageColumns = (usage: Usage): readonly number[] => [
  usage.input,
  usage.cacheRead,
  usage.cacheWrite5m,
  usage.cacheWrite1h,
  usage.cacheWriteOther,
  usage.inputAudio,
  usage.inputImage,
  usage.output,
  usage.reasoning,
  usage.outputAudio,
  usage.outputImage,
  usage.searches,
]

function readUsage(value: Json | undefined): Usage | undefined {
  const columns = asList(value)
  if (columns === undefined) return undefined
  return {
    input: asCount(columns[0]) ?? 0,
    cacheRead: asCount(columns[1]) ?? 0,
    cacheWrite5m: asCount(columns[2]) ?? 0,
    cacheWrite1h: asCount(columns[3]) ?? 0,
    cacheWriteOther: asCount(columns[4]) ?? 0,
    inputAudio: asCount(columns[5]) ?? 0,
    inputImage: asCount(columns[6]) ?? 0,
    output: asCount(columns[7]) ?? 0,
    reasoning: asCount(columns[8]) ?? 0,
    outputAudio: asCount(columns[9]) ?? 0,
    outputImage: asCount(columns[10]) ?? 0,
    searches: asCount(columns[11]) ?? 0,
  }
}

const STATUSES: readonly AttemptStatus[] = ['complete', 'partial', 'canceled', 'failed', 'interrupted']
const SOURCES: readonly UsageSource[] = ['vendor', 'running', 'counted']
const readWire = (value: Json | undefined): WireId | null => WIRE_IDS.find((known) => known === value) ?? null
const readSource = (value: Json | undefined): UsageSource | undefined => SOURCES.find((known) => known === value)
