/**
 * Everything that can be away while the process goes on serving. `/readyz` is open to whoever reaches the port, so it says sentences
 * from this table and nothing else: no address, no name, no message of another program can get there.
 */
const DEGRADATIONS = {
  database_away: {
    part: 'database',
    why: 'PostgreSQL cannot be reached: requests are served from memory, usage waits in the journal',
  },
  config_rejected: {
    part: 'config',
    why: 'The changed configuration was rejected: the one before it is in force',
  },
  config_last_good: {
    part: 'config',
    why: 'The configuration was rejected at start: the last good one is in force',
  },
  prices_broken: {
    part: 'prices',
    why: 'A price file in the data folder is broken: the prices before it are in force',
  },
  journal_full: {
    part: 'journal',
    why: 'The journal takes no more: new requests are refused, running ones are settled from the reserve',
  },
  journal_behind: {
    part: 'journal',
    why: 'Usage is delivered late: the journal grows faster than it is read',
  },
} as const satisfies { readonly [reason: string]: { readonly part: string; readonly why: string } }

export type Degradation = keyof typeof DEGRADATIONS

/** How one part is now: well, or why not and since when (milliseconds since 1970). Answers at once, from memory. */
export type HealthPart = () => { readonly reason: Degradation; readonly since: number } | undefined

/** Where the process is in its life. New requests are taken while it serves, and after a stop was asked for as long as `draining` allows. */
export type Phase = 'starting' | 'serving' | 'draining'

/** The body of `/readyz`. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'draining' | 'not_ready'
  readonly degraded: readonly { readonly part: string; readonly since: string; readonly why: string }[]
}

/** The names of the parts that are away, as a header says them (`config, database`), or `null`. */
export function degradedParts(parts: readonly HealthPart[]): string | null {
  const names = parts.flatMap((part) => {
    const state = part()
    return state === undefined ? [] : [DEGRADATIONS[state.reason].part]
  })
  return names.length === 0 ? null : [...new Set(names)].join(', ')
}

/** A part that is away does not take the process out of rotation: it still serves, and its neighbours miss the same part. */
export function readinessOf(phase: Phase, parts: readonly HealthPart[]): Readiness {
  const degraded = parts.flatMap((part) => {
    const state = part()
    if (state === undefined) return []
    const { part: name, why } = DEGRADATIONS[state.reason]
    return [{ part: name, since: new Date(state.since).toISOString(), why }]
  })
  const serving = degraded.length === 0 ? 'ready' : 'degraded'
  return { status: phase === 'serving' ? serving : NOT_SERVING[phase], degraded }
}

const NOT_SERVING = { starting: 'not_ready', draining: 'draining' } as const
