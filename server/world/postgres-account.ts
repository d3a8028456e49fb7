import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { PostgresRefused } from './postgres-refused.ts'

/** Whom PostgreSQL runs as. `undefined` in its place means: as ourselves. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** How a child process is started as somebody: an empty object as ourselves. */
export const runAs = (account: Account | undefined): { uid?: number; gid?: number } =>
  account === undefined ? {} : { uid: account.uid, gid: account.gid }

/**
 * PostgreSQL refuses to run as root, so root hands it to a user without rights: who owns the cluster already, else the first that the
 * system knows of `sekisho`, `postgres`, `nobody`. Anybody else runs it as themselves, and only on what is their own.
 */
export async function accountFor(cluster: {
  readonly path: string
  readonly ownerUid: number | undefined
}): Promise<Account | undefined> {
  const self = process.getuid?.() ?? 0
  const { path, ownerUid } = cluster
  if (self !== 0) {
    if (ownerUid === undefined || ownerUid === self) return undefined
    throw new PostgresRefused(
      `${path} belongs to another user (${ownerUid}). Start the gateway as that user, or give it another folder with --data. Nothing was changed.`,
    )
  }
  if (ownerUid === 0) {
    throw new PostgresRefused(
      `${path} belongs to root, and PostgreSQL does not run as root. Give it back to the user it belonged to (chown -R), for example postgres. Nothing was changed.`,
    )
  }
  const users = await systemUsers()
  if (ownerUid !== undefined)
    return users.find((user) => user.uid === ownerUid) ?? { name: String(ownerUid), uid: ownerUid, gid: ownerUid }
  const found = CANDIDATES.map((name) => users.find((user) => user.name === name && user.uid !== 0)).find(
    (user) => user !== undefined,
  )
  if (found !== undefined) return found
  throw new PostgresRefused(
    'PostgreSQL does not run as root, and this system has no user to run it as. ' +
      'Make one (useradd --system sekisho), or start the gateway as an ordinary user.',
  )
}

/** Whether the account can enter the folder. Asked of the system itself, so that every kind of permission counts. */
export async function reaches(account: Account | undefined, folder: string): Promise<boolean> {
  if (account === undefined) return true
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...runAs(account), cwd: '/', env: {}, timeout: 5_000 })
    return true
  } catch {
    return false
  }
}

const CANDIDATES = ['sekisho', 'postgres', 'nobody']

async function systemUsers(): Promise<readonly Account[]> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  return lines.flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':')
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}

const run = promisify(execFile)
