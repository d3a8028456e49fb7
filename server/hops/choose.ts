import { badField } from '../../core/fields.ts'
import { Fault } from '../../core/fault.ts'
import { usableTargets } from '../../core/key-rules.ts'
import type { Operation } from '../../core/operation.ts'
import { plan, type Route, type Target } from '../../core/route.ts'
import { countingAttempts } from '../count.ts'
import type { Admitted, Planned } from '../exchange.ts'
import { findRoute } from '../snapshot.ts'
import type { World } from '../world.ts'

/** Hop 5: where it may go, as the list of attempts in the order in which they are tried. */
export function choose(admitted: Admitted, world: World): Planned {
  const asked = admitted.fields.model
  const route = findRoute(admitted.snapshot, asked)
  if (route === undefined) {
    throw new Fault('model_not_found', `The model '${asked}' does not exist`, { field: 'model' })
  }
  const planned = plan(allowedPart(route, admitted), world.turn())
  const attempts = admitted.operation === 'count_tokens' ? countingAttempts(admitted, planned) : planned
  return { ...admitted, attempts, lossMode: admitted.key.lossy ?? route.lossMode ?? 'warn' }
}

/** Legacy completions are a way to chat, and what can be chatted with can be counted. */
const serves = ({ operations }: Target, operation: Operation): boolean =>
  operations.includes(operation) || (operation !== 'embeddings' && operations.includes('chat'))

/** The targets that serve this operation and that the key may use. */
function allowedPart(route: Route, { key, operation, fields, boundTo }: Admitted): Route {
  const serving = route.targets.filter(
    (target) => serves(target, operation) && (boundTo === undefined || target.provider.name === boundTo),
  )
  if (serving.length === 0 && boundTo !== undefined) {
    throw badField(
      'previous_response_id',
      `the model '${fields.model}' is served by another provider than that response`,
    )
  }
  if (serving.length === 0) {
    throw new Fault('bad_request', `The model '${fields.model}' does not serve this endpoint`, { field: 'model' })
  }
  const allowed = usableTargets(key, fields.model, serving)
  if (allowed.length === 0) {
    throw new Fault('model_not_allowed', `This API key may not use the model '${fields.model}'`, { field: 'model' })
  }
  return allowed === route.targets ? route : { ...route, targets: allowed }
}
