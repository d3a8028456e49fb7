import type { Catalog } from '../core/catalog.ts'
import type { Clock } from '../core/world.ts'
import { keepLastGood } from './config/last-good.ts'
import { type ConfigState, type ConfigWatch, watchConfig } from './config/watch.ts'
import type { LoadedConfig, LoadResult } from './config.ts'
import { compile, type Snapshot } from './snapshot.ts'
import { codeOf } from './world/error-code.ts'
import type { OpenLog } from './world/log.ts'

export interface RunningConfigOptions {
  readonly started: LoadedConfig
  /** The operator's file, and how all of it is read again. */
  readonly path: string
  readonly load: () => Promise<LoadResult>
  readonly catalog: Catalog
  readonly demo: { readonly socketPath: string }
  readonly dataDir: string
  readonly clock: Clock
  readonly log: OpenLog
}

/** The configuration in force, compiled, and its successors: each is built beside the old one and swapped whole. */
export class RunningConfig {
  loaded: LoadedConfig
  snapshot: Snapshot
  readonly #options: RunningConfigOptions
  readonly #watch: ConfigWatch

  constructor(options: RunningConfigOptions) {
    this.#options = options
    this.loaded = options.started
    this.snapshot = this.#compiled(options.started, 1)
    this.#watch = watchConfig({
      path: options.path,
      started: options.started,
      load: options.load,
      apply: (next) => this.#apply(next),
      onChange: (state) => this.#tell(state),
    })
  }

  state(): ConfigState {
    return this.#watch.state()
  }

  async reload(): Promise<void> {
    await this.#watch.reload()
  }

  close(): Promise<void> {
    return this.#watch.close()
  }

  /** Keeps what runs as the last good one. It is good whether or not the disk takes a copy of it. */
  async keep(): Promise<void> {
    const { text, revision, source } = this.loaded
    const path = source.kind === 'none' ? null : source.path
    const at = new Date(this.#options.clock.now()).toISOString()
    try {
      await keepLastGood(this.#options.dataDir, { text, revision, path, at })
    } catch (error) {
      this.#options.log.warn({ code: codeOf(error) }, 'the configuration could not be kept as the last good one')
    }
  }

  async #apply(next: LoadedConfig): Promise<void> {
    const snapshot = this.#compiled(next, this.snapshot.version + 1)
    this.#tellRestart(this.loaded, next)
    this.snapshot = snapshot
    this.loaded = next
    this.#options.log.setLevel(next.config.log.level)
    await this.keep()
  }

  #compiled({ config, secrets }: LoadedConfig, version: number): Snapshot {
    const { catalog, demo } = this.#options
    return compile({ version, config, catalog, secrets, demo })
  }

  #tell({ running, rejected }: ConfigState): void {
    const { log } = this.#options
    if (rejected === null) log.info({ revision: running }, 'configuration reloaded')
    else {
      const [first] = rejected.problems
      const fields = { revision: rejected.revision, problems: rejected.problems.length }
      log.error(
        { ...fields, first: first === undefined ? null : `${first.path} ${first.message}` },
        'configuration refused',
      )
    }
  }

  /** Some parts are built once. */
  #tellRestart({ config: before }: LoadedConfig, { config: after }: LoadedConfig): void {
    const sections = (['listen', 'admin', 'journal'] as const).filter(
      (section) => JSON.stringify(before[section]) !== JSON.stringify(after[section]),
    )
    if (sections.length === 0) return
    this.#options.log.warn(
      { sections: sections.join(', ') },
      'these sections of the configuration take effect with the next start',
    )
  }
}
