import { inputTokens, outputTokens } from '../../core/usage.ts'
import type { Sent } from './chat-load.ts'
import type { UsageRow } from './usage-rows.ts'
import type { VendorUsage } from './vendor-script.ts'
import { jsonOf, type Seen } from './vendor-truth.ts'

/** The ledger beside what the vendor and the clients saw, up to a moment at which the gateway was killed. */
export interface Compared {
  readonly seen: readonly Seen[]
  readonly rows: readonly UsageRow[]
  readonly sent: readonly Sent[]
  /** Milliseconds since 1970. */
  readonly killedAt: number
  /** What a token costs, in nano-dollars. */
  readonly rates: { readonly input: number; readonly output: number }
}

/** One thing in the ledger that is not as it must be. */
export interface Mismatch {
  readonly kind: 'missing' | 'double' | 'invented' | 'wrong'
  readonly text: string
}

/**
 * Exactly one record for each attempt that the vendor saw: a settled one says what the vendor says, to the token and the
 * nano-dollar; an interrupted one is behind by one step of progress at most; and what a client has whole is settled.
 */
export function mismatches(compared: Compared): readonly Mismatch[] {
  const byRequest = Map.groupBy(compared.rows, ({ requestId }) => requestId)
  const sent = new Map(compared.sent.map((one) => [one.name, one]))
  const ofSeen = compared.seen.flatMap((seen) => {
    const rows = byRequest.get(seen.id) ?? []
    const [row] = rows
    const what = `request ${seen.number} (${seen.behaviour.kind}, ${seen.state})`
    if (row === undefined) return [mismatch('missing', `${what} has no record`)]
    if (rows.length > 1) return [mismatch('double', `${what} has ${rows.length} records`)]
    const client = sent.get(nameOf(seen))
    return wrongIn({ seen, row, client, compared }).map((text) => mismatch('wrong', `${what}: ${text}`))
  })
  const known = new Set(compared.seen.map(({ id }) => id))
  // A process may die between the intent and the sending: such an attempt is booked, and marked.
  const invented = compared.rows.filter((row) => !known.has(row.requestId) && row.status !== 'interrupted')
  return [...ofSeen, ...invented.map((row) => mismatch('invented', `a ${row.status} record that no vendor knows`))]
}

const mismatch = (kind: Mismatch['kind'], text: string): Mismatch => ({ kind, text })

interface Pair {
  readonly seen: Seen
  readonly row: UsageRow
  readonly client: Sent | undefined
  readonly compared: Compared
}

function wrongIn(pair: Pair): readonly string[] {
  const { row, client } = pair
  switch (row.status) {
    case 'complete':
      return [...settledWrong(pair), ...costWrong(pair)]
    case 'interrupted':
      if (client?.finished === true) return ['the client has all of it, and it is marked as interrupted']
      return [...interruptedWrong(pair), ...costWrong(pair)]
    case 'canceled':
    case 'failed':
    case 'partial':
      return [`it is ${row.status} (${row.reason}), though nobody broke it off`]
  }
}

function settledWrong({ seen, row }: Pair): readonly string[] {
  const told = usageToldBy(seen)
  if (told === undefined || row.usage === null) return ['it is complete without a usage']
  return [
    ...different('usage source', row.usageSource, 'vendor'),
    ...different('uncached prompt', row.usage.input, told.prompt - told.cached),
    ...different('cached prompt', row.usage.cacheRead, told.cached),
    ...different('output', row.usage.output, told.completion - told.reasoning),
    ...different('reasoning', row.usage.reasoning, told.reasoning),
    ...different('tokens sent', seen.tokensSent, told.completion),
  ]
}

function interruptedWrong({ seen, row, client, compared }: Pair): readonly string[] {
  if (row.usage === null) return ['nothing is known of it']
  const booked = outputTokens(row.usage)
  const prompt = row.usageSource === 'running' ? usageToldBy(seen)?.prompt : row.inputEstimate
  const most = row.usageSource === 'counted' ? seen.tokensSent + UNCOUNTED_EVENTS_MAX : seen.tokensSent
  const least = client === undefined ? 0 : safelyBooked(client, compared.killedAt)
  return [
    ...different('prompt', inputTokens(row.usage), prompt),
    ...(booked <= most ? [] : [`${booked} tokens are booked, and the vendor sent ${seen.tokensSent}`]),
    ...(booked >= least ? [] : [`${booked} tokens are booked, and ${least} are older than one step of progress`]),
    ...(row.reason === 'process_died' ? [] : [`its reason is ${row.reason}`]),
  ]
}

/**
 * What must be in the journal at the least: what the client had two seconds before the end, and all but two thousand tokens of
 * what it had at the end; each a little earlier, because the gateway looks four times a second, on a machine that may be busy.
 */
const safelyBooked = ({ kind, received }: Sent, killedAt: number): number => {
  if (kind === 'whole') return 0
  const had = (at: number): number => received.findLast((one) => one.at <= at)?.tokens ?? 0
  const lookedAt = killedAt - LOOK_MS - BUSY_MS
  return Math.max(had(lookedAt - STEP_MS), had(lookedAt) - STEP_TOKENS)
}

const STEP_MS = 2_000
const STEP_TOKENS = 2_000
const LOOK_MS = 250
const BUSY_MS = 1_000
/** The event with the reason for the finish and the one with the usage bring no token, but whoever counts events counts them. */
const UNCOUNTED_EVENTS_MAX = 2

function costWrong({ row, compared: { rates } }: Pair): readonly string[] {
  if (row.usage === null) return []
  const cost = inputTokens(row.usage) * rates.input + outputTokens(row.usage) * rates.output
  return [...different('pricing', row.pricing, 'known'), ...different('cost', row.costNano, cost)]
}

/** What the vendor's script reports at its end. */
function usageToldBy({ behaviour }: Seen): VendorUsage | undefined {
  return behaviour.kind === 'stream' || behaviour.kind === 'whole' ? behaviour.usage : undefined
}

/** As the load wrote it into the request. */
function nameOf(seen: Seen): string {
  const body = jsonOf(seen)
  const user: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'user') : undefined
  return typeof user === 'string' ? user : ''
}

type Compare = string | number | null | undefined

const different = (what: string, found: Compare, wanted: Compare): readonly string[] =>
  found === wanted ? [] : [`${what} is ${found}, not ${wanted}`]
