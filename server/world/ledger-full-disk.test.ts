import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { suiteNeeding } from '../../e2e/kit/not-run.ts'

/** Ways to a mount namespace of one's own: as root, as a user where the system allows it, by sudo without a password. */
const ways = [
  ['unshare', '-m'],
  ['unshare', '-rm'],
  ['sudo', '-n', 'unshare', '-m'],
]
const way = ways.find((command) => mounts(command))

suiteNeeding('the ledger on a real full disk', way === undefined ? 'no right to mount a small disk' : null, () => {
  test('refuses new attempts, settles the running ones, lives on, and takes attempts again when there is room', async () => {
    const [command = '', ...options] = way ?? []
    const folder = mkdtempSync(join(tmpdir(), 'sekisho-full-'))
    const script = 'mount -t tmpfs -o size=4m sekisho "$1" && exec "$2" "$3" "$1"'
    const child = join(import.meta.dirname, '../../e2e/kit/ledger-full-disk-main.ts')
    const run = promisify(execFile)(command, [...options, 'sh', '-c', script, 'sh', folder, process.execPath, child], {
      timeout: 60_000,
    })
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const { stdout } = await run
    expect(JSON.parse(stdout)).toEqual({
      refused: 'storage_exhausted',
      full: 'exhausted',
      reason: 'ENOSPC',
      lost: 0,
      unsettled: 0,
      after: 'ok',
      again: 'taken',
    })
  })
})

function mounts([command = '', ...options]: readonly string[]): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-mount-'))
  try {
    execFileSync(command, [...options, 'sh', '-c', 'mount -t tmpfs -o size=1m sekisho "$1"', 'sh', folder], {
      stdio: 'ignore',
      timeout: 10_000,
    })
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}
