import { DEFAULT_OWNER } from '../../core/owner.ts'
import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/usage.ts'
import type { Sent } from './chat-load.ts'
import { seededRandom } from './seeded-random.ts'
import type { UsageRow } from './usage-rows.ts'
import { type Compared, mismatches } from './vendor-comparison.ts'
import { stream } from './vendor-script.ts'
import type { Seen } from './vendor-truth.ts'

const KILLED_AT = 1_000_000
const behaviour = stream({ events: [3_000, 4_000], usage: { prompt: 10, cached: 4 } })

const seen: Seen = {
  number: 0,
  id: 'request',
  connection: 0,
  method: 'POST',
  path: '/v1/chat/completions',
  headers: [],
  body: Buffer.from('{"user":"one"}'),
  arrivedAt: 0,
  behaviour,
  bytesSent: 0,
  eventsSent: 2,
  tokensSent: 7_000,
  usageSent: behaviour.usage,
  state: 'finished',
  endedAt: KILLED_AT,
  connectionClosedAt: KILLED_AT,
}
const complete: UsageRow = {
  id: 'id',
  requestId: 'request',
  attempt: 1,
  at: 0,
  keyId: 'key',
  owner: DEFAULT_OWNER,
  operation: 'chat',
  stream: true,
  modelAsked: 'm',
  provider: 'fault',
  modelSent: 'm',
  priceVersion: 'v',
  inputEstimate: 20,
  budgets: [],
  bookings: [],
  status: 'complete',
  reason: null,
  httpStatus: 200,
  modelAnswered: 'm',
  usage: { ...NO_USAGE, input: 6, cacheRead: 4, output: 7_000 },
  usageSource: 'vendor',
  serviceTier: null,
  wire: null,
  vendorWire: null,
  losses: null,
  replyId: null,
  costNano: 14_010,
  pricing: 'known',
  queueUs: 0,
  gatewayUs: 0,
  firstByteUs: 0,
  totalUs: 0,
}
const interrupted: UsageRow = {
  ...complete,
  status: 'interrupted',
  reason: 'process_died',
  usage: { ...NO_USAGE, input: 20, output: 5_000 },
  usageSource: 'counted',
  costNano: 10_020,
}
const client: Sent = {
  name: 'one',
  kind: 'stream',
  sentAt: 0,
  received: [
    { at: KILLED_AT - 4_000, tokens: 3_000 },
    { at: KILLED_AT - 1_500, tokens: 7_000 },
  ],
  finished: false,
  over: true,
}
const found = (more: Partial<Compared>): readonly string[] =>
  mismatches({
    seen: [seen],
    rows: [complete],
    sent: [client],
    killedAt: KILLED_AT,
    rates: { input: 1, output: 2 },
    ...more,
  }).map(({ kind, text }) => `${kind}: ${text}`)

test('a ledger that says what the vendor says has no mismatch, and neither has one that is behind by one step', () => {
  expect(found({})).toEqual([])
  expect(found({ rows: [interrupted] })).toEqual([])
  const unsent = { ...interrupted, requestId: 'never sent' }
  expect(found({ rows: [complete, unsent] })).toEqual([])
})

test.each<[wrong: string, more: Partial<Compared>]>([
  ['missing: .* has no record', { rows: [] }],
  ['double: .* has 2 records', { rows: [complete, { ...interrupted, id: 'other' }] }],
  ['invented: a complete record', { rows: [complete, { ...complete, requestId: 'nobody' }] }],
  [
    'output is 6999, not 7000',
    { rows: [{ ...complete, usage: { ...NO_USAGE, input: 6, cacheRead: 4, output: 6_999 } }] },
  ],
  ['cost is 14009, not 14010', { rows: [{ ...complete, costNano: 14_009 }] }],
  ['it is failed', { rows: [{ ...complete, status: 'failed' }] }],
  ['the client has all of it', { rows: [interrupted], sent: [{ ...client, finished: true }] }],
  ['7003 tokens are booked', { rows: [{ ...interrupted, usage: { ...NO_USAGE, input: 20, output: 7_003 } }] }],
  ['4999 tokens are booked', { rows: [{ ...interrupted, usage: { ...NO_USAGE, input: 20, output: 4_999 } }] }],
  [
    '2999 tokens are booked, and 3000 are older',
    {
      rows: [{ ...interrupted, usage: { ...NO_USAGE, input: 20, output: 2_999 } }],
      sent: [{ ...client, received: client.received.slice(0, 1) }],
    },
  ],
])('it finds: %s', (wrong, more) => {
  expect(found(more).join('\n')).toMatch(new RegExp(wrong))
})

test('the same seed gives the same chances', () => {
  const [one, same, other] = [7, 7, 8].map((seed) => {
    const random = seededRandom(seed)
    return Array.from({ length: 100 }, () => random.between(3, 9))
  })
  expect(one).toEqual(same)
  expect(one).not.toEqual(other)
  expect(new Set(one)).toEqual(new Set([3, 4, 5, 6, 7, 8, 9]))
})
