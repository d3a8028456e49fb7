import { afterAll, beforeAll } from 'vitest'
import { suiteNeeding } from './not-run.ts'
import { type DatabaseVersion, databaseVersions, startTestServer, type TestServer } from './postgres-server.ts'

export { databaseVersions } from './postgres-server.ts'

/** A server for one test file (or one `describe`): started before its tests, gone after them. */
export type TestPostgres = Omit<TestServer, 'dispose'>

/** Call it at the top of a test file or `describe`; use what it gives inside tests. The embedded version unless said otherwise. */
export function withPostgres(version: DatabaseVersion = databaseVersions()[0]): TestPostgres {
  const running: { server?: TestServer } = {}
  beforeAll(async () => {
    running.server = await startTestServer(version)
  }, startMsMax)
  afterAll(async () => {
    await running.server?.dispose()
  }, startMsMax)
  const server = (): TestServer => {
    if (running.server === undefined) throw new Error('the database of withPostgres() is there inside tests only')
    return running.server
  }
  return {
    major: version.major,
    get adminUrl() {
      return server().adminUrl
    },
    pid: () => server().pid(),
    freshDatabase: () => server().freshDatabase(),
    stop: () => server().stop(),
    start: () => server().start(),
  }
}

/** The same suite on the oldest and the newest PostgreSQL that we support; one that is missing here is printed as not run. */
export function describeOnDatabases(title: string, body: (postgres: TestPostgres) => void): void {
  for (const version of databaseVersions()) {
    suiteNeeding(`${title} on ${version.name}`, version.missing, () => body(withPostgres(version)))
  }
}

const startMsMax = 60_000
