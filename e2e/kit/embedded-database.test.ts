import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPostmaster } from '../../server/world/postgres-postmaster.ts'
import { embeddedDatabase, stopEmbeddedDatabase } from './embedded-database.ts'
import { startProcess } from './gateway-process.ts'
import { waitUntil } from './wait.ts'

let folder: string
let dataDir: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-embedded-'))
  await chmod(folder, 0o711)
  dataDir = join(folder, 'data')
})
afterEach(async () => {
  await stopEmbeddedDatabase(dataDir)
  await rm(folder, { recursive: true, force: true })
})

/** What a gateway does at its start, in a process that can be killed. */
const program = (module: string): string => `
const { startEmbeddedPostgres } = await import(${JSON.stringify(module)})
const say = (fields, message) => console.error(message)
await startEmbeddedPostgres({ dataDir: process.argv[1], log: { debug: say, info: say, warn: say, error: say } })
console.log('running')
setInterval(() => {}, 1_000)
`

test('a test gets into the database that a killed process left in its data folder, and ends it', async () => {
  const module = new URL('../../server/world/postgres-embedded.ts', import.meta.url).href
  const owner = startProcess({
    command: [process.execPath, '--input-type=module', '-e', program(module), dataDir],
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
  })
  await waitUntil('the database', () => owner.stdout().includes('running'), { timeoutMs: 30_000 })
  await owner.kill()
  const client = new pg.Client(await embeddedDatabase(dataDir))
  await client.connect()
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await client.end()
  await stopEmbeddedDatabase(dataDir)
  expect(await findPostmaster(join(dataDir, 'postgres'))).toBeUndefined()
})

test('where no database was left there is nothing to end', async () => {
  await expect(stopEmbeddedDatabase(dataDir)).resolves.toBeUndefined()
})
