import { madeCallId } from '../../call-id.ts'
import { asCount, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { type ProofOf, secretIn } from './proof.ts'

/** What calls must know of their choice. */
export interface CallContext {
  readonly choice: number
  /** For the ids of calls that have none. */
  readonly replyId: string
  readonly proofOf: ProofOf
  readonly nextBlock: () => number
}

/**
 * The calls of one choice, put together from deltas. Which call a delta belongs to is said by its id where it has one, and by its index
 * only then: nodes count from 1, give every call the index 0, or leave either out (wire-formats 1.8, traps 1 and 3).
 */
export class CallReader {
  readonly #context: CallContext
  readonly #all: Call[] = []
  readonly #byId = new Map<string, Call>()
  readonly #byIndex = new Map<number, Call>()

  constructor(context: CallContext) {
    this.#context = context
  }

  push(value: Json): readonly Part[] {
    const delta = asObject(value)
    if (delta === undefined) throw notThisWire('broken_reply')
    const input = inputOf(delta)
    const call = this.#callOf(delta, input.name)
    call.name ||= input.name
    const { choice } = this.#context
    const parts: Part[] = call.opened ? [] : this.#open(call)
    const text = call.held + input.text
    call.held = call.opened ? '' : text
    if (!call.idGiven) call.text += input.text
    if (call.opened && text !== '') parts.push({ kind: 'delta', choice, block: call.block, text })
    const secret = secretIn(delta['extra_content'])
    if (secret !== undefined && call.opened && !call.proven) {
      call.proven = true
      parts.push({ kind: 'prove', choice, block: call.block, proof: this.#context.proofOf(secret) })
    }
    return parts
  }

  /** Closes all of them. A call that never got a name is one that nobody can read. */
  end(): { readonly parts: readonly Part[]; readonly called: boolean; readonly broken: boolean } {
    const { choice } = this.#context
    const opened = this.#all.filter((call) => call.opened)
    const parts = opened.map(({ block }): Part => ({ kind: 'close', choice, block }))
    return { parts, called: opened.length > 0, broken: opened.length < this.#all.length }
  }

  #open(call: Call): Part[] {
    if (call.name === '') return []
    call.opened = true
    call.block = this.#context.nextBlock()
    const { block, id, name, kind } = call
    return [{ kind: 'open', choice: this.#context.choice, block, content: { kind: 'call', id, name, input: kind } }]
  }

  #callOf(delta: JsonObject, name: string): Call {
    const id = asText(delta['id']) ?? ''
    const index = asCount(delta['index'])
    const byId = this.#byId.get(id)
    if (byId !== undefined) return byId
    const current = index === undefined ? this.#all.at(-1) : this.#byIndex.get(index)
    if (current === undefined || !continues(current, { id, name })) return this.#begin(delta, { id, index })
    if (id !== '') this.#byId.set(id, current)
    return current
  }

  #begin(delta: JsonObject, { id, index }: { readonly id: string; readonly index: number | undefined }): Call {
    if (this.#all.length >= CALLS_MAX) throw notThisWire('broken_reply')
    const call: Call = {
      id: id === '' ? madeCallId(this.#context.replyId, this.#all.length) : id,
      idGiven: id !== '',
      kind: isCustom(delta) ? 'custom' : 'function',
      block: -1,
      name: '',
      text: '',
      held: '',
      opened: false,
      proven: false,
    }
    this.#all.push(call)
    if (id !== '') this.#byId.set(id, call)
    if (index !== undefined) this.#byIndex.set(index, call)
    return call
  }
}

interface Call {
  readonly id: string
  readonly idGiven: boolean
  readonly kind: 'function' | 'custom'
  block: number
  name: string
  /** All of its input, where only that tells whether another call begins. */
  text: string
  /** Input that came before the name. */
  held: string
  opened: boolean
  proven: boolean
}

const CALLS_MAX = 1_000

/**
 * Whether a delta with no id that is known goes on with this call. A name begins another one, except that some nodes repeat it with every piece:
 * without ids the call goes on until its arguments are whole. An id without a name begins nothing: there are nodes that make one for each delta.
 */
function continues(call: Call, { id, name }: { readonly id: string; readonly name: string }): boolean {
  if (name === '' || call.name === '') return true
  if (id !== '') return false
  return call.idGiven || asObject(parseJson(call.text)) === undefined
}

const isCustom = (delta: JsonObject): boolean => delta['type'] === 'custom' || asObject(delta['custom']) !== undefined

function inputOf(delta: JsonObject): { readonly name: string; readonly text: string } {
  const inner = asObject(delta['function']) ?? asObject(delta['custom']) ?? {}
  const given = inner['arguments'] ?? inner['input'] ?? ''
  return { name: asText(inner['name']) ?? '', text: typeof given === 'string' ? given : JSON.stringify(given) }
}
