import { type CostEstimate, type CostEstimator, costEstimator, type Size } from '../core/budgets/estimate.ts'
import { TypicalOutput } from '../core/budgets/typical.ts'
import type { AttemptRecord } from '../core/attempt.ts'
import { type Price, priceAt } from '../core/price.ts'
import type { Payer } from '../core/policies/budgets.ts'
import type { Target } from '../core/route.ts'
import { outputTokens } from '../core/usage.ts'
import type { Asked } from './exchange.ts'
import { isOf, promptEstimate } from './expected-tokens.ts'
import { findRoute } from './snapshot.ts'
import type { Budgets } from './world/budgets.ts'

/** The budgets that pay for this request: those of its key, team, project... that pay for its model. */
export function payersFor(asked: Asked, budgets: Pick<Budgets, 'of'>): readonly Payer[] {
  const all = budgets.of(asked.key)
  // To count tokens costs nothing anywhere.
  if (all.length === 0 || asked.operation === 'count_tokens') return NOBODY
  return all.flatMap(({ budget, stored }) => {
    const { models, unpriced, ceilingNano } = stored
    return models === null || isOf(models, asked) ? { budget, unpriced, ceilingNano } : []
  })
}

/** What a request may cost at one target; `undefined` where its price is unknown. */
export interface Quoted {
  readonly target: string
  readonly estimate: CostEstimate | undefined
}

/** Tells what a request is expected to cost, and learns from what such requests really answered. */
export interface CostForecast {
  /** At the dearest of its targets; `unpriced` when the price of one of them is unknown. */
  expected(asked: Asked): { readonly nano: number; readonly unpriced: boolean }
  /** At each of its targets. */
  quoted(asked: Asked): readonly Quoted[]
  /** An attempt has ended. */
  note(record: AttemptRecord): void
}

export function openCostForecast(now: () => number): CostForecast {
  const estimators = new WeakMap<Price, CostEstimator>()
  const typical = new Map<string, TypicalOutput>()
  const estimatorOf = (price: Price): CostEstimator => {
    const known = estimators.get(price) ?? costEstimator(price)
    estimators.set(price, known)
    return known
  }
  const quoted = (asked: Asked): readonly Quoted[] =>
    (findRoute(asked.snapshot, asked.fields.model)?.targets ?? []).map((target) => {
      const price = priceAt(target.prices, now())
      const estimate = price === undefined ? undefined : estimatorOf(price)(sizeOf(asked, target))
      return { target: target.id, estimate }
    })
  const sizeOf = ({ body, fields, operation }: Asked, target: Target): Size => {
    const answers = operation === 'embeddings' ? 0 : (fields.choices ?? 1)
    const { outputTokensMax } = fields
    const allowed = outputTokensMax === undefined ? null : outputTokensMax * answers
    return {
      inputTokensEstimate: promptEstimate({ body, fields }),
      inputTokensMax: body.bytes,
      outputTokensMax: answers === 0 ? 0 : allowed,
      modelOutputTokensMax: target.outputTokensMax === null ? null : target.outputTokensMax * answers,
      typicalOutputTokens: (typical.get(target.id)?.p99 ?? USUAL_LONG_ANSWER_TOKENS) * answers,
    }
  }
  return {
    expected(asked) {
      let nano = 0
      let unpriced = false
      for (const { estimate } of quoted(asked)) {
        if (estimate === undefined) unpriced = true
        else nano = Math.max(nano, estimate.nano)
      }
      return { nano, unpriced }
    },
    quoted,
    note({ provider, modelSent, usage, status }) {
      if (usage === null || status !== 'complete') return
      const id = `${provider}/${modelSent}`
      let seen = typical.get(id)
      if (seen === undefined) {
        if (typical.size >= MODELS_MAX) typical.clear()
        seen = new TypicalOutput()
        typical.set(id, seen)
      }
      seen.note(outputTokens(usage))
    },
  }
}

const NOBODY: readonly Payer[] = []
/** A long answer of a model of which too few were seen: what is kept for one whose client sets no limit. */
const USUAL_LONG_ANSWER_TOKENS = 4_096
/** Names of models that clients made up are few; those that are used come again. */
const MODELS_MAX = 10_000
