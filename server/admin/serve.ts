import { Fault, faultOf } from '../../core/fault.ts'
import type { Clock, Log } from '../../core/world.ts'
import { insertAuditLine } from '../store/audit.sql.ts'
import type { Allowances } from '../world/allowances.ts'
import type { Budgets } from '../world/budgets.ts'
import type { KeyRing } from '../world/keys.ts'
import { EVERY_ORGANISATION, type Sql } from '../world/sql.ts'
import { codeOf } from '../world/error-code.ts'
import { type Scope, scopeOf } from './permission.ts'
import type { Random } from './secret.ts'
import type { Caller, Fields, Pieces, Served, Whole } from './served.ts'

/** What every action needs of the world. */
export interface ServeWorld {
  readonly sql: Pick<Sql, 'control' | 'queries' | 'within' | 'reading'>
  readonly clock: Clock
  readonly log: Log
  readonly random: Random
  /** Looks for changes as soon as one was committed here. */
  readonly keys: Pick<KeyRing, 'refresh'>
  readonly allowances: Pick<Allowances, 'refresh'>
  readonly budgets: Pick<Budgets, 'refresh'>
}

/**
 * The one way in which an action runs, whoever calls it and however: input read, then the body and, for a change, its audit
 * line in one transaction, then the news of it. The caller's permission was proven before.
 */
export async function perform(
  { action, read }: Served,
  raw: unknown,
  caller: Caller,
  world: ServeWorld,
): Promise<Fields> {
  const ready = read(raw)
  if (ready.kind === 'stream') throw new Fault('internal', 'This action streams')
  const now = new Date(world.clock.now())
  const asked = ready.input['organisation']
  const scope = scopeOf(action, caller.access, typeof asked === 'string' ? asked : undefined)
  if (!action.changes) return look({ ready, caller, now, scope }, world)
  const output = await change(
    { name: action.name, secretOutput: action.secretOutput ?? [], ready, caller, now, scope },
    world,
  )
  world.log.info({ action: action.name, target: targetOf(ready.input, output), ...who(caller) }, 'changed')
  await publish(world)
  return output
}

/** Runs an action that streams, for as long as `send` takes to hand its answer on. */
export async function performStream(
  { action, read }: Served,
  raw: unknown,
  { caller, world, send }: { readonly caller: Caller; readonly world: ServeWorld; readonly send: Send },
): Promise<void> {
  const ready = read(raw)
  if (ready.kind === 'whole') throw new Fault('internal', 'This action does not stream')
  const now = new Date(world.clock.now())
  const asked = ready.input['organisation']
  const scope = scopeOf(action, caller.access, typeof asked === 'string' ? asked : undefined)
  await world.sql.reading(tenantOf(scope), (sql) =>
    send(ready.open({ sql, caller, now, random: world.random, found: () => {}, ...scope })),
  )
}

type Send = (answer: Pieces) => Promise<void>

interface Look {
  readonly ready: Whole
  readonly caller: Caller
  readonly now: Date
  readonly scope: Scope
}

interface Change extends Look {
  readonly name: string
  readonly secretOutput: readonly string[]
}

const look = ({ ready, caller, now, scope }: Look, world: ServeWorld): Promise<Fields> =>
  world.sql.within(tenantOf(scope), (sql) =>
    ready.run({ sql, caller, now, random: world.random, found: () => {}, ...scope }),
  )

const tenantOf = ({ organisation }: Scope): string => organisation ?? EVERY_ORGANISATION

/** Everything or nothing: when the audit line cannot be written, nothing was changed. */
async function change({ name, secretOutput, ready, caller, now, scope }: Change, world: ServeWorld): Promise<Fields> {
  const { input } = ready
  const line = {
    at: now,
    organisationId: scope.organisation,
    access: caller.access,
    action: name,
    ip: caller.ip,
    requestId: caller.requestId,
    input,
  }
  const kept: { before: Fields | null } = { before: null }
  const found = (before: Fields) => {
    kept.before = before
  }
  try {
    return await world.sql.within(tenantOf(scope), async (transaction) => {
      const output = await ready.run({ sql: transaction, caller, now, random: world.random, found, ...scope })
      const result = Object.fromEntries(Object.entries(output).filter(([field]) => !secretOutput.includes(field)))
      const organisationId = organisationOf(output) ?? line.organisationId
      const target = targetOf(input, output)
      await insertAuditLine(transaction, {
        ...line,
        organisationId,
        target,
        outcome: 'done',
        before: kept.before,
        result,
      })
      return output
    })
  } catch (error) {
    const fault = faultOf(error)
    const refused = { ...line, target: targetOf(input, {}), outcome: fault.code, before: null, result: null }
    await noteRefusal(refused, { fault, world })
    throw error
  }
}

/** What was changed belongs to somebody, also where an operator did it who named no organisation. */
function organisationOf(output: Fields): string | null {
  const organisation = output['organisation']
  return typeof organisation === 'string' ? organisation : null
}

/** That somebody tried is worth a line too. It goes in after the rollback; when it cannot, the log says so and the refusal stands. */
async function noteRefusal(
  line: Parameters<typeof insertAuditLine>[1],
  { fault, world }: { readonly fault: Fault; readonly world: ServeWorld },
): Promise<void> {
  if (fault.status >= 500) return
  try {
    const { organisationId } = line
    await world.sql.within(organisationId ?? EVERY_ORGANISATION, (sql) => insertAuditLine(sql, line))
  } catch (error) {
    world.log.error(
      { action: line.action, requestId: line.requestId, code: codeOf(error) },
      'a refused change is missing from the audit log',
    )
  }
}

/** In this process the change holds before its answer goes out; the others hear of it from the database. */
async function publish(world: ServeWorld): Promise<void> {
  try {
    await Promise.all([world.keys.refresh(), world.allowances.refresh(), world.budgets.refresh()])
  } catch (error) {
    world.log.warn({ code: codeOf(error) }, 'a change is committed but not in force here yet')
  }
}

/** What a change is about: by convention the `id` that it gives or was given. */
function targetOf(input: Fields, output: Fields): string | null {
  const id = output['id'] ?? input['id']
  return typeof id === 'string' ? id : null
}

const who = ({ access, ip, requestId }: Caller) => ({ caller: access?.id, ip, requestId })
