import { refusalOf } from '../core/budgets/reserve.ts'
import { faultOf } from '../core/fault.ts'
import { dollars } from '../core/money.ts'
import type { Payer } from '../core/policies/budgets.ts'
import { countTokens } from '../core/prompt-tokens.ts'
import { Account } from './account.ts'
import type { Asked, Inbound } from './exchange.ts'
import { payersFor, type Quoted } from './expected-cost.ts'
import { expectedTokens, metersFor, promptEstimate } from './expected-tokens.ts'
import { ask } from './hops/ask.ts'
import { choose } from './hops/choose.ts'
import { identify } from './hops/identify.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { World } from './world.ts'

/** The paths that quote a request instead of making it, each with the path of the request. */
export const QUOTE_PATHS: ReadonlyMap<string, string> = new Map([
  ['/v1/quote', '/v1/chat/completions'],
  ['/openai/v1/quote', '/v1/chat/completions'],
  ['/anthropic/v1/quote', '/v1/messages'],
])

/** Says what a request would cost, which limits and budgets count for it, and whether it would pass now; nothing is sent, reserved or recorded. */
export async function serveQuote(inbound: Inbound, world: World): Promise<void> {
  const account = new Account(world, inbound)
  try {
    const asked = await ask(identify(inbound, world), world, account)
    // Refuses what would be refused: a model that is not there, or not for this key.
    choose({ ...asked, admitted: true }, world)
    const body = JSON.stringify(quoteOf(asked, world))
    const length = String(Buffer.byteLength(body))
    const headers = ['content-type', 'application/json', 'content-length', length, ...FIXED_HEADERS]
    inbound.response.writeHead(200, [...headers, 'x-request-id', account.requestId]).end(body)
    account.close(200)
  } catch (error) {
    const fault = faultOf(error)
    world.metrics.refused(fault.code)
    refuse(inbound.response, fault, account)
    account.close(fault.status)
  }
}

function quoteOf(asked: Asked, world: World) {
  const quoted = world.forecast.quoted(asked)
  const limits = limitsOf(asked, world)
  const budgets = budgetsOf(asked, { quoted, world })
  const { outputTokensMax, choices = 1, model } = asked.fields
  return {
    object: 'quote',
    model,
    input_tokens: tokensOf(asked),
    output_tokens_max: outputTokensMax === undefined ? null : outputTokensMax * choices,
    targets: quoted.map(({ target, estimate }) => ({
      target,
      cost_dollars:
        estimate === undefined ? null : { expected: dollars(estimate.nano), at_most: dollars(estimate.worstNano) },
    })),
    limits,
    budgets,
    would_pass: [...limits, ...budgets].every(({ fits }) => fits),
  }
}

/** Counted where the body was parsed; else by its size. */
function tokensOf(asked: Asked): number {
  const { parsed, endpoint, fields } = asked
  if (parsed === undefined) return promptEstimate(asked)
  return countTokens(parsed, { wire: endpoint.wire, asked: { model: fields.model, stream: fields.stream } })
}

function limitsOf(asked: Asked, { allowances, clock }: World) {
  const nowMs = clock.monotonic()
  const tokens = Math.max(1, expectedTokens(asked))
  return metersFor(asked, allowances).map((meter) => {
    const waitMs = meter.waitMs(tokens, nowMs)
    const { measure, max, windowMs } = meter.rule
    return {
      measure,
      max,
      window_seconds: measure === 'concurrent' ? null : windowMs / 1_000,
      remaining: meter.remaining(nowMs),
      fits: waitMs === 0,
      retry_after_seconds: waitMs === undefined ? null : Math.ceil(waitMs / 1_000),
    }
  })
}

function budgetsOf(asked: Asked, { quoted, world }: { readonly quoted: readonly Quoted[]; readonly world: World }) {
  const wallMs = world.clock.now()
  const nano = Math.max(0, ...quoted.map(({ estimate }) => estimate?.nano ?? 0))
  const isUnpriced = quoted.some(({ estimate }) => estimate === undefined)
  return payersFor(asked, world.budgets).map(({ budget, unpriced, ceilingNano }) => {
    const { amountNano, mode } = budget.rule
    return {
      dollars: dollars(amountNano),
      remaining_dollars: dollars(Math.max(0, budget.roomNano(wallMs))),
      mode,
      fits: mode === 'observe' || fits({ budget, unpriced, ceilingNano }),
    }

    function fits(payer: Payer): boolean {
      if (isUnpriced && payer.unpriced !== 'ceiling') return payer.unpriced === 'allow'
      const estimate = isUnpriced
        ? ({ kind: 'ceiling', nano: Math.max(nano, payer.ceilingNano ?? 0) } as const)
        : ({ kind: 'priced', nano } as const)
      return refusalOf([payer.budget], estimate, wallMs) === undefined
    }
  })
}
