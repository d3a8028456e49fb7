import type { ClientConfig } from 'pg'
import { PostgresRefused } from './postgres-refused.ts'
import { exactNumbers } from './sql-values.ts'

/** How a PostgreSQL is reached: the embedded one by its socket folder, any other by its URL. Holds a password: never logged. */
export type SqlConnection =
  | { readonly host: string; readonly database: string; readonly user: string; readonly password: string }
  | { readonly url: string }

/** Parameters of a session that hold from its first statement on. */
export interface SessionParameters {
  readonly [name: string]: string
}

/** The driver's settings, complete, so that no PG... variable of the environment changes where we connect to. */
export function clientSettings(connection: SqlConnection, session: SessionParameters = {}): ClientConfig {
  const options = Object.entries(session)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')
  const always = {
    ...(options === '' ? {} : { options }),
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
  return { ...always, connectionString: withOptions(connection.url, options) }
}

/** The driver lets a URL's own `options` win, so what must hold stands behind them. A value holds neither blanks nor backslashes. */
function withOptions(url: string, options: string): string {
  if (options === '') return url
  const own = /[?&]options=([^&]*)/.exec(url)
  const added = encodeURIComponent(options)
  if (own === null) return `${url}${url.includes('?') ? '&' : '?'}options=${added}`
  return url.replace(own[0], `${own[0]}%20${added}`)
}
