import type { Behaviour, VendorUsage } from './vendor-script.ts'

/**
 * What the vendor knows of one request: the truth that a gateway's record is compared with. It grows while the answer runs; the
 * numbers never say less than what the other side can have received.
 */
export interface Seen {
  /** 0 for the first request that came. */
  readonly number: number
  /** `x-sekisho-request-id` when it was forwarded, else `vendor-<number>`. */
  readonly id: string
  /** 0 for the first connection: which requests shared one. */
  readonly connection: number
  readonly method: string
  readonly path: string
  /** As received, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** As received. */
  readonly body: Buffer
  /** Milliseconds since 1970 at which its head had come. */
  readonly arrivedAt: number
  readonly behaviour: Behaviour
  /** Of the answer: bytes of its body, events, and the tokens in them. */
  readonly bytesSent: number
  readonly eventsSent: number
  readonly tokensSent: number
  /** The final usage, once it was sent. */
  readonly usageSent: VendorUsage | null
  /** `finished`: all of it was sent; `broken`: the script broke it off; `left`: the other side closed first. */
  readonly state: 'open' | 'finished' | 'broken' | 'left'
  /** Milliseconds since 1970, once it is no longer open. */
  readonly endedAt: number | null
  /** Milliseconds since 1970 at which its connection was gone, whatever the state; kept for the last request of a connection. */
  readonly connectionClosedAt: number | null
}

/** Where the vendor writes; nobody else does. */
export type Truth = { -readonly [Field in keyof Seen]: Seen[Field] }

/** The header of a request, or `undefined`. */
export const headerOf = (seen: Seen, name: string): string | undefined =>
  seen.headers.find(([one]) => one.toLowerCase() === name)?.[1]

/** The body of a request as JSON; fails when it is not. */
export const jsonOf = (seen: Seen): unknown => JSON.parse(seen.body.toString('utf8'))
