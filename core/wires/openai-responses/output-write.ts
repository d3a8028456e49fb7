import type { Citation, Proof } from '../../chat.ts'
import { given } from '../../given.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { PartContent } from '../../part.ts'
import { annotation } from './citation.ts'
import { sealed } from './seal.ts'

/** Events of the client's stream, before they are numbered. */
export type Events = readonly ({ readonly type: string } & JsonObject)[]

/** How far an item has come, in the words of the wire. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** An item of the answer while it is being written. */
export interface OutputItem {
  readonly delta: (text: string) => Events
  readonly cite: (citation: Citation) => Events
  /** The block that was open in it is whole. */
  readonly closeBlock: () => Events
  /** What comes before the item is done. */
  readonly end: (status: ItemStatus) => Events
  readonly json: (status: ItemStatus) => JsonObject
}

/** Where an item stands. */
export interface ItemPlace {
  readonly id: string
  readonly index: number
}

/** A message of one or several texts and refusals. */
export class MessageOutput implements OutputItem {
  readonly #at: { readonly item_id: string; readonly output_index: number }
  readonly #parts: JsonObject[] = []
  #open: { readonly kind: 'text' | 'refusal'; text: string; readonly annotations: Json[] } | undefined

  constructor({ id, index }: ItemPlace) {
    this.#at = { item_id: id, output_index: index }
  }

  openBlock(kind: 'text' | 'refusal'): Events {
    this.#open = { kind, text: '', annotations: [] }
    return [this.#event('response.content_part.added', { part: this.#part() })]
  }

  delta(delta: string): Events {
    if (this.#open === undefined) return []
    this.#open.text += delta
    return [
      this.#open.kind === 'text'
        ? this.#event('response.output_text.delta', { delta, logprobs: [] })
        : this.#event('response.refusal.delta', { delta }),
    ]
  }

  cite(citation: Citation): Events {
    const source = this.#open?.kind === 'text' ? annotation(citation, this.#open.text) : undefined
    if (this.#open === undefined || source === undefined) return []
    const annotation_index = this.#open.annotations.length
    this.#open.annotations.push(source)
    return [this.#event('response.output_text.annotation.added', { annotation: source, annotation_index })]
  }

  closeBlock(): Events {
    if (this.#open === undefined) return []
    const { kind, text } = this.#open
    const part = this.#part()
    const events = [
      kind === 'text'
        ? this.#event('response.output_text.done', { text, logprobs: [] })
        : this.#event('response.refusal.done', { refusal: text }),
      this.#event('response.content_part.done', { part }),
    ]
    this.#parts.push(part)
    this.#open = undefined
    return events
  }

  end(): Events {
    return this.closeBlock()
  }

  json(status: ItemStatus): JsonObject {
    const content = this.#open === undefined ? [...this.#parts] : [...this.#parts, this.#part()]
    return { id: this.#at.item_id, type: 'message', status, role: 'assistant', content }
  }

  #part(): JsonObject {
    const { kind = 'text', text = '', annotations = [] } = this.#open ?? {}
    return kind === 'text'
      ? { type: 'output_text', annotations: [...annotations], logprobs: [], text }
      : { type: 'refusal', refusal: text }
  }

  #event(type: string, fields: JsonObject): Events[number] {
    return { type, ...this.#at, content_index: this.#parts.length, ...fields }
  }
}

interface ThoughtOptions {
  readonly isRedacted: boolean
  /** Whether it comes from a vendor of this wire, who may know it by its id alone. */
  readonly isHome: boolean
}

/** A thought: its text is one summary, and its proof its seal. */
export class ThoughtOutput implements OutputItem {
  readonly #at: { readonly item_id: string; readonly output_index: number }
  readonly #isRedacted: boolean
  readonly #isHome: boolean
  #text = ''
  #isOpen = true
  proof: Proof | undefined

  constructor({ id, index }: ItemPlace, { isRedacted, isHome }: ThoughtOptions) {
    this.#at = { item_id: id, output_index: index }
    this.#isRedacted = isRedacted
    this.#isHome = isHome
  }

  delta(delta: string): Events {
    const events =
      this.#text === '' ? [this.#event('response.reasoning_summary_part.added', { part: summary('') })] : []
    this.#text += delta
    return [...events, this.#event('response.reasoning_summary_text.delta', { delta })]
  }

  cite(): Events {
    return []
  }

  closeBlock(): Events {
    if (!this.#isOpen || this.#text === '') return []
    this.#isOpen = false
    return [
      this.#event('response.reasoning_summary_text.done', { text: this.#text }),
      this.#event('response.reasoning_summary_part.done', { part: summary(this.#text) }),
    ]
  }

  end(): Events {
    return this.closeBlock()
  }

  json(status: ItemStatus): JsonObject {
    return thoughtItem({ id: this.#at.item_id, text: this.#text, seal: this.#seal(status) })
  }

  /** While it goes on nobody knows whether a proof still comes. */
  #seal(status: ItemStatus): string | undefined {
    if (this.proof !== undefined)
      return sealed({ proof: this.proof, kind: this.#isRedacted ? 'redacted' : 'reasoning' })
    return this.#isHome || status === 'in_progress' ? undefined : sealed({ kind: 'unsigned' })
  }

  #event(type: string, fields: JsonObject): Events[number] {
    return { type, ...this.#at, summary_index: 0, ...fields }
  }
}

/** A call of a tool. It is done only when the answer goes on or ends, because only then it is known whether it was cut. */
export class CallOutput implements OutputItem {
  readonly #at: { readonly item_id: string; readonly output_index: number }
  readonly #content: CallContent
  #text = ''

  constructor({ id, index }: ItemPlace, content: CallContent) {
    this.#at = { item_id: id, output_index: index }
    this.#content = content
  }

  delta(delta: string): Events {
    this.#text += delta
    return [{ type: `${this.#eventType()}.delta`, ...this.#at, delta }]
  }

  cite(): Events {
    return []
  }

  closeBlock(): Events {
    return []
  }

  /** Clients parse the arguments: where there are none they still must be JSON. What was cut stays cut. */
  end(status: ItemStatus): Events {
    const isEmpty = this.#text === '' && this.#content.input === 'function' && status === 'completed'
    const filled = isEmpty ? this.delta('{}') : []
    const text = this.#content.input === 'function' ? { arguments: this.#text } : { input: this.#text }
    return [...filled, { type: `${this.#eventType()}.done`, ...this.#at, ...text }]
  }

  json(status: ItemStatus): JsonObject {
    const { id, name, input } = this.#content
    const common = { id: this.#at.item_id, status, call_id: id, name }
    return input === 'function'
      ? { ...common, type: 'function_call', arguments: this.#text }
      : { ...common, type: 'custom_tool_call', input: this.#text }
  }

  #eventType(): string {
    return this.#content.input === 'function' ? 'response.function_call_arguments' : 'response.custom_tool_call_input'
  }
}

/** What opens a call. */
export type CallContent = Extract<PartContent, { readonly kind: 'call' }>

/** A reasoning item. */
export const thoughtItem = ({
  id,
  text,
  seal,
}: {
  id: string
  text: string
  seal: string | undefined
}): JsonObject => ({
  id,
  type: 'reasoning',
  summary: text === '' ? [] : [summary(text)],
  ...given({ encrypted_content: seal }),
})

const summary = (text: string): JsonObject => ({ type: 'summary_text', text })
