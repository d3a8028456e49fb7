import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startEmbeddedPostgres } from '../../server/world/postgres-embedded.ts'

/**
 * A process that owns an embedded PostgreSQL, for tests that kill, interrupt or run it as somebody else.
 * Arguments: data folder, and optionally the folder of the programs. Tells what happened in lines of JSON; stops when
 * its standard input ends. Ctrl-C is only reported, as in a gateway that still drains.
 */
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const quiet = () => undefined
const [dataDir = '', native] = process.argv.slice(2)

process.on('SIGINT', () => say({ event: 'interrupted' }))
try {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    ...(native === undefined ? {} : { binaries: { native, version: '18.4.0' } }),
  })
  const { connection, adopted, note } = postgres
  say({ event: 'started', connection, adopted, note, pid: postgres.pid() })
  await once(createInterface({ input: process.stdin }), 'close')
  await postgres.stop()
  process.exit(0)
} catch (error) {
  say({ event: 'refused', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
