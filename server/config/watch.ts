import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { LoadedConfig, LoadResult, RejectedConfig } from '../config.ts'

/** What runs, and what was refused since: for `/readyz`, the log and the metric. */
export interface ConfigState {
  /** Revision of the configuration in force. */
  readonly running: string
  /** The newest one that was refused; `null` once a good one has come. */
  readonly rejected: RejectedConfig | null
}

export interface ConfigWatch {
  state(): ConfigState
  /** Reads everything again, secrets too, and takes it over even if the file is the same: for SIGHUP. Resolves when it is done. */
  reload(): Promise<ConfigState>
  /** Stops looking; a reload that is under way is waited for. */
  close(): Promise<void>
}

export interface WatchOptions {
  /** The operator's file; it may not exist yet. */
  readonly path: string
  /** What this process began with. */
  readonly started: LoadedConfig
  /** Reads it all again, without the last good one: what runs is good. */
  readonly load: () => Promise<LoadResult>
  /** Builds the new snapshot beside the old one and swaps. When it throws, the old one goes on and the new one counts as refused. */
  readonly apply: (loaded: LoadedConfig) => void | Promise<void>
  /** Called when something was taken over, when something was refused for new reasons, and when the refused is gone. */
  readonly onChange: (state: ConfigState) => void
  /** The file must be the same for so long before it is read: an editor writes in several steps. Default 100. */
  readonly settleMs?: number
  /** How often the file is looked at besides, where the system reports no changes (network folders). Default 5,000. */
  readonly pollMs?: number
}

/**
 * Watches the folder, not the file: editors put a new file in the old one's place, and Kubernetes swaps a link two levels away.
 * Whatever happens in the folder only makes it look; what it looks at is the file that the path leads to in the end.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  return new FolderWatch(options)
}

class FolderWatch implements ConfigWatch {
  readonly #options: WatchOptions
  readonly #poll: NodeJS.Timeout
  readonly #stop = new AbortController()
  #folder: FSWatcher | undefined
  #running: string
  #rejected: RejectedConfig | null
  /** Whether what runs comes from a file, so that its absence is an accident more often than a wish. */
  #fromFile: boolean
  /** The file as it was when it was last read; nothing yet, so that a change between the start and the first look is not lost. */
  #seen = ''
  /** One look or reload at a time, in order. */
  #line: Promise<void> = Promise.resolve()
  #lookWaiting = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#running = options.started.revision
    this.#rejected = options.started.rejected
    this.#fromFile = options.started.source.kind !== 'none'
    this.#folder = this.#watchFolder()
    this.#poll = setInterval(() => this.#look(), options.pollMs ?? POLL_MS)
    this.#poll.unref()
    this.#look()
  }

  state(): ConfigState {
    return { running: this.#running, rejected: this.#rejected }
  }

  async reload(): Promise<ConfigState> {
    await this.#inLine(() => this.#read('always'))
    return this.state()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearInterval(this.#poll)
    this.#folder?.close()
    await this.#line
  }

  #watchFolder(): FSWatcher | undefined {
    try {
      const folder = watch(dirname(this.#options.path), { persistent: false }, () => this.#look())
      // The folder went away or cannot be watched any more: the poll goes on.
      folder.on('error', () => folder.close())
      return folder
    } catch {
      return undefined
    }
  }

  /** However often it is called while one look is still to come, there is one. */
  #look(): void {
    if (this.#lookWaiting || this.#stop.signal.aborted) return
    this.#lookWaiting = true
    void this.#inLine(async () => {
      this.#lookWaiting = false
      if ((await fingerprint(this.#options.path)) === this.#seen) return
      await this.#settled()
      await this.#read('if-changed')
    })
  }

  #inLine(work: () => Promise<void>): Promise<void> {
    const turn = this.#line.then(async () => {
      if (!this.#stop.signal.aborted) await work()
    })
    // Nothing in the line throws but a stop in the middle of a wait, which is what was asked for.
    this.#line = turn.catch(() => {})
    return this.#line
  }

  /** Waits until two looks see the same file. One that never rests is read all the same. */
  async #settled(): Promise<void> {
    let before = await fingerprint(this.#options.path)
    for (let look = 0; look < LOOKS_MAX; look++) {
      await wait(this.#options.settleMs ?? SETTLE_MS, undefined, { signal: this.#stop.signal })
      const now = await fingerprint(this.#options.path)
      if (now === before) return
      before = now
    }
  }

  async #read(when: 'always' | 'if-changed'): Promise<void> {
    this.#seen = await fingerprint(this.#options.path)
    const loaded = await this.#options.load()
    if (loaded.kind === 'refused') this.#reject(loaded)
    else if (this.#fromFile && loaded.source.kind === 'none')
      this.#reject({ revision: '', problems: [{ path: '', where: this.#options.path, message: GONE }] })
    else if (when === 'always' || loaded.revision !== this.#running) await this.#apply(loaded)
    else this.#recover()
  }

  async #apply(loaded: LoadedConfig): Promise<void> {
    try {
      await this.#options.apply(loaded)
    } catch (error) {
      const message = `could not be taken over: ${error instanceof Error ? error.message : 'unknown reason'}`
      this.#reject({ revision: loaded.revision, problems: [{ path: '', where: this.#options.path, message }] })
      return
    }
    this.#running = loaded.revision
    this.#fromFile = loaded.source.kind !== 'none'
    this.#rejected = null
    this.#options.onChange(this.state())
  }

  #reject({ revision, problems }: RejectedConfig): void {
    const told =
      JSON.stringify(this.#rejected?.problems) === JSON.stringify(problems) && this.#rejected?.revision === revision
    if (told) return
    this.#rejected = { revision, problems }
    this.#options.onChange(this.state())
  }

  /** What runs stands in the file again. */
  #recover(): void {
    if (this.#rejected === null) return
    this.#rejected = null
    this.#options.onChange(this.state())
  }
}

const SETTLE_MS = 100
const POLL_MS = 5_000
const LOOKS_MAX = 50
const GONE = 'is not there any more; the configuration that runs is kept'

/** Changes whenever the file that the path leads to does, or is another one. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return 'absent'
  }
}
