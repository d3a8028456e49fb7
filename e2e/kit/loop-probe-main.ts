import { appendFileSync } from 'node:fs'

/**
 * Preloaded into a gateway: writes down every time that its event loop did not look up for a while because it was computing. What
 * `monitorEventLoopDelay` says holds for the whole machine: a process that waits for a processor which others use looks the same there.
 * So a delay counts as far as the thread's own processor time went up in it. One line each: milliseconds.
 */

const TICK_MS = 2
const WRITTEN_MS_MIN = 5

const file = process.env['LOOP_PROBE_FILE']
if (file !== undefined && process.argv.includes('serve')) watch(file)

function watch(file: string): void {
  const last = { at: performance.now(), cpuMs: cpuMs() }
  setInterval(() => {
    const now = { at: performance.now(), cpuMs: cpuMs() }
    const heldMs = Math.min(now.at - last.at, now.cpuMs - last.cpuMs)
    Object.assign(last, now)
    if (heldMs >= WRITTEN_MS_MIN) appendFileSync(file, `${heldMs.toFixed(1)}\n`)
  }, TICK_MS).unref()
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
