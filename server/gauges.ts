import type { ConfigState } from './config/watch.ts'
import type { OpenRequests } from './open-requests.ts'
import type { Snapshot } from './snapshot.ts'
import type { Gate } from './world/gates.ts'
import type { KeyRing } from './world/keys.ts'
import type { LedgerStatus } from './world/ledger.ts'
import type { Gauge } from './world/metrics-gauge.ts'

export interface Gauged {
  readonly openRequests: OpenRequests
  readonly gate: (provider: string) => Gate
  readonly snapshot: () => Snapshot
  readonly ledger: () => LedgerStatus
  readonly keys: Pick<KeyRing, 'size' | 'ageMs'>
  readonly databaseUp: () => boolean
  readonly config: () => ConfigState
  readonly pricesBroken: () => boolean
  readonly eventLoopDelay: Gauge
  readonly version: string
}

/** The figures that are read when somebody asks, rather than counted as they happen. */
export function gauges(from: Gauged): readonly Gauge[] {
  const perProvider = (read: (gate: Gate) => number) => () =>
    [...from.snapshot().providers.keys()].map((provider) => ({
      labels: { provider },
      value: read(from.gate(provider)),
    }))
  return [
    { name: 'requests_open', help: 'Requests that are open now.', read: () => from.openRequests.count },
    {
      name: 'provider_in_flight',
      help: 'Requests in flight at a provider.',
      read: perProvider((gate) => gate.inFlight),
    },
    {
      name: 'provider_waiting',
      help: 'Requests that wait for a free place at a provider.',
      read: perProvider((gate) => gate.waiting),
    },
    {
      name: 'journal_undelivered_bytes',
      help: 'Journal on this disk that the database does not have yet.',
      read: () => from.ledger().behindBytes,
    },
    {
      name: 'journal_recovering',
      help: '1 until the journals that dead processes left have been looked for: they are not among the undelivered bytes before.',
      read: () => (from.ledger().recovering ? 1 : 0),
    },
    {
      name: 'journal_open_attempts',
      help: 'Attempts written down and not settled yet.',
      read: () => from.ledger().openAttempts,
    },
    {
      name: 'journal_exhausted',
      help: '1 while new billable requests are refused because the journal cannot grow.',
      read: () => (from.ledger().state === 'ok' ? 0 : 1),
    },
    {
      name: 'ledger_shipped_records',
      help: 'Records handed to the database since the start.',
      read: () => from.ledger().shipped,
    },
    {
      name: 'ledger_quarantined_records',
      help: 'Records that the database refused for their content since the start.',
      read: () => from.ledger().quarantined,
    },
    {
      name: 'ledger_lost_records',
      help: 'Ends of attempts that could be written nowhere since the start.',
      read: () => from.ledger().lost,
    },
    { name: 'database_up', help: '1 while the database answers.', read: () => (from.databaseUp() ? 1 : 0) },
    {
      name: 'config_rejected',
      help: '1 while the configuration file is broken and an older configuration runs.',
      read: () => (from.config().rejected === null ? 0 : 1),
    },
    {
      name: 'prices_rejected',
      help: '1 while a price file in the data folder is broken and the prices before it are in force.',
      read: () => (from.pricesBroken() ? 1 : 0),
    },
    { name: 'keys_loaded', help: 'Secrets of virtual keys in memory.', read: () => from.keys.size() },
    {
      name: 'keys_age_seconds',
      help: 'Time since the keys in memory were known to be what the database says.',
      read: () => from.keys.ageMs() / 1_000,
    },
    from.eventLoopDelay,
    {
      name: 'build_info',
      help: 'Always 1; the labels say what runs.',
      read: () => [{ labels: { version: from.version, node: process.version }, value: 1 }],
    },
  ]
}
