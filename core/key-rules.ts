import { Fault } from './fault.ts'
import type { KeyRecord } from './key-record.ts'
import { allows, isNamed } from './model-pattern.ts'
import type { Operation } from './operation.ts'
import type { Route, Target } from './route.ts'

/** What a key may ask for: the same answer wherever it is asked, in the list of models as in a request. */

/** Refuses a kind of call that the key is not for. */
export function checkOperation({ operations }: KeyRecord, operation: Operation): void {
  if (operations === null || operations.includes(operation)) return
  // Who may use a model may know how much it would be.
  if (operation === 'count_tokens' && operations.some((one) => one === 'chat' || one === 'completions')) return
  throw new Fault('forbidden', 'This API key may not call this endpoint', { reason: 'operation' })
}

/**
 * The targets behind `name` that the key may use: none, some, or all of them. It may be allowed a name as it is asked for, or as `provider/model`,
 * but not by the model's own name alone: that would allow it at every provider. What is denied is denied by every name.
 */
export function usableTargets(key: KeyRecord, name: string, targets: readonly Target[]): readonly Target[] {
  const { models, deniedModels, routes } = key
  if (routes !== null && !routes.includes(name)) return NONE
  if (models === null && deniedModels.length === 0) return targets
  if (allows(deniedModels, name)) return NONE
  const byName = models === null || allows(models, name)
  return targets.filter((target) => (byName || allows(models, target.id)) && !isNamed(deniedModels, target))
}

/** Whether the key may use anything of what a name leads to. */
export const mayUse = (key: KeyRecord, name: string, { targets }: Route): boolean =>
  usableTargets(key, name, targets).length > 0

const NONE: readonly Target[] = []
