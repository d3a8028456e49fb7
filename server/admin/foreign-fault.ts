import { Fault, faultOf } from '../../core/fault.ts'
import { codeOf } from '../world/error-code.ts'

/** Whatever was thrown while the control plane worked, as a Fault: the framework's refusals and the database's absence have codes. */
export function foreignFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const code = codeOf(error)
  const known = FRAMEWORK[code]
  if (known !== undefined) return known()
  if (isAway(error, code))
    return new Fault('not_ready', 'The database does not answer; try again soon', {
      cause: error,
      retryAfterSeconds: 2,
    })
  return faultOf(error)
}

/** Fastify's own errors. Their messages are not used: some quote the request. */
const FRAMEWORK: { readonly [code: string]: () => Fault } = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new Fault('unsupported_media_type', 'The body must be application/json'),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Fault('body_too_large', 'The body is larger than 64 KiB'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Fault('bad_request', 'The body is not as long as its Content-Length says'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new Fault('bad_request', 'The body is empty; send {} or no Content-Type'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new Fault('bad_request', 'The body is not valid JSON'),
  FST_ERR_MAX_PARAM_LENGTH: () => new Fault('not_found', 'There is nothing of this name'),
  FST_ERR_BAD_URL: () => new Fault('bad_request', 'The path is not valid'),
}

/** Connection failures of Node and of PostgreSQL (classes 08 and 57, too many connections), and the driver's own, which have no code. */
const isAway = (error: unknown, code: string): boolean =>
  /^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|08|57|53300)/.test(code) ||
  (code === 'unknown' && error instanceof Error && DRIVER.test(error.message))
const DRIVER = /timeout|Connection terminated|connection was cut|Client has encountered a connection error/i
