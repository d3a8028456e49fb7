/** One preparation at a time in a checkout, however many commands were started at once. Plain JavaScript like prepare.mjs. */
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const waitMsMax = 20 * 60_000
const lookEveryMs = 100
// A lock file without an owner in it is one that is being written right now, or was left by a full disk.
const namelessMsMax = 5_000

/**
 * Runs `work` while this process owns the lock file `path`. Waits for another owner that lives; takes over from one that died.
 * Fails when the owner is still at it after twenty minutes.
 */
export async function holding(path, work) {
  await acquire(path)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

async function acquire(path) {
  const me = ownerLine(process.pid)
  const deadline = performance.now() + waitMsMax
  for (let said = false; !create(path, me); said = true) {
    const held = contentOf(path)
    if (held !== undefined && abandoned(path, held)) {
      takeAway(path, held)
      continue
    }
    if (performance.now() > deadline) throw new Error(`gave up waiting for the installation that ${path} belongs to`)
    if (!said) process.stderr.write('sekisho: waiting for another command that installs packages here ...\n')
    await sleep(lookEveryMs)
  }
}

function create(path, content) {
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw new Error(`packages must be installed, but ${path} cannot be written: ${error.code}`, { cause: error })
  }
}

function abandoned(path, held) {
  if (!held.endsWith('\n')) return ageMs(path) > namelessMsMax
  const [pid, began] = held.trim().split(' ')
  if (!alive(Number(pid))) return true
  const now = beganAt(Number(pid))
  return now !== undefined && began !== undefined && now !== began
}

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Process id and, where the system tells, when that process began: ids are given again, and in a container it is always the same few. */
function ownerLine(pid) {
  const began = beganAt(pid)
  return began === undefined ? `${pid}\n` : `${pid} ${began}\n`
}

function beganAt(pid) {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted after the program's name, which may hold spaces and brackets.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return undefined
  }
}

/**
 * Removes the lock of a dead owner. Two waiters must not both do it, or the second would remove the lock that the first has just
 * taken: so only one may look and remove at a time. The folder that says so lives for microseconds.
 */
function takeAway(path, held) {
  const turn = `${path}.turn`
  try {
    mkdirSync(turn)
  } catch {
    if (ageMs(turn) > namelessMsMax) rmdirSync(turn)
    return
  }
  try {
    if (contentOf(path) === held) rmSync(path, { force: true })
  } finally {
    rmdirSync(turn)
  }
}

function contentOf(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs
  } catch {
    return 0
  }
}
