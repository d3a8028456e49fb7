import { madeCallId } from '../../call-id.ts'
import { badField } from '../../fields.ts'

interface OpenCall {
  readonly id: string
  readonly name: string
}

/** A result as far as it says which call it answers. */
export interface Answer {
  /** As the client gave it, if it did. */
  readonly id: string | undefined
  readonly name: string
  /** Where it stands in the body. */
  readonly path: string
}

/**
 * Gives every call an id and every result that of its call. Gemini's own ids are optional and often come back on one of the two
 * only; then the name and the order decide, as they do for the vendor. Ids that are made here depend on what stands before, so that a
 * longer conversation has the same ones.
 */
export class CallPairs {
  readonly #orphans: 'refused' | 'taken'
  #made = 0
  /** Calls of the latest turn of the model that nobody has answered. */
  #open: OpenCall[] = []
  #isModel = false

  /** `orphans`: what becomes of a result that no call asked for; the vendor refuses it, except where it only counts tokens. */
  constructor(orphans: 'refused' | 'taken') {
    this.#orphans = orphans
  }

  /** A further turn. When the model speaks again, earlier calls are over. */
  turn(isModel: boolean): void {
    if (isModel && !this.#isModel) this.#open = []
    this.#isModel = isModel
  }

  call(given: string | undefined, name: string): string {
    const id = given === undefined || given === '' ? madeCallId('', this.#made++) : given
    this.#open.push({ id, name })
    return id
  }

  result({ id, name, path }: Answer): string {
    const byId = this.#open.findIndex((call) => call.id === id)
    const byName = byId >= 0 ? byId : this.#open.findIndex((call) => call.name === name)
    const [call] = this.#open.splice(Math.max(byName, 0), 1)
    if (call !== undefined) return call.id
    if (this.#orphans === 'refused') throw badField(path, 'answers no function call of the turn before it')
    return id === undefined || id === '' ? madeCallId('', this.#made++) : id
  }
}
