import * as z from 'zod'
import { action } from '../action.ts'
import { BUDGET_PERIODS, UNPRICED } from '../budgets/stored-budget.ts'
import { LIMIT_SUBJECTS } from '../limits/stored-limit.ts'
import { inOrganisation, instant, lineOfText, pageInput, pageOf, publicId } from './fields.ts'

/** Budgets: how much money may be spent in a stretch of time. A request needs room in every budget on its path. */

const MODES = ['enforce', 'observe'] as const
/** Nano-dollars stay exact up to some nine million dollars. */
const DOLLARS_MAX = 9_000_000
const dollars = z.number().min(0).max(DOLLARS_MAX)

const budget = z.object({
  id: publicId,
  organisation: publicId,
  scope: z.enum(LIMIT_SUBJECTS),
  subject: publicId.describe('Of which one it is'),
  dollars: z.number(),
  period: z.enum(BUDGET_PERIODS),
  window: z.enum(['calendar', 'rolling']).nullable(),
  timeZone: z.string().nullable(),
  models: z.array(z.string()).nullable(),
  mode: z.enum(MODES),
  thresholds: z.array(z.int()),
  unpriced: z.enum(UNPRICED),
  ceilingDollars: z.number().nullable(),
  createdAt: instant,
  removedAt: instant.nullable(),
})

const mode = z.enum(MODES).describe('observe only counts and reports, and refuses nothing')
const thresholds = z
  .array(z.int().min(1).max(1_000))
  .max(10)
  .describe('Percent of the amount at which a line is logged, each once in a period')

export const budgetsCreate = action({
  name: 'budgets.create',
  method: 'POST',
  path: '/budgets',
  permission: 'budgets:write',
  summary: 'Give an organisation, team, project, user or key an amount of money that it may spend in a period.',
  input: z.strictObject({
    ...inOrganisation,
    scope: z.enum(LIMIT_SUBJECTS).describe('For what it pays'),
    subject: publicId.optional().describe('Id of the team, project, user or key; the organisation itself needs none'),
    dollars: dollars.describe('How much; 0 lets only models pass that cost nothing'),
    period: z.enum(BUDGET_PERIODS).default('month').describe('After what time it begins anew; total: never'),
    window: z
      .enum(['calendar', 'rolling'])
      .default('calendar')
      .describe('By the calendar, or the last hour, day, week or thirty days at any moment'),
    timeZone: lineOfText(60).default('UTC').describe('Of the calendar: Europe/Berlin'),
    models: z
      .array(lineOfText(200))
      .min(1)
      .max(100)
      .optional()
      .describe('Only for models of these patterns (`gpt-5*`); every model when left out'),
    mode: mode.default('enforce'),
    thresholds: thresholds.default([50, 80, 100]),
    unpriced: z
      .enum(UNPRICED)
      .default('block')
      .describe(
        'A model whose price nobody knows: block refuses it, ceiling counts a fixed amount for each request, allow lets it pass uncounted',
      ),
    ceilingDollars: dollars.optional().describe('With ceiling: what a request of unknown price counts as'),
  }),
  output: budget,
  changes: true,
})

export const budgetsList = action({
  name: 'budgets.list',
  method: 'GET',
  path: '/budgets',
  permission: 'budgets:read',
  summary: 'List the budgets that hold, newest first.',
  input: z.strictObject({
    ...inOrganisation,
    subject: publicId.optional().describe('Only of this organisation, team, project, user or key'),
    ...pageInput,
  }),
  output: pageOf(budget),
  changes: false,
})

export const budgetsChange = action({
  name: 'budgets.change',
  method: 'POST',
  path: '/budgets/:id/change',
  permission: 'budgets:write',
  summary: 'Change the amount, the thresholds or the mode of a budget, at once; what was spent stays spent.',
  input: z.strictObject({
    ...inOrganisation,
    id: publicId,
    dollars: dollars.optional(),
    mode: mode.optional(),
    thresholds: thresholds.optional(),
  }),
  output: budget,
  changes: true,
})

export const budgetsRemove = action({
  name: 'budgets.remove',
  method: 'POST',
  path: '/budgets/:id/remove',
  permission: 'budgets:write',
  summary: 'Remove a budget, at once.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: budget,
  changes: true,
})
