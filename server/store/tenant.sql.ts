import { type Kysely, sql } from 'kysely'
import type { Database } from './tables.ts'

/** Lets the rest of this transaction see one organisation, and nothing of the others. */
export async function setOrganisation(transaction: Kysely<Database>, organisation: string): Promise<void> {
  await sql`select set_config('sekisho.organisation', ${organisation}, true)`.execute(transaction)
}
