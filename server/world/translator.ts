import { Worker } from 'node:worker_threads'
import type { Body } from '../../core/body.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../core/world.ts'
import type { ToTranslate, Translated } from '../../core/translate.ts'
import type { TranslatorAnswer, TranslatorQuestion } from './translator-thread.ts'

/** Translates requests that are too large for the thread that relays streams. */
export interface Translator {
  /** Rejects with the Fault of the translation, or `overloaded` when it takes too long. */
  translate(body: Body, target: ToTranslate): Promise<Translated>
  close(): Promise<void>
}

/** One thread, begun with the first large request and ended when none has come for a while: it holds some 40 MB. */
export function openTranslator({ clock }: { readonly clock: Clock }): Translator {
  return new ThreadedTranslator(clock)
}

interface Waiting {
  readonly resolve: (translated: Translated) => void
  readonly reject: (error: Error) => void
  readonly since: number
}

class ThreadedTranslator implements Translator {
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  #thread: Worker | undefined
  #asked = 0
  #usedAt = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  translate(body: Body, target: ToTranslate): Promise<Translated> {
    const thread = this.#running()
    const id = this.#asked++
    this.#usedAt = this.#clock.monotonic()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, since: this.#usedAt })
      const question: TranslatorQuestion = { id, body, target }
      thread.postMessage(question)
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    this.#sweep = undefined
    await this.#end(new Fault('draining', 'The gateway is shutting down'))
  }

  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread
    const thread = new Worker(new URL('./translator-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    })
    thread.unref()
    thread.on('message', (answer: TranslatorAnswer) => this.#answered(answer))
    thread.on('error', (error: Error) => this.#lost(thread, error))
    this.#thread = thread
    this.#sweep ??= setInterval(() => this.#look(), SWEEP_MS).unref()
    return thread
  }

  #answered(answer: TranslatorAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('translated' in answer) return waiting?.resolve(answer.translated)
    const { code, message, field, reason } = answer.fault
    const detail = { ...(field === undefined ? {} : { field }), ...(reason === undefined ? {} : { reason }) }
    waiting?.reject(new Fault(code, message, detail))
  }

  /** A request that needs more memory than the thread has takes the thread down, and those beside it. */
  #lost(thread: Worker, error: Error): void {
    if (thread !== this.#thread) return
    this.#thread = undefined
    this.#rejectAll(new Fault('internal', 'The gateway failed to translate this request', { cause: error }))
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const [oldest] = this.#waiting.values()
    if (oldest !== undefined && now - oldest.since > TRANSLATE_MS_MAX) {
      void this.#end(new Fault('overloaded', 'The translation of this request took too long', { retryAfterSeconds: 1 }))
    } else if (oldest === undefined && now - this.#usedAt > IDLE_MS) {
      void this.#end(new Fault('overloaded', 'The translator was idle'))
    }
  }

  async #end(fault: Fault): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    this.#rejectAll(fault)
    await thread?.terminate()
  }

  #rejectAll(fault: Fault): void {
    for (const { reject } of this.#waiting.values()) reject(fault)
    this.#waiting.clear()
  }
}

const TRANSLATE_MS_MAX = 30_000
const IDLE_MS = 60_000
const SWEEP_MS = 5_000
/** Several times the largest body: its text, its JSON, and the same again on the other side. */
const HEAP_MB_MAX = 1_024
