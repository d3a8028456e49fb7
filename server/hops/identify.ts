import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Fault } from '../../core/fault.ts'
import type { KeyRecord } from '../../core/key-record.ts'
import { checkOperation } from '../../core/key-rules.ts'
import type { Clock, Keys } from '../../core/world.ts'
import { isWithin } from '../world/ip-ranges.ts'
import { secretHash } from '../world/secret-hash.ts'
import type { Inbound, Known } from '../exchange.ts'

/**
 * Hop 2: who is asking. The secret is hashed on every request and looked up by its hash, so no raw key is kept in memory,
 * and every bad one (malformed, unknown, revoked, expired) takes the same path and gets the same answer.
 */
export function identify(inbound: Inbound, world: Identities): Known {
  const key = principalOf(inbound.request, world, queryKey(inbound))
  checkOperation(key, inbound.operation)
  return { ...inbound, key }
}

interface Identities {
  readonly keys: Keys
  readonly clock: Clock
}

/** The key that a request carries, or the one refusal for every bad credential; a good one in the wrong place is told so. */
export function principalOf(request: IncomingMessage, world: Identities, queryKey?: string): KeyRecord {
  const secret = credentialOf(request.headers, queryKey)
  if (secret === undefined) throw unauthorized('missing')
  const key = world.keys.find(secretHash(secret))
  if (key === undefined) throw unauthorized('unknown')
  if (key.revokedAt !== null) throw unauthorized('revoked')
  if (key.expiresAt !== null && key.expiresAt <= world.clock.now()) throw unauthorized('expired')
  if (!key.ownerMayUse) throw unauthorized('owner')
  if (key.ipRanges !== null && !isWithin(request.socket.remoteAddress, key.ipRanges))
    throw new Fault('forbidden', 'This API key may not be used from this address', { reason: 'address' })
  return key
}

/**
 * The one credential of a request, wherever its SDK puts it. Two different ones are refused: whoever checks
 * one and forwards the other can be fooled.
 */
function credentialOf(headers: IncomingHttpHeaders, queryKey: string | undefined): string | undefined {
  let found = queryKey
  for (const carrier of CARRIERS) {
    const value = headers[carrier]
    if (typeof value !== 'string' || value === '') continue
    const secret = carrier === 'authorization' ? bearer(value) : value
    if (found !== undefined && secret !== found) {
      throw ambiguous()
    }
    found = secret
  }
  return found
}

/** Gemini's clients may put the key into the query (`?key=`); nowhere else is one looked for, and no query is ever logged. */
function queryKey({ request, endpoint }: Pick<Inbound, 'request' | 'endpoint'>): string | undefined {
  return endpoint.wire === 'gemini' ? keyInQuery(request.url ?? '') : undefined
}

/** The value of `key` in a path's query. Two different ones are refused like two headers. */
export function keyInQuery(url: string): string | undefined {
  const query = url.indexOf('?')
  if (query < 0 || !url.includes('key=', query)) return undefined
  const [key, ...more] = new URLSearchParams(url.slice(query)).getAll('key')
  if (more.some((other) => other !== key)) throw ambiguous()
  return key === '' ? undefined : key
}

const CARRIERS = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'] as const

/** Some programs send the key without a scheme. Another scheme stays in the text, which then matches no key. */
const bearer = (value: string): string => (BEARER.test(value) ? value.slice(7).trim() : value)
const BEARER = /^bearer /i

const ambiguous = () => new Fault('ambiguous_credentials', 'The request carries two different credentials; send one')
const unauthorized = (reason: string) => new Fault('unauthorized', 'Invalid API key', { reason })
