import type { Json } from '../../core/json.ts'

/** Why the demo vendor does not answer, in the form that OpenAI gives its errors. */
export class Refusal extends Error {
  readonly status: number
  readonly detail: RefusalDetail

  constructor(status: number, message: string, detail: RefusalDetail = {}) {
    super(message)
    this.status = status
    this.detail = detail
  }

  get body(): Json {
    const { param = null, code = null } = this.detail
    return { error: { message: this.message, type: this.detail.type ?? typeOf(this.status), param, code } }
  }

  get headers(): Readonly<Record<string, string>> {
    const seconds = this.detail.retryAfterSeconds
    return seconds === undefined ? {} : { 'retry-after': String(seconds) }
  }
}

export interface RefusalDetail {
  /** The field that is wrong, as a path (`messages[0].role`). */
  readonly param?: string
  readonly code?: string
  /** Absent: what goes with the status. */
  readonly type?: string
  readonly retryAfterSeconds?: number
}

/** A field that is missing or wrong. */
export const badField = (param: string, message: string): Refusal => new Refusal(400, message, { param })

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
