import type { Action } from '../action.ts'
import { auditList } from './audit.ts'
import { configShow } from './config.ts'
import { keysCreate, keysList, keysRevoke, keysRotate, keysShow } from './keys.ts'
import { providersList } from './providers.ts'
import { serviceTokensCreate, serviceTokensList, serviceTokensRevoke } from './service-tokens.ts'
import { setupAdministrator } from './setup.ts'
import { usageList, usageTotals } from './usage.ts'

/** Every action that there is, in the order in which help and documentation show them. */
export const actions: readonly Action[] = [
  setupAdministrator,
  keysCreate,
  keysList,
  keysShow,
  keysRotate,
  keysRevoke,
  serviceTokensCreate,
  serviceTokensList,
  serviceTokensRevoke,
  usageTotals,
  usageList,
  auditList,
  providersList,
  configShow,
]
