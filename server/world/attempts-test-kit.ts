import { randomUUID } from 'node:crypto'
import type { AttemptIntent, AttemptRecord } from '../../core/attempt.ts'
import { DEFAULT_OWNER } from '../../core/owner.ts'
import { NO_USAGE } from '../../core/usage.ts'
import type { Clock, Log, LogFields } from '../../core/world.ts'

/** Attempts as tests write them, without a test runner: the process that is killed uses them as well. */

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

export interface TestLog extends Log {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[]
}

export function testLog(): TestLog {
  const lines: TestLog['lines'] = []
  const at = (level: string) => (fields: LogFields, message: string) => {
    lines.push({ level, message, fields })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export const intentOf = (some: Partial<AttemptIntent> = {}): AttemptIntent => ({
  id: randomUUID(),
  requestId: randomUUID(),
  attempt: 1,
  at: Date.UTC(2025, 10, 21, 12),
  keyId: 'key_1',
  owner: DEFAULT_OWNER,
  operation: 'chat',
  stream: true,
  modelAsked: 'fast',
  provider: 'demo',
  modelSent: 'demo-small',
  priceVersion: 'demo/demo-small@2025-01-01',
  inputEstimate: 40,
  budgets: [],
  ...some,
})

export const recordOf = (intent: AttemptIntent, some: Partial<AttemptRecord> = {}): AttemptRecord => ({
  ...intent,
  status: 'complete',
  reason: null,
  httpStatus: 200,
  modelAnswered: 'demo-small-2025',
  usage: { ...NO_USAGE, input: 30, cacheRead: 8, output: 12, reasoning: 5 },
  usageSource: 'vendor',
  serviceTier: 'default',
  wire: null,
  vendorWire: null,
  losses: null,
  replyId: null,
  bookings: [],
  costNano: 1_234,
  pricing: 'known',
  queueUs: 5,
  gatewayUs: 120,
  firstByteUs: 4_000,
  totalUs: 90_000,
  ...some,
})
