import type { ClientConfig } from 'pg'
import { PostgresRefused } from './postgres-refused.ts'
import { exactNumbers } from './sql-values.ts'

/** How a PostgreSQL is reached: the embedded one by its socket folder, any other by its URL. Holds a password: never logged. */
export type SqlConnection =
  | { readonly host: string; readonly database: string; readonly user: string; readonly password: string }
  | { readonly url: string }

/** The driver's settings, complete, so that no PG... variable of the environment changes where we connect to. */
export function clientSettings(connection: SqlConnection): ClientConfig {
  const always = {
    application_name: 'sekisho',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: exactNumbers,
  }
  if (!('url' in connection)) return { ...always, ...connection, port: 5432, ssl: false }
  // Looked at first: the driver's own error would carry the URL, and with it the password.
  if (!/^postgres(ql)?:\/\//.test(connection.url) || !URL.canParse(connection.url.replace('@/', '@localhost/'))) {
    throw new PostgresRefused(
      'SEKISHO_DATABASE_URL is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/database.',
    )
  }
  return { ...always, connectionString: connection.url }
}
