import type { Catalog } from '../core/catalog.ts'
import type { Clock } from '../core/world.ts'
import { keepLastGood } from './config/last-good.ts'
import { type ConfigState, type ConfigWatch, watchConfig } from './config/watch.ts'
import type { LoadedConfig, LoadResult } from './config.ts'
import { compile, type Snapshot } from './snapshot.ts'
import { codeOf } from './world/error-code.ts'
import type { OpenLog } from './world/log.ts'
import type { PriceArchive } from './world/price-archive.ts'
import { readStoredPrices, type StoredPrices } from './world/price-files.ts'

export interface RunningConfigOptions {
  readonly started: LoadedConfig
  /** The operator's file, and how all of it is read again. */
  readonly path: string
  readonly load: () => Promise<LoadResult>
  readonly catalog: Catalog
  /** Prices that the operator took over, as they were found at start; they are read again with every reload. */
  readonly stored: StoredPrices
  readonly archive: PriceArchive
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
  #stored: StoredPrices

  constructor(options: RunningConfigOptions) {
    this.#options = options
    this.loaded = options.started
    this.#stored = options.stored
    this.#tellPrices(options.stored)
    this.snapshot = this.#compiled(options.started, options.stored, 1)
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

  /** Whether a file of prices is broken, so that those before it are in force. */
  pricesBroken(): boolean {
    return this.#stored.faults.length > 0
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

  /** Keeps every price that is in force for as long as there are records. That the disk takes it not is no reason to refuse a request. */
  async keepPrices(snapshot: Snapshot): Promise<void> {
    try {
      await this.#options.archive.keep([...snapshot.prices.values()].flat())
    } catch (error) {
      this.#options.log.warn({ code: codeOf(error) }, 'the prices in force could not be kept for costing again')
    }
  }

  async #apply(next: LoadedConfig): Promise<void> {
    const stored = await readStoredPrices(this.#options.dataDir, this.#stored)
    const snapshot = this.#compiled(next, stored, this.snapshot.version + 1)
    await this.keepPrices(snapshot)
    this.#tellPrices(stored)
    this.#tellRestart(this.loaded, next)
    this.#stored = stored
    this.snapshot = snapshot
    this.loaded = next
    this.#options.log.setLevel(next.config.log.level)
    await this.keep()
  }

  #compiled({ config, secrets }: LoadedConfig, { prices }: StoredPrices, version: number): Snapshot {
    const { catalog, demo } = this.#options
    return compile({ version, config, catalog, secrets, demo, applied: prices })
  }

  #tellPrices({ faults }: StoredPrices): void {
    for (const fault of faults)
      this.#options.log.error({ fault }, 'a price file is broken; the prices before it stay in force')
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
