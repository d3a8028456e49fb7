import type { UserTable, ServiceTokenTable, SetupTokenTable } from './access.sql.ts'
import type { AuditTable } from './audit.sql.ts'
import type { KeySecretTable, KeyTable } from './keys.sql.ts'
import type { BudgetSpendTable, BudgetTable } from './budgets.sql.ts'
import type { GivenPlanTable, LimitTable, PlanTable } from './limits.sql.ts'
import type { MembershipTable, ServiceAccountTable } from './members.sql.ts'
import type { OrganisationTable, ProjectTable, TeamTable } from './tenants.sql.ts'
import type { UsageTable } from './usage.sql.ts'
import type { UsageDailyKeyTable, UsageDailyModelTable, UsageDailyTable } from './usage-totals.sql.ts'

/**
 * What Kysely knows about our tables. Each store file declares its own rows and adds them here by name, so that a query on a
 * table that does not exist fails to compile.
 */
export interface Database {
  organisations: OrganisationTable
  teams: TeamTable
  projects: ProjectTable
  users: UserTable
  service_accounts: ServiceAccountTable
  memberships: MembershipTable
  plans: PlanTable
  limits: LimitTable
  given_plans: GivenPlanTable
  budgets: BudgetTable
  budget_spend: BudgetSpendTable
  setup_tokens: SetupTokenTable
  service_tokens: ServiceTokenTable
  keys: KeyTable
  key_secrets: KeySecretTable
  audit: AuditTable
  usage: UsageTable
  usage_daily: UsageDailyTable
  usage_daily_keys: UsageDailyKeyTable
  usage_daily_models: UsageDailyModelTable
}
