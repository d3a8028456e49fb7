import type { IncomingMessage, ServerResponse } from 'node:http'
import { faultOf } from '../core/fault.ts'
import type { KeyRecord } from '../core/key-record.ts'
import { dollars } from '../core/money.ts'
import { principalOf } from './hops/identify.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { KeyUsage } from './store/key-usage.sql.ts'
import type { Allowance } from './world/allowances.ts'
import type { Paying } from './world/budgets.ts'
import type { World } from './world.ts'

/** Where a key asks about itself. */
export const OWN_KEY_PATHS: ReadonlySet<string> = new Set(['/v1/key', '/openai/v1/key'])

/** Tells whoever holds a key what it may do, how much of its limits is left, and what it has used; nothing of anybody else. */
export async function answerOwnKey(request: IncomingMessage, response: ServerResponse, world: World): Promise<void> {
  const requestId = world.newId()
  try {
    const key = principalOf(request, world)
    const limits = world.allowances.of(key).map((allowance) => limitView(allowance, world.clock.monotonic()))
    const budgets = world.budgets.of(key).map((paying) => budgetView(paying, world.clock.now()))
    const body = JSON.stringify({ object: 'key', ...keyView(key), limits, budgets, usage: await usageView(key, world) })
    const length = String(Buffer.byteLength(body))
    response.writeHead(200, [
      'content-type',
      'application/json',
      'content-length',
      length,
      ...FIXED_HEADERS,
      'x-request-id',
      requestId,
    ])
    response.end(body)
  } catch (error) {
    const fault = faultOf(error)
    world.metrics.refused(fault.code)
    refuse(response, fault, { requestId, wire: 'openai-chat' })
  }
}

const keyView = (key: KeyRecord) => ({
  id: key.id,
  name: key.name,
  organisation: key.owner.organisationId,
  team: key.owner.teamId,
  project: key.owner.projectId,
  models: key.models,
  denied_models: key.deniedModels,
  routes: key.routes,
  operations: key.operations,
  expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
})

function limitView({ meter, models }: Allowance, nowMs: number) {
  const { measure, max, windowMs } = meter.rule
  return {
    measure,
    max,
    window_seconds: measure === 'concurrent' ? null : windowMs / 1_000,
    models,
    remaining: meter.remaining(nowMs),
    reset_seconds: Math.ceil(meter.resetMs(nowMs) / 1_000),
  }
}

function budgetView({ budget, stored }: Paying, wallMs: number) {
  const { endMs } = budget.range(wallMs)
  return {
    dollars: dollars(budget.rule.amountNano),
    spent_dollars: dollars(budget.spentNano(wallMs)),
    reserved_dollars: dollars(budget.reservedNano),
    remaining_dollars: dollars(Math.max(0, budget.roomNano(wallMs))),
    period: stored.period,
    mode: stored.mode,
    models: stored.models,
    ends_at: Number.isFinite(endMs) ? new Date(endMs).toISOString() : null,
  }
}

/** `null` while the database is away: what is not known is not zero. */
async function usageView(key: KeyRecord, { keyUsage, clock }: World) {
  const now = new Date(clock.now()).toISOString()
  try {
    const [today, month] = await Promise.all([
      keyUsage(key.id, now.slice(0, 10)),
      keyUsage(key.id, `${now.slice(0, 7)}-01`),
    ])
    return { today: sumsView(today), month: sumsView(month) }
  } catch {
    return null
  }
}

const sumsView = ({ requests, inputTokens, outputTokens, costNano, unpriced }: KeyUsage) => ({
  requests,
  input_tokens: inputTokens,
  output_tokens: outputTokens,
  cost_dollars: dollars(costNano),
  unpriced_attempts: unpriced,
})
