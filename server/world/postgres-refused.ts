/**
 * The database cannot be used, for a reason that the operator can mend. The message is for them: whole sentences, with what was
 * found and what to do, no secrets. Whoever starts the process prints it without a stack and ends.
 */
export class PostgresRefused extends Error {
  override readonly name = 'PostgresRefused'
}
