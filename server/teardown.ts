import type { Log } from '../core/world.ts'

/** What was built, to be taken down in the opposite order. */
export class Teardown {
  readonly #steps: (() => unknown)[] = []

  /** `step` undoes what was just built; it may wait. */
  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** Takes everything down, last first, once. A part that fails to stop does not keep the others from stopping. */
  async run(log: Log): Promise<void> {
    for (const step of this.#steps.splice(0).toReversed()) {
      try {
        await step()
      } catch (error) {
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a part did not stop cleanly')
      }
    }
  }
}
