import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes the data folder. Closed to others; root's is passable, because the unprivileged user that PostgreSQL runs as must get to its own folder inside. */
export async function makeDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
}

/** Where the built-in vendor listens: in the data folder, or in a short temporary one when that path is too long for a socket. */
export async function demoSocket(dataDir: string): Promise<string> {
  const path = join(dataDir, 'demo', 'demo.sock')
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path
  return join(await mkdtemp(join(tmpdir(), 'sekisho-')), 'demo.sock')
}

/** Below the longest path of a Unix socket on every system. */
const SOCKET_PATH_BYTES_MAX = 90
