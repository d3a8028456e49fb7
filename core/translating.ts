import { EventReader } from './event-reader.ts'
import { Fault, faultOf } from './fault.ts'
import type { ForcedCall } from './fit/tool-choice.ts'
import { HeldReply } from './held-reply.ts'
import { type Loss, spelt } from './loss.ts'
import type { Part } from './part.ts'
import type { Reading, ReplyReader } from './reply-reader.ts'
import { RepeatedDelta } from './repeated-delta.ts'
import { endsEvent } from './sse.ts'
import { undoing } from './undo.ts'
import { brokenCall, isOurAccount, tooLarge } from './upstream-fault.ts'
import { NO_USAGE, type Usage } from './usage.ts'
import type { ClientForm, ReadReply, StreamEvent, StreamReader, StreamWriter, Undo, Wire, WriteReply } from './wire.ts'

export interface TranslatingOptions {
  readonly vendor: Wire
  readonly form: ClientForm
  readonly read: ReadReply
  readonly write: WriteReply
  readonly undo: Undo
  /** Calls that the client demanded and the model could only be asked for: whether it made one is told. */
  readonly force?: ForcedCall | undefined
  /** How the vendor answers, and how the client wants it: usually the same, but not every vendor does as it is told. */
  readonly from: 'stream' | 'whole'
  readonly to: 'stream' | 'whole'
  readonly eventBytesMax: number
  /** Most that is held of a reply that must be whole before it can be written (bytes). */
  readonly replyBytesMax: number
}

/**
 * Reads a reply in the vendor's wire while its bytes pass, and gives out those of the client's. Nothing goes out before the first
 * content: what a wire says before it (ids, roles) is held, so that another target may still be tried.
 */
export class Translating implements ReplyReader {
  readonly #options: TranslatingOptions
  readonly #undo: (part: Part) => readonly Part[]
  readonly #input: StreamInput | WholeInput
  readonly #writer: StreamWriter | undefined
  opened = false
  openingFault: Fault | undefined
  brokenBy: Fault | undefined
  /** What a whole reply is written from, and about how much memory it takes. */
  readonly #parts: Part[] = []
  #heldBytes = 0
  /** Text of a stream that has not opened. */
  #held = ''
  #finished = false
  #failed = false
  #model: string | null = null
  #replyId: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #letters = 0
  /** Tools that were called, by the client's names. */
  readonly #called: string[] = []
  #replyLosses: readonly Loss[] = []

  constructor(options: TranslatingOptions) {
    this.#options = options
    this.#undo = undoing(options.undo)
    this.#input = options.from === 'stream' ? new StreamInput(options) : new WholeInput(options)
    this.#writer = options.to === 'stream' ? options.form.writer(options.write) : undefined
  }

  get done(): boolean {
    return this.#writer !== undefined && this.#finished
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    const parts = this.#input.push(chunk)
    return this.#give(parts.length === 0 ? this.#sign(chunk) : this.#take(parts))
  }

  /** A vendor that says nothing but that it is still there (a comment, a ping): the client hears that in its own way. */
  #sign(chunk: Uint8Array): string {
    const isRunning = this.#writer !== undefined && this.opened && !this.#finished && !this.#failed
    return isRunning && endsEvent(chunk) ? (this.#writer?.keepAlive ?? '') : ''
  }

  end(): Uint8Array | undefined {
    try {
      const text = this.#take(this.#input.end())
      return this.#writer === undefined ? this.#whole() : this.#give(text)
    } catch (error) {
      this.#fail(faultOf(error))
      return undefined
    }
  }

