import type { Fault } from '../core/fault.ts'

/** Something that is open and wants to be looked at from time to time. */
export interface Swept {
  next: Swept | null
  back: Swept | null
  /** Called about four times a second with monotonic milliseconds: whatever is past its stamp is ended here. */
  sweep(nowMs: number): void
  /** Ends it with an error, wherever it is. */
  cut(fault: Fault): void
}

/**
 * The requests that are open, linked through the objects themselves. A Set with an insert and a delete for each request
 * would keep old tables alive and every request with them (measured: +10 µs and 140 MB; hot-path rule 3).
 */
export class OpenRequests {
  readonly #ring: Swept = { next: null, back: null, sweep: () => {}, cut: () => {} }
  count = 0

  constructor() {
    this.#ring.next = this.#ring
    this.#ring.back = this.#ring
  }

  add(request: Swept): void {
    const first = this.#ring.next ?? this.#ring
    request.next = first
    request.back = this.#ring
    first.back = request
    this.#ring.next = request
    this.count++
  }

  /** Takes it out and clears its links; a second call does nothing. */
  remove(request: Swept): void {
    if (request.next === null || request.back === null) return
    request.back.next = request.next
    request.next.back = request.back
    request.next = null
    request.back = null
    this.count--
  }

  /** One mechanism for every limit in time: stamps, and this walk over them. */
  sweep(nowMs: number): void {
    this.each((request) => request.sweep(nowMs))
  }

  each(look: (request: Swept) => void): void {
    let request = this.#ring.next
    while (request !== null && request !== this.#ring) {
      // Read before the call: a request that ends itself clears its links.
      const after: Swept | null = request.next
      look(request)
      request = after
    }
  }
}
