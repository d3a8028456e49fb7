/**
 * What the fault vendor does with a request: plain data, so that a test can hand it to a vendor in another process or write it into the
 * request itself.
 */
export type Behaviour = Whole | Stream | Hang | Raw | Drip | Flood

export type Headers = readonly (readonly [name: string, value: string])[]

/** What the vendor reports, as OpenAI counts: cached tokens are part of the prompt's, reasoning tokens part of the completion's. */
export interface VendorUsage {
  readonly prompt: number
  readonly completion: number
  readonly cached: number
  readonly reasoning: number
}

/** How a connection is broken off. `close` closes both ways, `half-close` only the vendor's, `reset` sends a TCP reset, `hang` stays silent. */
export type Rupture = 'close' | 'half-close' | 'reset' | 'hang'

/** Breaks off after so many bytes of the body, or after so many events of a stream. */
export type Break =
  | { readonly afterBytes: number; readonly how: Rupture }
  | { readonly afterEvents: number; readonly how: Rupture }

/** How bytes are handed to the network: as they come, one at a time, or compressed though nobody asked. */
export type Manner = 'plain' | 'byte-by-byte' | 'gzip'

/** `driven`: one step for each call of `next`. */
export type Pace =
  | { readonly kind: 'at-once' }
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'driven' }

/** One answer with a body of known length. */
export interface Whole {
  readonly kind: 'whole'
  readonly status: number
  readonly headers: Headers
  /** Text as it is, or `null` for a good answer to what was asked, with `usage`. */
  readonly body: string | null
  readonly usage: VendorUsage
  /** Waits before the head. */
  readonly pace: Pace
  readonly manner: Manner
  readonly breaks: Break | null
}

/** A stream of server-sent events. */
export interface Stream {
  readonly kind: 'stream'
  readonly headers: Headers
  readonly events: readonly StreamEvent[]
  /** Waits before each event and before the end. The head goes out at once. */
  readonly pace: Pace
  readonly usage: VendorUsage
  /** `asked`: in a last chunk when the request asks for it; `last`: there in any case; `every`: running, on each chunk; `never`. */
  readonly usageIn: 'asked' | 'last' | 'every' | 'never'
  readonly done: boolean
  readonly newline: '\n' | '\r\n' | '\r'
  readonly manner: Manner
  readonly breaks: Break | null
}

/** So many tokens of content; a delta of one's own worth so many tokens; or text that is sent as it is (without a line's end). */
export type StreamEvent = number | { readonly delta: object; readonly tokens: number } | { readonly raw: string }

/** Silence: after the request was read, or after the head of a stream. */
export interface Hang {
  readonly kind: 'hang'
  readonly after: 'request' | 'head'
}

/** Bytes as they are, from the status line on, and then the end of the connection. */
export interface Raw {
  readonly kind: 'raw'
  readonly text: string
  readonly then: Rupture
}

/** A stream that never ends: the same text again and again. */
export interface Drip {
  readonly kind: 'drip'
  readonly text: string
  readonly everyMs: number
}

/** A stream, or an answer in one piece, of so many bytes without a single line's end. */
export interface Flood {
  readonly kind: 'flood'
  readonly as: 'stream' | 'whole'
  readonly bytes: number
}

const AT_ONCE: Pace = { kind: 'at-once' }
const PROMPT_TOKENS = 11

export const usageOf = (usage: Partial<VendorUsage>): VendorUsage => ({
  prompt: PROMPT_TOKENS,
  completion: 3,
  cached: 0,
  reasoning: 0,
  ...usage,
})

/** A good answer in one piece; say what is to be different. */
export const whole = ({
  usage = {},
  ...more
}: Partial<Omit<Whole, 'kind' | 'usage'>> & { usage?: Partial<VendorUsage> } = {}): Whole => ({
  kind: 'whole',
  status: 200,
  headers: [],
  body: null,
  pace: AT_ONCE,
  manner: 'plain',
  breaks: null,
  usage: usageOf(usage),
  ...more,
})

