import { lstat, mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** The longest path of a Unix socket that every system takes is a little above this. */
const SOCKET_PATH_BYTES_MAX = 100
const PROBE_MS_MAX = 1_000

/**
 * Makes a place where a socket can be opened: a folder that is closed to others, and no socket left over from a process that was killed.
 * Refuses a path that is too long, an open folder, and a place where somebody answers.
 */
export async function prepareSocketPlace(socketPath: string): Promise<void> {
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
    throw new Error(`the path of a socket may have ${SOCKET_PATH_BYTES_MAX} bytes at most: ${socketPath}`)
  }
  const folder = dirname(socketPath)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { mode } = await lstat(folder)
  if ((mode & 0o077) !== 0) throw new Error(`the folder of a socket must have mode 0700: ${folder}`)
  const left = await lstat(socketPath).catch(() => undefined)
  if (left === undefined) return
  if (!left.isSocket() || (await isAnswered(socketPath))) throw new Error(`something else is already at ${socketPath}`)
  await rm(socketPath)
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath, timeout: PROBE_MS_MAX })
    const say = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => say(true))
    // Too busy to take a connection is not dead.
    socket.once('timeout', () => say(true))
    socket.once('error', () => say(false))
  })
}
