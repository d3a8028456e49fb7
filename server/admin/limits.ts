import {
  limitsChange,
  limitsCreate,
  limitsList,
  limitsRemove,
  plansArchive,
  plansCreate,
  plansGive,
  plansList,
  plansTake,
} from '../../core/admin/limits.ts'
import { Fault } from '../../core/fault.ts'
import {
  archivePlan,
  changeLimit,
  findLimit,
  findPlan,
  givePlan,
  insertLimit,
  insertPlan,
  type LimitTable,
  listLimits,
  listPlans,
  type PlanTable,
  removeLimit,
  takePlan,
} from '../store/limits.sql.ts'
import { pageOf } from './page.ts'
import { newId } from './secret.ts'
import { served } from './served.ts'
import { subjectFor } from './subject.ts'
import { organisationFor } from './tenants.ts'

export const limitActions = [
  served(limitsCreate, async (input, context) => {
    const { scope, measure, max, per, models } = input
    if ((measure === 'concurrent') !== (per === undefined))
      throw new Fault('bad_request', `per: ${per === undefined ? 'is needed' : 'does not go with concurrent'}`, {
        field: 'per',
      })
    const { sql, now, random } = context
    const organisationId = await organisationFor(context)
    const row = await insertLimit(sql, {
      id: newId(random),
      organisation_id: organisationId,
      scope,
      subject_id: await subjectFor(context, { organisationId, scope, subject: input.subject }),
      measure,
      max,
      per: per ?? null,
      models: models ?? null,
      created_at: now,
    })
    return limitView(row)
  }),

  served(limitsList, async ({ subject, limit, cursor }, { sql }) => {
    const rows = await listLimits(sql, { subject, cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: limitView })
  }),

  served(limitsChange, async ({ id, max }, { sql, found }) => {
    found(limitView(await findLimit(sql, id)))
    return limitView(await changeLimit(sql, { id, max }))
  }),

  served(limitsRemove, async ({ id }, { sql, now, found }) => {
    found(limitView(await findLimit(sql, id)))
    return limitView(await removeLimit(sql, { id, now }))
  }),

  served(plansCreate, async ({ name }, context) => {
    const { sql, now, random } = context
    const organisation_id = await organisationFor(context)
    const row = await insertPlan(sql, { id: newId(random), organisation_id, name, created_at: now })
    if (row === undefined) throw new Fault('conflict', 'There is a plan of this name already', { field: 'name' })
    return planView(row)
  }),

  served(plansList, async ({ limit, cursor }, { sql }) => {
    const rows = await listPlans(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: planView })
  }),

  served(plansArchive, async ({ id }, { sql, now, found }) => {
    found(planView(await findPlan(sql, id)))
    return planView(await archivePlan(sql, { id, now }))
  }),

  served(plansGive, async ({ id, scope, subject }, context) => {
    const { sql, now } = context
    const plan = await findPlan(sql, id)
    const view = planView(plan)
    if (plan === undefined || plan.archived_at !== null) throw new Fault('conflict', 'The plan is archived')
    const organisationId = plan.organisation_id
    const subject_id = await subjectFor(context, { organisationId, scope, subject })
    await givePlan(sql, { organisation_id: organisationId, scope, subject_id, plan_id: id, given_at: now })
    return { ...view, scope, subject: subject_id }
  }),

  served(plansTake, async ({ id, scope, subject }, context) => {
    const plan = await findPlan(context.sql, id)
    const view = planView(plan)
    const organisationId = view.organisation
    const subject_id = await subjectFor(context, { organisationId, scope, subject })
    const taken = await takePlan(context.sql, { scope, subject_id })
    if (taken?.plan_id !== id) throw new Fault('conflict', 'They do not have this plan')
    return { ...view, scope, subject: subject_id }
  }),
]

function limitView(row: LimitTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no limit of this id')
  return {
    id: row.id,
    organisation: row.organisation_id,
    scope: row.scope,
    subject: row.subject_id,
    measure: row.measure,
    max: row.max,
    per: row.per,
    models: row.models,
    createdAt: row.created_at.toISOString(),
    removedAt: row.removed_at?.toISOString() ?? null,
  }
}

function planView(row: PlanTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no plan of this id')
  return {
    id: row.id,
    organisation: row.organisation_id,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    archivedAt: row.archived_at?.toISOString() ?? null,
  }
}