  ending(): 'complete' | 'broken' | 'told' {
    if (this.#failed) return this.brokenBy === undefined ? 'told' : 'broken'
    return this.#finished ? 'complete' : 'broken'
  }

  reading(): Reading {
    const { inputEstimate } = this.#options.write
    const counted = { ...NO_USAGE, input: inputEstimate, output: Math.ceil(this.#letters / LETTERS_PER_TOKEN) }
    const source = this.#usage === undefined ? 'counted' : this.#finished ? 'vendor' : 'running'
    const usage = this.#usage ?? counted
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source, replyId: this.#replyId }
  }

  /** An error of ours in the client's wire, inside the stream that this has written. */
  faultFrame(fault: Fault): string {
    return this.#writer?.fault(fault) ?? ''
  }

  losses(): readonly Loss[] {
    const losses = [...(this.#writer?.losses() ?? this.#replyLosses), ...this.#unmet()]
    return losses.map((loss) => spelt(loss, this.#options.form.wire))
  }

  /** A model that was asked for a call may answer with text all the same (wire-formats 1.5): the client hears that it did. */
  #unmet(): readonly Loss[] {
    const { force } = this.#options
    if (force === undefined || !this.#finished) return []
    const met = this.#called.some((name) => force.names === null || force.names.includes(name))
    return met ? [] : [{ field: 'toolChoice.required', what: 'dropped', why: 'the model did not call the tool' }]
  }

  #take(parts: readonly Part[]): string {
    let text = ''
    for (const part of parts) {
      if (this.#failed || this.#finished) break
      text += this.#takeOne(part)
    }
    return text
  }

  #takeOne(part: Part): string {
    switch (part.kind) {
      case 'start':
        this.#model = part.model === '' ? this.#model : part.model
        this.#replyId = part.id === '' ? this.#replyId : part.id
        break
      case 'usage':
        this.#usage = part.usage
        this.#serviceTier = part.serviceTier ?? this.#serviceTier
        break
      case 'delta':
        this.#letters += part.text.length
        break
      case 'end':
        if (part.stop.reason === 'broken-call') return this.#tell(brokenCall())
        this.opened ||= this.#writer !== undefined
        break
      case 'open':
        this.opened ||= this.#writer !== undefined
        break
      case 'finish':
        this.#finished = true
        break
      case 'fault':
        return this.#tell(part.fault)
      case 'cite':
      case 'prove':
      case 'close':
        break
    }
    return this.#write(part)
  }

  #write(part: Part): string {
    let text = ''
    for (const restored of this.#undo(part)) {
      if (restored.kind === 'open' && restored.content.kind === 'call') this.#called.push(restored.content.name)
      if (this.#writer === undefined) this.#hold(restored)
      else text += this.#writer.push(restored)
    }
    return text
  }

  /** A vendor that streams although nobody asked could go on for ever. */
  #hold(part: Part): void {
    this.#parts.push(part)
    this.#heldBytes += PART_BYTES + (part.kind === 'delta' ? part.text.length : 0)
    if (this.#heldBytes > this.#options.replyBytesMax) throw tooLarge('an answer')
  }

  /** The vendor's own error: the client hears of it in its own wire, unless another answer may still be found, or it is about our account. */
  #tell(fault: Fault): string {
    if (!this.opened || this.#writer === undefined || isOurAccount(fault)) {
      this.#fail(fault)
      return ''
    }
    this.#failed = true
    return this.#writer.fault(fault)
  }

  #fail(fault: Fault): void {
    this.#failed = true
    if (this.opened && this.#writer !== undefined) this.brokenBy = fault
    else this.openingFault = fault
    this.opened = true
  }

  #give(text: string): Uint8Array | undefined {
    if (!this.opened) {
      this.#held += text
      return undefined
    }
    const out = this.#held + text
    this.#held = ''
    return out === '' || this.openingFault !== undefined ? undefined : encoder.encode(out)
  }

  #whole(): Uint8Array | undefined {
    if (this.#failed || !this.#finished) {
      this.opened = true
      return undefined
    }
    this.opened = true
    const { body, losses } = this.#options.form.whole(this.#parts, this.#options.write)
    this.#replyLosses = losses
    return encoder.encode(JSON.stringify(body))
  }
}

/** Cuts a vendor's stream into events and reads each. */
class StreamInput {
  readonly #events: EventReader
  readonly #reader: StreamReader
  readonly #repeated: RepeatedDelta | undefined

  constructor({ vendor, read, eventBytesMax }: TranslatingOptions) {
    this.#events = new EventReader(eventBytesMax)
    this.#reader = vendor.stream.reader(read)
    this.#repeated = this.#reader.textLeavesNoTrace === true ? new RepeatedDelta() : undefined
  }

  push(chunk: Uint8Array): readonly Part[] {
    const parts: Part[] = []
    for (const event of this.#events.push(chunk)) this.#read(event, parts)
    return parts
  }

  #read(event: StreamEvent, parts: Part[]): void {
    const known = this.#repeated?.match(event)
    if (known !== undefined) {
      parts.push(known)
      return
    }
    const read = this.#reader.push(event)
    this.#repeated?.learn(event, read)
    for (const part of read) parts.push(part)
  }

  end(): readonly Part[] {
    return [...this.#events.end().flatMap((event) => this.#reader.push(event)), ...this.#reader.end()]
  }
}

/** Reads a whole reply when all of it has come. */
class WholeInput {
  readonly #options: TranslatingOptions
  readonly #held: HeldReply

  constructor(options: TranslatingOptions) {
    this.#options = options
    this.#held = new HeldReply(options.replyBytesMax)
  }

  push(chunk: Uint8Array): readonly Part[] {
    this.#held.push(chunk)
    return []
  }

  end(): readonly Part[] {
    return this.#options.vendor.reply.read(this.#held.object(), this.#options.read)
  }
}

const encoder = new TextEncoder()
/** A part without its text. */
const PART_BYTES = 64
/** What nobody has counted: English text has about four letters a token. */
const LETTERS_PER_TOKEN = 4
