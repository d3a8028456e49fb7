/** Every error that we make ourselves: one table, so that a status and a retry rule are decided in one place. */
const TABLE = {
  bad_request: { status: 400, type: 'invalid_request_error', retry: false },
  ambiguous_credentials: { status: 400, type: 'invalid_request_error', retry: false },
  budget_exceeded: { status: 402, type: 'insufficient_quota', retry: false },
  unauthorized: { status: 401, type: 'authentication_error', retry: false },
  model_not_allowed: { status: 403, type: 'permission_error', retry: false },
  forbidden: { status: 403, type: 'permission_error', retry: false },
  model_not_found: { status: 404, type: 'invalid_request_error', retry: false },
  not_found: { status: 404, type: 'invalid_request_error', retry: false },
  method_not_allowed: { status: 405, type: 'invalid_request_error', retry: false },
  context_too_long: { status: 400, type: 'invalid_request_error', retry: false },
  content_filtered: { status: 400, type: 'invalid_request_error', retry: false },
  request_timeout: { status: 408, type: 'invalid_request_error', retry: true },
  conflict: { status: 409, type: 'invalid_request_error', retry: false },
  idempotency_in_progress: { status: 409, type: 'invalid_request_error', retry: true },
  idempotency_not_replayable: { status: 409, type: 'invalid_request_error', retry: false },
  body_too_large: { status: 413, type: 'invalid_request_error', retry: false },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', retry: false },
  unprocessable: { status: 422, type: 'invalid_request_error', retry: false },
  idempotency_mismatch: { status: 422, type: 'invalid_request_error', retry: false },
  rate_limited: { status: 429, type: 'rate_limit_error', retry: true },
  limit_too_small: { status: 429, type: 'rate_limit_error', retry: false },
  client_gone: { status: 499, type: 'invalid_request_error', retry: false },
  internal: { status: 500, type: 'api_error', retry: true },
  upstream_auth_failed: { status: 502, type: 'api_error', retry: false },
  upstream_error: { status: 502, type: 'api_error', retry: true },
  upstream_funds: { status: 503, type: 'api_error', retry: false },
  upstream_unavailable: { status: 503, type: 'api_error', retry: true },
  overloaded: { status: 503, type: 'api_error', retry: true },
  draining: { status: 503, type: 'api_error', retry: true },
  not_ready: { status: 503, type: 'api_error', retry: true },
  setup_required: { status: 503, type: 'api_error', retry: false },
  storage_exhausted: { status: 503, type: 'api_error', retry: true },
  upstream_timeout: { status: 504, type: 'api_error', retry: true },
} as const

export type FaultCode = keyof typeof TABLE

/** A failure with a public half (code and message, fit for a stranger) and a private one (`cause` and `reason`, for the log). */
export class Fault extends Error {
  readonly code: FaultCode
  /** The field of the request that is wrong, as a path (`messages[0].role`). */
  readonly field: string | undefined
  /** Seconds after which a retry may work. */
  readonly retryAfterSeconds: number | undefined
  /** Why, in a word, for the log only. */
  readonly reason: string | undefined

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.field = detail.field
    this.retryAfterSeconds = detail.retryAfterSeconds
    this.reason = detail.reason
  }

  get status(): number {
    return TABLE[this.code].status
  }

  get type(): string {
    return TABLE[this.code].type
  }

  /** Whether the same request may succeed later: goes out as `x-should-retry`. */
  get retry(): boolean {
    return TABLE[this.code].retry
  }
}

export interface FaultDetail {
  readonly field?: string
  readonly retryAfterSeconds?: number
  readonly reason?: string
  readonly cause?: unknown
}

/** Whatever was thrown as a Fault: what is not one already is our own mistake, said without detail. */
export const faultOf = (error: unknown): Fault =>
  error instanceof Fault ? error : new Fault('internal', 'The gateway failed to handle this request', { cause: error })
