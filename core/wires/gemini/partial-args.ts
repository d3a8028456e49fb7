import { put } from '../../json-object.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'

/**
 * Arguments of a call that come in pieces (Vertex, `streamFunctionCallArguments`): each says where it belongs by a JSON path
 * (`$.steps[2].name`). The whole is only known at the end.
 */
export class PartialArgs {
  readonly #root: Place = emptyPlace()
  /** The path of the text that is still being added to. */
  #open: string | undefined

  /** Takes the pieces of one part. What cannot be placed is left out. */
  add(pieces: Json | undefined): void {
    for (const piece of asList(pieces) ?? []) {
      const fields = asObject(piece)
      if (fields !== undefined) this.#place(fields)
    }
  }

  text(): string {
    return this.#root.below.size === 0 ? '{}' : JSON.stringify(jsonOf(this.#root))
  }

  /** Of a call that broke off: never whole JSON, so that nobody takes it for a call (wire-formats 1.8, trap 48). */
  cutText(): string {
    return this.text().slice(0, -1)
  }

  #place(piece: JsonObject): void {
    const path = piece['jsonPath']
    const value = valueOf(piece)
    if (typeof path !== 'string' || value === undefined) return
    const place = placeAt(this.#root, stepsOf(path))
    if (place === undefined) return
    const before = this.#open === path && typeof place.value === 'string' ? place.value : ''
    place.value = typeof value === 'string' ? before + value : value
    this.#open = piece['willContinue'] === true ? path : undefined
  }
}

/** A value, or a list or object of others. */
interface Place {
  value: Json | undefined
  isList: boolean
  readonly below: Map<string, Place>
}

const emptyPlace = (): Place => ({ value: undefined, isList: false, below: new Map() })

const STEPS_MAX = 32
/** Lists are filled in order; a place far behind the last one is no answer of a model. */
const GAP_MAX = 100

type Step = string | number

/** `$.a[0]['b c']` as its steps; none when it is no such path. */
function stepsOf(path: string): readonly Step[] {
  const steps: Step[] = []
  const pattern = /\.([^.[\]]+)|\[(\d{1,6})\]|\[(['"])((?:[^\\]|\\.)*?)\3\]/y
  pattern.lastIndex = 1
  while (path.startsWith('$') && pattern.lastIndex < path.length) {
    const match = pattern.exec(path)
    if (match === null || steps.length === STEPS_MAX) return []
    const [, name, index, , quoted = ''] = match
    steps.push(index === undefined ? (name ?? quoted.replace(/\\(.)/g, '$1')) : Number(index))
  }
  return steps
}

function placeAt(root: Place, steps: readonly Step[]): Place | undefined {
  let place = root
  for (const step of steps) {
    const isList = typeof step === 'number'
    if (isList && step > place.below.size + GAP_MAX) return undefined
    const known = place.below.get(String(step))
    const next = known ?? emptyPlace()
    if (known === undefined) place.below.set(String(step), next)
    if (place !== root) place.isList = isList
    place = next
  }
  return steps.length === 0 ? undefined : place
}

function valueOf(piece: JsonObject): Json | undefined {
  if (piece['nullValue'] !== undefined) return null
  return piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue']
}

function jsonOf({ value, isList, below }: Place): Json {
  if (below.size === 0) return value ?? null
  if (isList) return Array.from({ length: lastIndex(below) + 1 }, (_, index) => itemOf(below.get(String(index))))
  const object: { [key: string]: Json } = {}
  for (const [key, place] of below) put(object, key, jsonOf(place))
  return object
}

const itemOf = (place: Place | undefined): Json => (place === undefined ? null : jsonOf(place))

const lastIndex = (below: ReadonlyMap<string, Place>): number =>
  [...below.keys()].reduce((last, key) => Math.max(last, Number(key) || 0), 0)
