import { Fault, type FaultCode, type FaultDetail } from './fault.ts'

/** What a vendor sent cannot be read as its wire. `reason`: what was missed, for the log. */
export const notThisWire = (reason: string, cause?: unknown): Fault =>
  new Fault('upstream_error', 'The provider answered with something that is not its wire', { reason, cause })

/** The vendor sent more than is held of such a thing. */
export const tooLarge = (what: 'an event' | 'an answer' | 'a block'): Fault =>
  new Fault('upstream_error', `The provider sent ${what} that is too large`, { reason: 'too_large' })

/** A call that nobody can read is never an empty success (wire-formats 1.5.3). */
export const brokenCall = (): Fault =>
  new Fault('upstream_error', "The provider's model called a tool in a way that cannot be read", {
    reason: 'broken_call',
  })

/** The vendor's words about *our* account (its credential, its money) go to nobody: these are said in their place (reliability 3.6). */
export const OUR_ACCOUNT = {
  upstream_auth_failed: "The provider refused the gateway's own credential",
  upstream_funds: 'The provider is not available to the gateway now',
} as const

/** The fault that a client gets for them. */
export const ourAccountFault = (code: OurAccountCode, detail: FaultDetail = {}): Fault =>
  new Fault(code, OUR_ACCOUNT[code], detail)

/** Whether a code is about our account. */
export const isOurAccountCode = (code: FaultCode): code is OurAccountCode => Object.hasOwn(OUR_ACCOUNT, code)

/** Whether a vendor's error is about our account: then its own bytes must not go on either. */
export const isOurAccount = ({ code }: Fault): boolean => isOurAccountCode(code)

/** The codes that mean the same one gateway further; what another one says of itself (that it drains) only tells that it cannot answer. */
export const RELAYED_CODES: readonly FaultCode[] = [
  'bad_request',
  'context_too_long',
  'content_filtered',
  'model_not_found',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'conflict',
  'body_too_large',
  'unsupported_media_type',
  'unprocessable',
  'rate_limited',
  'upstream_auth_failed',
  'upstream_funds',
  'upstream_error',
  'upstream_unavailable',
  'upstream_timeout',
  'overloaded',
]

/** How an error in a good status is to be understood. */
export interface Told {
  /** Our word for where it stood. */
  readonly reason: string
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
}

/** What is said of a vendor's error that has no words of its own. */
export const UNTOLD = 'The provider reported an error'

/** A vendor's words about something that is no fault of the client's request, cut at a length that nobody misses. */
export const toldText = (message: string | undefined): string =>
  message === undefined ? UNTOLD : `${UNTOLD}: ${message.slice(0, TOLD_LETTERS_MAX)}`

/** So much of a vendor's message goes on to the client: nobody misses the rest. */
export const MESSAGE_LETTERS_MAX = 2_000

const TOLD_LETTERS_MAX = 500
type OurAccountCode = keyof typeof OUR_ACCOUNT
