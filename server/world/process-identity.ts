import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Which process, beyond doubt: a pid alone is given to another process after a while, at once after a reboot, and again in
 * every container. `startedAt`, `bootId` and `pidNamespace` are compared as text only.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly startedAt: string
  readonly bootId: string
  readonly pidNamespace: string
  readonly host: string
}

/** Who we are, to be written down for others. */
export const ownIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  startedAt: startOf(process.pid) ?? '',
  bootId: textOf('/proc/sys/kernel/random/boot_id') ?? '',
  pidNamespace: pidNamespace(),
  host: hostname(),
})

/** `elsewhere`: its pid means nothing here (another container or another machine), so only signs of life can tell. */
export type Life = 'alive' | 'dead' | 'elsewhere'

/** Whether the process that was written down is still the one that runs, as seen by `own`. */
export function lifeOf(other: ProcessIdentity, own: ProcessIdentity): Life {
  if (other.bootId !== own.bootId) return other.host === own.host ? 'dead' : 'elsewhere'
  if (other.pidNamespace !== own.pidNamespace) return 'elsewhere'
  return startOf(other.pid) === other.startedAt ? 'alive' : 'dead'
}

/** When the process was started, in the system's own words; `undefined` when none runs under this pid. A zombie does not run. */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return startByPs(pid)
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[STARTED_AT]
}

/** Where field 22 of proc(5) `stat` stands once pid and name are cut off. */
const STARTED_AT = 19

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('/bin/ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 2_000,
    })
    const [state = '', ...start] = line.trim().split(/\s+/)
    return state === '' || state.startsWith('Z') ? undefined : start.join(' ')
  } catch {
    return undefined
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
