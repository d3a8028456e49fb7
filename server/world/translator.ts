import { Worker } from 'node:worker_threads'
import type { Body } from '../../core/body.ts'
import type { ToCount } from '../../core/prompt-tokens.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../core/world.ts'
import type { ToTranslate, Translated } from '../../core/translate.ts'
import type { TranslatorAnswer, TranslatorQuestion } from './translator-thread.ts'

/** Reads requests that are too large for the thread that relays streams. */
export interface Translator {
  /** Rejects with the Fault of the translation, with `overloaded` when it takes too long, and with the signal's fault when `cancel` runs. */
  translate(body: Body, target: ToTranslate, onWait: OnWait): Promise<Translated>
  /** Counts the tokens of a prompt; rejects likewise. */
  count(body: Body, asked: ToCount, onWait: OnWait): Promise<number>
  close(): Promise<void>
}

type OnWait = (cancel: (fault: Fault) => void) => void

/** One thread, begun with the first large request and ended when none has come for a while: it holds some 40 MB. */
export function openTranslator({ clock }: { readonly clock: Clock }): Translator {
  return new ThreadedTranslator(clock)
}

interface Waiting {
  readonly question: TranslatorQuestion
  readonly resolve: (answer: TranslatorAnswer) => void
  readonly reject: (error: Error) => void
  /** Monotonic milliseconds since which it waits, for its turn or for its answer. */
  since: number
}

/**
 * The thread has one request at a time; the others stand in line here. Whose client leaves is taken out of the line, so that nobody waits
 * behind what nobody wants any more, and no more than one body is held twice.
 */
class ThreadedTranslator implements Translator {
  readonly #clock: Clock
  readonly #line = new Set<Waiting>()
  #current: Waiting | undefined
  #thread: Worker | undefined
  #usedAt = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async translate(body: Body, target: ToTranslate, onWait: OnWait): Promise<Translated> {
    const answer = await this.#ask({ body, work: { kind: 'translate', target } }, onWait)
    if (answer.kind === 'translated') return answer.translated
    throw refusedBy(answer)
  }

  async count(body: Body, asked: ToCount, onWait: OnWait): Promise<number> {
    const answer = await this.#ask({ body, work: { kind: 'count', asked } }, onWait)
    if (answer.kind === 'counted') return answer.tokens
    throw refusedBy(answer)
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    this.#sweep = undefined
    const fault = new Fault('draining', 'The gateway is shutting down')
    for (const { reject } of this.#line) reject(fault)
    this.#line.clear()
    await this.#end(fault)
  }

  #ask(question: TranslatorQuestion, onWait: OnWait): Promise<TranslatorAnswer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { question, resolve, reject, since: this.#clock.monotonic() }
      this.#line.add(waiting)
      this.#next()
      onWait((fault) => {
        // What the thread has begun it finishes: it cannot be called back, and the next one's turn comes soon enough.
        this.#line.delete(waiting)
        reject(fault)
      })
    })
  }

  #next(): void {
    const [first] = this.#line
    if (first === undefined || this.#current !== undefined) return
    this.#line.delete(first)
    this.#current = first
    first.since = this.#usedAt = this.#clock.monotonic()
    this.#running().postMessage(first.question)
  }

  #running(): Worker {
    if (this.#thread !== undefined) return this.#thread
    const thread = new Worker(new URL('./translator-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    })
    thread.unref()
    thread.on('message', (answer: TranslatorAnswer) => this.#answered(thread, answer))
    thread.on('error', (error: Error) => this.#lost(thread, error))
    this.#thread = thread
    this.#sweep ??= setInterval(() => this.#look(), SWEEP_MS).unref()
    return thread
  }

  #answered(thread: Worker, answer: TranslatorAnswer): void {
    if (thread !== this.#thread) return
    const answered = this.#current
    this.#current = undefined
    answered?.resolve(answer)
    this.#next()
  }

  /** A request that needs more memory than the thread has takes the thread down; the others get a new one. */
  #lost(thread: Worker, error: Error): void {
    if (thread !== this.#thread) return
    void this.#end(new Fault('internal', 'The gateway failed to translate this request', { cause: error }))
    this.#next()
  }

  #look(): void {
    const now = this.#clock.monotonic()
    for (const waiting of this.#line) {
      if (now - waiting.since <= WAIT_MS_MAX) break
      this.#line.delete(waiting)
      waiting.reject(tooSlow('The gateway has too many large requests to translate'))
    }
    if (this.#current !== undefined) {
      if (now - this.#current.since <= WAIT_MS_MAX) return
      void this.#end(tooSlow('The translation of this request took too long'))
      this.#next()
    } else if (this.#thread !== undefined && now - this.#usedAt > IDLE_MS) void this.#end(tooSlow('idle'))
  }

  /** Ends the thread; what it had begun is refused with `fault`. */
  async #end(fault: Fault): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    this.#current?.reject(fault)
    this.#current = undefined
    await thread?.terminate()
  }
}

function refusedBy(answer: TranslatorAnswer): Fault {
  if (answer.kind !== 'refused') return new Fault('internal', 'The gateway failed to translate this request')
  const { code, message, field, reason } = answer
  const detail = { ...(field === undefined ? {} : { field }), ...(reason === undefined ? {} : { reason }) }
  return new Fault(code, message, detail)
}

const tooSlow = (message: string) => new Fault('overloaded', message, { retryAfterSeconds: 1 })

/** For its turn, and then for its answer. */
const WAIT_MS_MAX = 30_000
const IDLE_MS = 60_000
const SWEEP_MS = 5_000
/** Several times the largest body: its text, its JSON, and the same again on the other side. */
const HEAP_MB_MAX = 1_024
