import type { LimitRule } from './meter.ts'

/** Of what a limit can be. A plan's limits count for each subject that has the plan. */
export const LIMIT_SUBJECTS = ['organisation', 'team', 'project', 'user', 'key'] as const
export type LimitSubject = (typeof LIMIT_SUBJECTS)[number]

export const LIMIT_PERIODS = ['second', 'minute', 'hour', 'day'] as const
export type LimitPeriod = (typeof LIMIT_PERIODS)[number]

export const LIMIT_MEASURES = ['requests', 'tokens', 'concurrent'] as const satisfies readonly LimitRule['measure'][]

/** A limit as an operator made it. */
export interface StoredLimit {
  readonly id: string
  readonly measure: LimitRule['measure']
  readonly max: number
  /** `null` for requests that are open at once. */
  readonly per: LimitPeriod | null
  /** Patterns of the models that it counts, or `null` for all of them. */
  readonly models: readonly string[] | null
}

export const ruleOf = ({ id, measure, max, per }: StoredLimit): LimitRule => ({
  id,
  measure,
  max,
  windowMs: per === null ? 0 : PERIOD_MS[per],
})

const PERIOD_MS: { readonly [period in LimitPeriod]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
}
