import { asList, asObject, type Json, type JsonObject } from './json.ts'

/** Whom a verified token stands for. Texts have 1 to 200 characters and no control characters; `null`: the token does not say. */
export interface JwtPrincipal {
  readonly issuer: string
  /** Unique at this issuer only: whoever keeps it keeps the issuer with it. */
  readonly subject: string
  readonly organisation: string | null
  readonly team: string | null
  readonly project: string | null
  readonly user: string | null
  /** At most 100. An empty list is a token that may do nothing, `null` one that does not speak of scopes. */
  readonly scopes: readonly string[] | null
  readonly role: string | null
  /** Milliseconds since 1970: the token's own end, without leeway. */
  readonly expiresAtMs: number
}

/**
 * Where in a token its principal stands: names of claims, or dotted paths into nested ones (`realm_access.team`). A claim whose whole name is
 * the path comes first, because names that are addresses have dots in them (`https://example.com/team`).
 */
export interface JwtClaims {
  readonly subject: string
  readonly organisation?: string
  readonly team?: string
  readonly project?: string
  readonly user?: string
  /** A list of texts, or one text with spaces between (RFC 8693, 4.2). */
  readonly scopes?: string
  readonly role?: string
}

/**
 * The principal of verified claims, or `undefined` when one of them is not what it should be: of another type, empty, too long, or without a
 * subject or an end. Such a token is refused as a whole; to leave out what cannot be read would make another principal of it.
 */
export function principalOf(claims: JsonObject, paths: JwtClaims): JwtPrincipal | undefined {
  const principal = {
    issuer: nameAt(claims, 'iss'),
    subject: nameAt(claims, paths.subject),
    organisation: nameAt(claims, paths.organisation),
    team: nameAt(claims, paths.team),
    project: nameAt(claims, paths.project),
    user: nameAt(claims, paths.user),
    scopes: scopesAt(claims, paths.scopes),
    role: nameAt(claims, paths.role),
    expiresAtMs: endOf(claims['exp']),
  }
  return isSound(principal) ? Object.freeze(principal) : undefined
}

/** What was found: `undefined` is a claim that is there and cannot be used. */
type Found<Value> = Value | null | undefined

function isSound(found: { readonly [Part in keyof JwtPrincipal]: Found<JwtPrincipal[Part]> }): found is JwtPrincipal {
  if (found.issuer === null || found.subject === null || found.expiresAtMs === null) return false
  return Object.values(found).every((part) => part !== undefined)
}

const nameAt = (claims: JsonObject, path: string | undefined): Found<string> => nameOf(claimAt(claims, path))

function scopesAt(claims: JsonObject, path: string | undefined): Found<readonly string[]> {
  const value = claimAt(claims, path)
  if (value === null || value === undefined) return value
  const words = typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : asList(value)
  if (words === undefined || words.length > SCOPES_MAX) return undefined
  const scopes = words.map(nameOf).filter((scope) => typeof scope === 'string')
  return scopes.length === words.length ? Object.freeze(scopes) : undefined
}

/** A claim that is absent or `null` says nothing. A path that leads into a text or a list is a claim of the wrong type. */
function claimAt(claims: JsonObject, path: string | undefined): Found<Json> {
  if (path === undefined) return null
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: Json | undefined = claims
  for (const name of path.split('.')) {
    const inside = asObject(value)
    if (inside === undefined) return undefined
    value = Object.hasOwn(inside, name) ? inside[name] : null
    if (value === null) return null
  }
  return value
}

const nameOf = (value: Json | undefined): Found<string> =>
  value === null || (typeof value === 'string' && NAME.test(value)) ? value : undefined

/** Seconds to milliseconds, within what a date can be. */
function endOf(exp: Json | undefined): Found<number> {
  if (exp === undefined || exp === null) return null
  return typeof exp === 'number' && exp >= 0 && exp <= DATE_SECONDS_MAX ? Math.floor(exp * 1_000) : undefined
}

/** No control characters, no line or paragraph separators, no halves of a character: names end in logs, headers and lists. */
const NAME = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]{1,200}$/u
const SCOPES_MAX = 100
const DATE_SECONDS_MAX = 8_640_000_000_000
