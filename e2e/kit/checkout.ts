import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LIST_BYTES_MAX = 16 * 1024 * 1024

export interface CheckoutOptions {
  /** Whose the files are; our own when left out. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  /** Of the folder above: whether others can come through. */
  readonly mode: number
  /** `linked`: ours, so that nothing is installed. */
  readonly packages: 'linked' | 'missing'
}

/** A copy of this checkout as somebody has it who has just cloned it, in a path with blanks. */
export interface Checkout {
  readonly folder: string
  remove(): Promise<void>
}

export async function copyCheckout({ owner, mode, packages }: CheckoutOptions): Promise<Checkout> {
  const above = await mkdtemp(join(tmpdir(), 'sekisho check '))
  await chmod(above, mode)
  const folder = join(above, 'a clone')
  await mkdir(folder, { mode: 0o755 })
  for (const file of await files()) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await cp(join(ROOT, file), join(folder, file))
  }
  if (packages === 'linked') await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  if (owner !== undefined) await give(folder, owner)
  return { folder, remove: () => rm(above, { recursive: true, force: true }) }
}

/** What git has, and what it would take: as they are now. */
async function files(): Promise<readonly string[]> {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await run('git', ['-c', `safe.directory=${ROOT}`, ...words], {
    cwd: ROOT,
    maxBuffer: LIST_BYTES_MAX,
  })
  return stdout.split('\0').filter((file) => !NOT_COPIED.includes(file) && existsSync(join(ROOT, file)))
}

/** The end of the list; and the packages, which git takes for a file when they are a link. */
const NOT_COPIED = ['', 'node_modules']

/** Folders and files; links, and what they lead to, stay whose they are. */
async function give(folder: string, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  await chown(folder, owner.uid, owner.gid)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await give(path, owner)
    else if (entry.isFile()) await chown(path, owner.uid, owner.gid)
  }
}

const run = promisify(execFile)
