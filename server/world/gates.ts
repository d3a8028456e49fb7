import { Fault } from '../../core/fault.ts'

/** Places, of one provider or of the whole process: at most `max` requests in flight, and a bounded line before it. */
export interface Gate {
  readonly inFlight: number
  readonly waiting: number
  /**
   * Takes a place, or waits for one in order of arrival. Resolves with the function that gives it back (exactly one call
   * counts). Rejects with 503 when the line is full or `waitMs` are over, and with the signal's fault when `cancel` runs.
   */
  enter(limits: GateLimits, onWait: (cancel: (fault: Fault) => void) => void): Promise<() => void> | (() => void)
}

export interface GateLimits {
  readonly inFlightMax: number
  readonly queueMax: number
  readonly waitMs: number
}

/** One gate for each provider name, made when it is first asked for. */
export function openGates(): (provider: string) => Gate {
  const gates = new Map<string, Gate>()
  return (provider) => {
    const known = gates.get(provider)
    if (known !== undefined) return known
    const gate = new WaitingGate('provider')
    gates.set(provider, gate)
    return gate
  }
}

interface Waiting {
  readonly admit: () => void
  readonly refuse: (fault: Fault) => void
  gone: boolean
}

/** Places with a bounded line before them. */
export class WaitingGate implements Gate {
  inFlight = 0
  waiting = 0
  /** First in, first out. Those who gave up stay marked until their turn or the next tidy-up, so that leaving is cheap. */
  #line: Waiting[] = []
  #max = 0
  /** Whose places these are, for the message. */
  readonly #whose: 'provider' | 'gateway'

  constructor(whose: 'provider' | 'gateway') {
    this.#whose = whose
  }

  enter(limits: GateLimits, onWait: (cancel: (fault: Fault) => void) => void): Promise<() => void> | (() => void) {
    this.#max = limits.inFlightMax
    if (this.inFlight < limits.inFlightMax && this.waiting === 0) {
      this.inFlight++
      return this.#place()
    }
    if (this.waiting >= limits.queueMax) throw this.#full(limits)
    return new Promise((resolve, reject) => this.#stand({ limits, onWait, resolve, reject }))
  }

  #stand(turn: {
    readonly limits: GateLimits
    readonly onWait: (cancel: (fault: Fault) => void) => void
    readonly resolve: (leave: () => void) => void
    readonly reject: (fault: Fault) => void
  }): void {
    const timer = setTimeout(() => waiting.refuse(this.#full(turn.limits)), turn.limits.waitMs)
    const waiting: Waiting = {
      gone: false,
      admit: () => {
        clearTimeout(timer)
        turn.resolve(this.#place())
      },
      refuse: (fault) => {
        if (waiting.gone) return
        waiting.gone = true
        clearTimeout(timer)
        this.waiting--
        this.#tidy()
        turn.reject(fault)
      },
    }
    this.waiting++
    this.#line.push(waiting)
    turn.onWait(waiting.refuse)
  }

  #place(): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      this.inFlight--
      this.#next()
    }
  }

  #next(): void {
    while (this.inFlight < this.#max) {
      const first = this.#line.shift()
      if (first === undefined) return
      if (first.gone) continue
      first.gone = true
      this.waiting--
      this.inFlight++
      first.admit()
    }
  }

  /** Those who gave up are swept out once they are the larger half. */
  #tidy(): void {
    if (this.#line.length > 2 * this.waiting + 16) this.#line = this.#line.filter((waiting) => !waiting.gone)
  }

  #full({ waitMs }: GateLimits): Fault {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
    return new Fault('overloaded', `The ${this.#whose} is at its limit of requests in flight`, { retryAfterSeconds })
  }
}
