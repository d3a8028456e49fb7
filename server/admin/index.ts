import { actions } from '../../core/admin/index.ts'
import { configShow } from '../../core/admin/config.ts'
import { providersList } from '../../core/admin/providers.ts'
import type * as z from 'zod'
import { auditActions } from './audit.ts'
import { budgetActions } from './budgets.ts'
import { keyActions } from './keys.ts'
import { limitActions } from './limits.ts'
import { memberActions } from './members.ts'
import { isPermission } from './permission.ts'
import { served, type Served } from './served.ts'
import { serviceTokenActions } from './service-tokens.ts'
import { setupActions } from './setup.ts'
import { tenantActions } from './tenants.ts'
import { usageActions } from './usage.ts'

/** What the process knows about itself, for the actions that only show it. */
export interface Views {
  readonly providers: () => z.input<typeof providersList.output>['items']
  readonly config: () => z.input<typeof configShow.output>['items']
}

/** Every action with its body. */
export const servedActions = (views: Views): readonly Served[] => [
  ...setupActions,
  ...keyActions,
  ...limitActions,
  ...budgetActions,
  ...tenantActions,
  ...memberActions,
  ...serviceTokenActions,
  ...usageActions,
  ...auditActions,
  served(providersList, () => ({ items: views.providers() })),
  served(configShow, () => ({ items: views.config() })),
]

/**
 * Refuses a list of actions that could be called by the wrong people or not at all: every declared one must have one body, and a
 * permission that can be proven. Looked at before the first action is served, because types do not bind what was built from data.
 */
export function checkServed(all: readonly Served[]): void {
  for (const { action } of all) {
    if (!isPermission(action.permission))
      throw new Error(`the action ${action.name} has no permission and cannot be served`)
  }
  for (const { name } of actions) {
    const bodies = all.filter(({ action }) => action.name === name).length
    if (bodies !== 1) throw new Error(`the action ${name} has ${bodies} bodies and cannot be served`)
  }
}
