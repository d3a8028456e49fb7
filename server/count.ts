import { countTokens } from '../core/prompt-tokens.ts'
import type { JsonObject } from '../core/json.ts'
import type { WireId } from '../core/chat.ts'
import type { Attempt } from '../core/route.ts'
import { writeCountTokens } from '../core/wires/gemini/count-tokens.ts'
import type { Account } from './account.ts'
import type { Asked, Planned } from './exchange.ts'
import { passingWire } from './passing-wire.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { World } from './world.ts'

/** Whether tokens must be counted here, because the vendor cannot be asked in the client's wire. */
export function isCountedHere(planned: Planned): boolean {
  const [first] = planned.attempts
  return planned.operation === 'count_tokens' && (first === undefined || !counts(planned, first))
}

/** Without those behind the first that cannot count: a request that is translated would be answered there, and paid for. */
export const countingAttempts = (asked: Asked, attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter((attempt, index) => index === 0 || counts(asked, attempt))

const counts = (asked: Asked, { target }: Attempt): boolean => passingWire(asked, target) !== undefined

/** Answers with an estimate, and says that it is one: nothing is asked of the vendor, and nothing is recorded. */
export async function sendCount(planned: Planned, world: World, account: Account): Promise<void> {
  const { response, endpoint } = planned
  const tokens = await countOf(planned, world, account)
  const body = JSON.stringify(REPLIES[endpoint.wire](tokens))
  await account.claim?.keep({ status: 200, contentType: 'application/json', body: Buffer.from(body) })
  response.writeHead(200, [
    'content-type',
    'application/json',
    ...FIXED_HEADERS,
    'x-request-id',
    account.requestId,
    'x-sekisho-request-id',
    account.requestId,
    ...(endpoint.wire === 'anthropic' ? ['request-id', account.requestId] : []),
    'x-sekisho-lossy',
    'count=emulated',
    'content-length',
    String(Buffer.byteLength(body)),
  ])
  response.end(body)
  account.close(200)
}

/** At once where the body has been parsed; else by the other thread, as long as the client stays. */
async function countOf({ endpoint, fields, parsed, body }: Planned, world: World, account: Account): Promise<number> {
  const asked = { wire: endpoint.wire, asked: { model: fields.model, stream: fields.stream } }
  if (parsed !== undefined) return countTokens(parsed, asked)
  let forget = () => {}
  const counted = world.translator.count(body, asked, (cancel) => {
    forget = account.onInterrupt(cancel)
  })
  return counted.finally(() => forget())
}

const REPLIES: { readonly [wire in WireId]: (tokens: number) => JsonObject } = {
  'openai-chat': (tokens) => ({ input_tokens: tokens }),
  'openai-responses': (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  anthropic: (tokens) => ({ input_tokens: tokens }),
  gemini: writeCountTokens,
}