/** A good stream of three events with a token each; say what is to be different. Its usage counts the tokens of its events. */
export function stream({
  usage = {},
  ...more
}: Partial<Omit<Stream, 'kind' | 'usage'>> & { usage?: Partial<VendorUsage> } = {}): Stream {
  const events = more.events ?? [1, 1, 1]
  return {
    kind: 'stream',
    headers: [],
    pace: AT_ONCE,
    usageIn: 'asked',
    done: true,
    newline: '\n',
    manner: 'plain',
    breaks: null,
    ...more,
    events,
    usage: usageOf({ completion: events.reduce<number>((sum, event) => sum + tokensIn(event), 0), ...usage }),
  }
}

export function tokensIn(event: StreamEvent): number {
  if (typeof event === 'number') return event
  return 'tokens' in event ? event.tokens : 0
}

/** An error in OpenAI's form. */
export const refusal = (
  status: number,
  { code = null, type = 'server_error', headers = [], message = 'The vendor says no' }: RefusalDetail = {},
): Whole => whole({ status, headers, body: JSON.stringify({ error: { message, type, param: null, code } }) })

export interface RefusalDetail {
  readonly code?: string | null
  readonly type?: string
  readonly message?: string
  readonly headers?: Headers
}

export const rateLimited = (retryAfterSeconds: number): Whole =>
  refusal(429, { code: 'rate_limit_exceeded', type: 'requests', headers: [['retry-after', String(retryAfterSeconds)]] })

/** The vendor's way to say that our account has no money. Its message names an account that no client may see. */
export const quotaExceeded = (): Whole =>
  refusal(429, {
    code: 'insufficient_quota',
    type: 'insufficient_quota',
    message: 'Account org-SECRET has no money left',
  })

/** 401 or 403 about the credential. Its message holds a piece of the credential, as vendors' messages do. */
export const credentialRefused = (status: 401 | 403): Whole =>
  refusal(status, {
    code: 'invalid_api_key',
    type: 'authentication_error',
    message: 'Incorrect API key provided: sk-SECRET',
  })

export const html = (status = 200): Whole =>
  whole({ status, headers: [['content-type', 'text/html']], body: '<html><body><h1>Bad gateway</h1></body></html>' })

export const malformedJson = (): Whole => whole({ body: '{"id":"x","choices":[{' })

/** An error object in the middle of a stream that began well; then the end without `[DONE]`. */
export const errorInStream = (events: readonly StreamEvent[] = [1, 1]): Stream =>
  stream({
    events: [
      ...events,
      {
        raw: 'data: {"error":{"message":"The vendor gave up","type":"server_error","param":null,"code":"overloaded"}}',
      },
    ],
    usageIn: 'never',
    done: false,
  })

/** The comment by which some vendors say that they are still at work. */
export const PROCESSING: StreamEvent = { raw: ': PROCESSING' }

export const hang = (after: Hang['after'] = 'request'): Hang => ({ kind: 'hang', after })

/** The connection ends before a single byte of the answer. */
export const noAnswer = (how: Rupture = 'reset'): Raw => ({ kind: 'raw', text: '', then: how })

export const drip = (everyMs: number, text = ': still here\n\n'): Drip => ({ kind: 'drip', text, everyMs })

/** One gibibyte without a line's end, unless told otherwise. */
export const flood = (as: Flood['as'] = 'stream', bytes = 1024 ** 3): Flood => ({ kind: 'flood', as, bytes })

export const hugeHeaders = (bytes: number): Whole => whole({ headers: [['x-huge', 'h'.repeat(bytes)]] })

export const twoLengths = (): Raw => raw(['content-length: 2', 'content-length: 4'], '{}')

/** `Transfer-Encoding` twice: whoever reads only one of them ends the answer at another place. */
export const twoTransferEncodings = (): Raw =>
  raw(['transfer-encoding: chunked', 'transfer-encoding: identity'], '2\r\n{}\r\n0\r\n\r\n')

export const lengthAndChunked = (): Raw =>
  raw(['content-length: 2', 'transfer-encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n')

/** The head breaks off in the middle of a header. */
export const halfHead = (how: Rupture = 'close'): Raw => ({
  kind: 'raw',
  text: 'HTTP/1.1 200 OK\r\ncontent-ty',
  then: how,
})

export const notHttp = (): Raw => ({ kind: 'raw', text: 'SSH-2.0-OpenSSH_9.6\r\n', then: 'close' })

const raw = (headers: readonly string[], body: string): Raw => ({
  kind: 'raw',
  text: ['HTTP/1.1 200 OK', 'content-type: application/json', ...headers, '', body].join('\r\n'),
  then: 'half-close',
})
