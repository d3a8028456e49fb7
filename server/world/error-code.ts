/** The code that Node and PostgreSQL give their errors (`ENOSPC`, `23505`): fit for a log, unlike their messages, which quote data. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
