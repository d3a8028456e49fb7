import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { startLedger } from '../../server/world/ledger.ts'
import { intentOf, recordOf, systemClock, testLog } from '../../server/world/attempts-test-kit.ts'

/** Fills a small disk (its argument) under a ledger and frees it again; prints what the ledger did as one line of JSON. */
const [, , disk = ''] = process.argv
const ledger = await startLedger({
  folder: join(disk, 'journal'),
  journal: { durability: 'group', intent: true, reserveBytes: 1_048_576, bytesMax: 1_073_741_824 },
  pool: new pg.Pool({ host: '/nowhere', connectionTimeoutMillis: 100 }),
  price: () => null,
  clock: systemClock,
  log: testLog(),
  tuning: { retryEveryMs: 20 },
})
const running = Array.from({ length: 100 }, () => intentOf()).map((intent) => ({
  intent,
  attempt: ledger.open(intent),
}))
await Promise.all(running.map(({ attempt }) => attempt.written))

const filler = join(disk, 'filler')
fill()
let refused = 'nothing'
let taken = running.length
for (let attempt = 0; attempt < 1_000 && refused === 'nothing'; attempt++) {
  refused = await ledger.open(intentOf()).written.then(
    () => {
      taken += 1
      return 'nothing'
    },
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'another error'),
  )
}
const full = ledger.status()
await Promise.all(
  running.map(({ intent, attempt }) => new Promise<void>((resolve) => attempt.settle(recordOf(intent), resolve))),
)
const settledWhileFull = ledger.status()

rmSync(filler)
for (let looks = 0; looks < 500 && ledger.status().state !== 'ok'; looks++) await pause(10)
const after = await ledger.open(intentOf()).written.then(
  () => 'taken',
  () => 'refused',
)
process.stdout.write(
  `${JSON.stringify({ refused, full: full.state, reason: full.reason, lost: settledWhileFull.lost, unsettled: settledWhileFull.openAttempts - (taken - running.length), after: ledger.status().state, again: after })}\n`,
)
process.exit(0)

/** To the last byte. */
function fill(): void {
  for (const bytes of [1_048_576, 65_536, 4_096, 1]) {
    for (let times = 0; times < 5_000; times++) {
      try {
        writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' })
      } catch {
        break
      }
    }
  }
}
