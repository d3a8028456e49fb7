import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { within } from './wait.ts'

/** What is kept of each of the two outputs: the last mebibyte. */
const OUTPUT_CHARACTERS_MAX = 1024 * 1024
const STOP_MS_MAX = 30_000

/** A program that a test has started. */
export interface RunningProcess {
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** How it ended, or `undefined` while it runs. */
  readonly exit: () => Exit | undefined
  signal(name: NodeJS.Signals): void
  /** SIGTERM, and the end that it takes. A process that does not end is killed, and the test fails. */
  stop(): Promise<Exit>
  /** SIGKILL. */
  kill(): Promise<Exit>
  /** Waits for an end that it comes to by itself. */
  ended(options?: { timeoutMs?: number }): Promise<Exit>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Start {
  readonly command: readonly [program: string, ...rest: string[]]
  readonly cwd: string
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
}

export function startProcess({ command: [program, ...rest], cwd, env }: Start): RunningProcess {
  const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  // Nobody is left to stop it when the test's own process ends.
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const closed = once(child, 'close').finally(() => process.off('exit', killWithUs))
  const exit = (): Exit | undefined =>
    child.exitCode === null && child.signalCode === null
      ? undefined
      : { code: child.exitCode, signal: child.signalCode }
  const ended = async ({ timeoutMs = STOP_MS_MAX } = {}): Promise<Exit> => {
    await within(`the end of process ${child.pid}`, closed, { timeoutMs })
    return { code: child.exitCode, signal: child.signalCode }
  }
  return {
    pid: child.pid ?? 0,
    stdout: collect(child, 'stdout'),
    stderr: collect(child, 'stderr'),
    exit,
    signal: (name) => void child.kill(name),
    ended,
    kill: () => {
      child.kill('SIGKILL')
      return ended()
    },
    stop: async () => {
      child.kill('SIGTERM')
      try {
        return await ended()
      } catch (error) {
        child.kill('SIGKILL')
        throw error
      }
    },
  }
}

function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  const kept = { text: '' }
  child[name]?.setEncoding('utf8').on('data', (text: string) => {
    kept.text = (kept.text + text).slice(-OUTPUT_CHARACTERS_MAX)
  })
  return () => kept.text
}
