import pg from 'pg'
import { NO_USAGE } from '../../core/usage.ts'
import { startLedger } from '../../server/world/ledger.ts'
import { intentOf, recordOf, systemClock, testLog } from '../../server/world/attempts-test-kit.ts'

/**
 * A process to be killed: opens and settles attempts as fast as it can and prints `opened <id>`, `settled <id>` once the ledger has
 * said so. Arguments: the ledger's folder, and `on` or `off` for intents. Its database is never there.
 */
const [, , folder = '', intents = 'on'] = process.argv
const ledger = await startLedger({
  folder,
  journal: { durability: 'group', intent: intents === 'on', reserveBytes: 1_048_576, bytesMax: 1_073_741_824 },
  pool: new pg.Pool({ host: '/nowhere', connectionTimeoutMillis: 100 }),
  price: () => null,
  clock: systemClock,
  log: testLog(),
  tuning: { segmentBytesMax: 100_000 },
})
await ledger.recovered

async function one(): Promise<void> {
  const intent = intentOf({ at: Date.now() })
  const attempt = ledger.open(intent)
  await attempt.written
  process.stdout.write(`opened ${intent.id}\n`)
  attempt.progress({ ...NO_USAGE, input: 10, output: 1 }, 'running')
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
  await new Promise<void>((resolve) => attempt.settle(recordOf(intent), resolve))
  process.stdout.write(`settled ${intent.id}\n`)
}

const forever = async () => {
  for (;;) await one()
}
await Promise.all(Array.from({ length: 50 }, forever))
