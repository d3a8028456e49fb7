import * as z from 'zod'
import { action } from '../action.ts'
import { LIMIT_MEASURES, LIMIT_PERIODS, LIMIT_SUBJECTS } from '../limits/stored-limit.ts'
import { displayName, inOrganisation, instant, lineOfText, pageInput, pageOf, publicId } from './fields.ts'

/** Limits, and plans: named bundles of limits. */

const SCOPES = [...LIMIT_SUBJECTS, 'plan'] as const

const limit = z.object({
  id: publicId,
  organisation: publicId,
  scope: z.enum(SCOPES),
  subject: publicId.describe('Of which one it is: the id of the team, key, plan...'),
  measure: z.enum(LIMIT_MEASURES),
  max: z.int(),
  per: z.enum(LIMIT_PERIODS).nullable(),
  models: z.array(z.string()).nullable(),
  createdAt: instant,
  removedAt: instant.nullable(),
})

const plan = z.object({
  id: publicId,
  organisation: publicId,
  name: z.string(),
  createdAt: instant,
  archivedAt: instant.nullable(),
})

const max = z.int().min(0).max(1_000_000_000_000).describe('How many; 0 lets nothing through')

/** Who a limit or a plan is for. */
const subject = {
  scope: z.enum(LIMIT_SUBJECTS).describe('For what it counts'),
  subject: publicId.optional().describe('Id of the team, project, user or key; the organisation itself needs none'),
}

export const limitsCreate = action({
  name: 'limits.create',
  method: 'POST',
  path: '/limits',
  permission: 'limits:write',
  summary: 'Limit how much an organisation, team, project, user or key may do, or everybody who has a plan.',
  input: z.strictObject({
    ...inOrganisation,
    scope: z.enum(SCOPES).describe('For what it counts'),
    subject: publicId
      .optional()
      .describe('Id of the team, project, user, key or plan; the organisation itself needs none'),
    measure: z
      .enum(LIMIT_MEASURES)
      .describe('requests, tokens (prompt and answer), or concurrent: requests that are open at once'),
    max,
    per: z.enum(LIMIT_PERIODS).optional().describe('In any stretch of time of this length; not for concurrent'),
    models: z
      .array(lineOfText(200))
      .min(1)
      .max(100)
      .optional()
      .describe('Only for models of these patterns (`gpt-5*`), counted together; every model when left out'),
  }),
  output: limit,
  changes: true,
})

export const limitsList = action({
  name: 'limits.list',
  method: 'GET',
  path: '/limits',
  permission: 'limits:read',
  summary: 'List the limits that hold, newest first.',
  input: z.strictObject({
    ...inOrganisation,
    subject: publicId.optional().describe('Only of this organisation, team, project, user, key or plan'),
    ...pageInput,
  }),
  output: pageOf(limit),
  changes: false,
})

export const limitsChange = action({
  name: 'limits.change',
  method: 'POST',
  path: '/limits/:id/change',
  permission: 'limits:write',
  summary: 'Change how much a limit lets through, at once; what was counted stays counted.',
  input: z.strictObject({ ...inOrganisation, id: publicId, max }),
  output: limit,
  changes: true,
})

export const limitsRemove = action({
  name: 'limits.remove',
  method: 'POST',
  path: '/limits/:id/remove',
  permission: 'limits:write',
  summary: 'Remove a limit, at once.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: limit,
  changes: true,
})

export const plansCreate = action({
  name: 'plans.create',
  method: 'POST',
  path: '/plans',
  permission: 'limits:write',
  summary: 'Make a plan; its limits are made with the scope `plan`, and count for each one who has it.',
  input: z.strictObject({
    ...inOrganisation,
    name: displayName.describe('What it is called: free, team, enterprise...'),
  }),
  output: plan,
  changes: true,
})

export const plansList = action({
  name: 'plans.list',
  method: 'GET',
  path: '/plans',
  permission: 'limits:read',
  summary: 'List plans, newest first.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(plan),
  changes: false,
})

export const plansArchive = action({
  name: 'plans.archive',
  method: 'POST',
  path: '/plans/:id/archive',
  permission: 'limits:write',
  summary: 'End a plan: its limits hold for nobody any more.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: plan,
  changes: true,
})

export const plansGive = action({
  name: 'plans.give',
  method: 'POST',
  path: '/plans/:id/give',
  permission: 'limits:write',
  summary: 'Give a plan to an organisation, team, project, user or key, instead of the one that it had.',
  input: z.strictObject({ ...inOrganisation, id: publicId, ...subject }),
  output: plan.extend({ scope: z.enum(LIMIT_SUBJECTS), subject: publicId }),
  changes: true,
})

export const plansTake = action({
  name: 'plans.take',
  method: 'POST',
  path: '/plans/:id/take',
  permission: 'limits:write',
  summary: 'Take a plan away from who has it.',
  input: z.strictObject({ ...inOrganisation, id: publicId, ...subject }),
  output: plan.extend({ scope: z.enum(LIMIT_SUBJECTS), subject: publicId }),
  changes: true,
})
