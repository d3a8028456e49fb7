import { createHash } from 'node:crypto'
import { access, chmod, chown, constants, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Account, accountFor, reaches } from './postgres-account.ts'
import { codeOf } from './error-code.ts'
import { PostgresRefused } from './postgres-refused.ts'

/** Where the embedded PostgreSQL of one data folder lives. */
export interface Place {
  /** Ours: lock, log and, when they had to be copied, the programs. The data folder itself, unless the account cannot enter that. */
  readonly home: string
  /** PostgreSQL's own data directory. */
  readonly cluster: string
  readonly account: Account | undefined
}

/**
 * Decides where the cluster of `dataDir` lives: in it, or, when the account that runs PostgreSQL cannot enter it, in a folder of its
 * own under `systemDir`. What was decided once is written down in the data folder and stays, so that a change of permissions
 * never leads to a second, empty database.
 */
export async function placeFor(dataDir: string, systemDir: string): Promise<Place> {
  await makeDataDir(dataDir)
  const inside = join(dataDir, 'postgres')
  const entries = await ifThere(readdir(inside))
  if (entries !== undefined && entries.length > 0) return await existing(dataDir)
  const written = await ifThere(readFile(join(dataDir, MOVED), 'utf8'))
  if (written !== undefined) return await moved(written.trim())
  const account = await accountFor({ path: inside, ownerUid: undefined })
  if (await reaches(account, dataDir)) return { home: dataDir, cluster: inside, account }
  const home = join(systemDir, createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 12))
  await makeReachable(systemDir)
  await makeReachable(home)
  // Written before there is a database: a start that is killed in between finds its way back to the same place.
  await writeFile(join(dataDir, MOVED), `${home}\n`)
  return await moved(home)
}

/**
 * A folder for the Unix socket that only the account (and root) can enter, with a path short enough for every system: in `home`
 * if that is short, else under the user's run-time folder or /tmp, named after `home`.
 */
export async function socketFolder(place: Place): Promise<string> {
  const name = `sekisho-${createHash('sha256').update(place.home).digest('hex').slice(0, 12)}`
  const candidates = [
    join(place.home, 'run'),
    ...(place.account === undefined ? [join(`/run/user/${process.getuid?.()}`, name)] : []),
    join('/tmp', name),
  ]
  for (const folder of candidates) {
    if (Buffer.byteLength(join(folder, SOCKET_NAME)) >= socketPathBytesMax) continue
    if (await madePrivate(folder, place.account)) return folder
  }
  throw new PostgresRefused(
    `No folder for PostgreSQL's socket can be made: ${candidates.join(', ')} are too long, not writable or belong to somebody else.`,
  )
}

/** What PostgreSQL calls its socket on the port that we give it. */
const SOCKET_NAME = '.s.PGSQL.5432'

/** True when the folder is there, is ours and is closed to everybody else; a folder that somebody else put there is never used. */
async function madePrivate(folder: string, account: Account | undefined): Promise<boolean> {
  const uid = account?.uid ?? process.getuid?.() ?? 0
  try {
    await mkdir(folder, { mode: 0o700 })
    if (account !== undefined) await chown(folder, account.uid, account.gid)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') return false
  }
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== uid) return false
  if ((found.mode & 0o777) !== 0o700) await chmod(folder, 0o700)
  return true
}

/** Root's data folder can be passed through (its entries guard themselves), so that the account comes to its cluster. */
async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    await access(dataDir, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new PostgresRefused(
      `The data folder ${dataDir} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

async function makeReachable(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
}

async function existing(home: string): Promise<Place> {
  const cluster = join(home, 'postgres')
  const found = await ifThere(stat(cluster))
  const account = await accountFor({ path: cluster, ownerUid: found?.uid })
  if (await reaches(account, home)) return { home, cluster, account }
  throw new PostgresRefused(
    `There is a database in ${cluster}, but ${account?.name ?? 'the user'} who runs it cannot enter ${home}. ` +
      'Allow that (chmod a+x on each folder of the path), or start the gateway as that user. Nothing was changed.',
  )
}

/** A home that is not there must not pass for an empty one. */
async function moved(home: string): Promise<Place> {
  if ((await ifThere(stat(home))) !== undefined) return await existing(home)
  throw new PostgresRefused(
    `The database of this data folder was put into ${home}, and that folder is not there. ` +
      'Bring it back; or, if the database may be lost, remove the file postgres-is-in from the data folder. Nothing was changed.',
  )
}

/** Only what truly is not there counts as absent: a database that we may not read is not a missing one. */
async function ifThere<Found>(found: Promise<Found>): Promise<Found | undefined> {
  try {
    return await found
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new PostgresRefused(
      `The database folder cannot be read: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
    )
  }
}

const MOVED = 'postgres-is-in'
const socketPathBytesMax = 90
