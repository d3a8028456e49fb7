import type { Action } from '../action.ts'
import { auditList } from './audit.ts'
import { budgetsChange, budgetsCreate, budgetsList, budgetsRemove } from './budgets.ts'
import { configShow } from './config.ts'
import { keysCreate, keysCreateMany, keysList, keysRevoke, keysRotate, keysShow, keysUpdate } from './keys.ts'
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
} from './limits.ts'
import {
  membersAdd,
  membersList,
  membersRemove,
  serviceAccountsCreate,
  serviceAccountsDisable,
  serviceAccountsList,
  serviceAccountsToken,
  usersCreate,
  usersDisable,
  usersList,
} from './members.ts'
import { providersList } from './providers.ts'
import { serviceTokensCreate, serviceTokensList, serviceTokensRevoke } from './service-tokens.ts'
import { setupAdministrator } from './setup.ts'
import {
  organisationsCreate,
  organisationsList,
  projectsArchive,
  projectsCreate,
  projectsList,
  teamsArchive,
  teamsCreate,
  teamsList,
} from './tenants.ts'
import { usageExport, usageList, usageTotals } from './usage.ts'

/** Every action that there is, in the order in which help and documentation show them. */
export const actions: readonly Action[] = [
  setupAdministrator,
  keysCreate,
  keysCreateMany,
  keysList,
  keysShow,
  keysUpdate,
  keysRotate,
  keysRevoke,
  limitsCreate,
  limitsList,
  limitsChange,
  limitsRemove,
  plansCreate,
  plansList,
  plansGive,
  plansTake,
  plansArchive,
  budgetsCreate,
  budgetsList,
  budgetsChange,
  budgetsRemove,
  organisationsCreate,
  organisationsList,
  teamsCreate,
  teamsList,
  teamsArchive,
  projectsCreate,
  projectsList,
  projectsArchive,
  usersCreate,
  usersList,
  usersDisable,
  membersAdd,
  membersList,
  membersRemove,
  serviceAccountsCreate,
  serviceAccountsList,
  serviceAccountsToken,
  serviceAccountsDisable,
  serviceTokensCreate,
  serviceTokensList,
  serviceTokensRevoke,
  usageTotals,
  usageList,
  usageExport,
  auditList,
  providersList,
  configShow,
]
