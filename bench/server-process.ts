import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A server under test: its process, its port, and what the operating system says about it. */
export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** Everything that it printed, for secrets that stand there once. */
  readonly printed: () => string
  /** User and system time of the whole process, all threads, in microseconds. */
  cpuMicros(): number
  rssBytes(): number
  stop(): Promise<void>
}

export interface StartCommand {
  readonly command: readonly string[]
  readonly environment?: { readonly [name: string]: string }
  /** Finds the port in what was printed so far. */
  readonly port: (printed: string) => number | undefined
  /** The processor to keep it on. */
  readonly pin: number
}

/** Starts it and waits until it says its port. */
export async function startServer({
  command,
  environment = {},
  port: findPort,
  pin,
}: StartCommand): Promise<ServerProcess> {
  const child = spawn('taskset', ['-c', String(pin), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  let printed = ''
  let complained = ''
  child.stderr.on('data', (chunk) => {
    complained += chunk
  })
  const port = await new Promise<number>((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`no port within 60 s: ${command.join(' ')}\n${complained}`)),
      60_000,
    )
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${command.join(' ')}\n${complained}`)))
    child.stdout.on('data', (chunk) => {
      printed += chunk
      const found = findPort(printed)
      if (found === undefined) return
      clearTimeout(limit)
      resolve(found)
    })
  })
  const pid = child.pid ?? 0
  return {
    pid,
    port,
    printed: () => printed,
    cpuMicros: () => cpuMicros(pid),
    rssBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024,
    stop: () => stopped(child),
  }
}

/** The kernel counts in hundredths of a second; runs are long enough for that. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 20_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
