import type { JwtClaims } from '../../core/jwt-principal.ts'
import { isFetchable } from './fetch-json.ts'

/** An issuer whose tokens are taken wherever a key is. */
export interface JwtConfig {
  /** Exactly as `iss` says it. */
  readonly issuer: string
  /** Where the issuer publishes its keys (RFC 7517): https, or http on this machine. */
  readonly jwksUrl: string
  /** Which signatures are taken. Pinned here, because a token that chooses its own algorithm chooses how it is checked (RFC 8725, 3.1). */
  readonly algorithms: readonly string[]
  /** A token must be for one of these. */
  readonly audience: string | readonly string[]
  /** How far the clocks of issuer and gateway may be apart. Absent: 60. */
  readonly leewaySeconds?: number
  readonly claims: JwtClaims
}

/** Signatures with a private key that only the issuer has. Whoever can check an HMAC can make one, and `none` is none. */
export const JWT_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** A sentence for each thing that is wrong, or none. */
export function jwtProblems({
  issuer,
  jwksUrl,
  algorithms,
  audience,
  leewaySeconds,
  claims,
}: JwtConfig): readonly string[] {
  const audiences = audiencesOf(audience)
  const wrong: readonly (string | false)[] = [
    !isName(issuer) && `issuer: must have 1 to ${NAME_CHARS_MAX} characters`,
    !isFetchable(jwksUrl) && 'jwksUrl: must be an https address (http only on this machine) without user and password',
    algorithms.length === 0 && 'algorithms: name at least one',
    !algorithms.every((name) => JWT_ALGORITHMS.includes(name)) && `algorithms: must be of ${JWT_ALGORITHMS.join(', ')}`,
    (audiences.length === 0 || audiences.includes('')) && 'audience: must not be empty',
    !isLeeway(leewaySeconds) && `leewaySeconds: must be from 0 to ${LEEWAY_SECONDS_MAX}`,
    !Object.values(claims).every(isName) && 'claims: each must be the name of a claim or a dotted path',
  ]
  return wrong.filter((sentence) => sentence !== false)
}

export const audiencesOf = (audience: JwtConfig['audience']): readonly string[] =>
  typeof audience === 'string' ? [audience] : audience

const isLeeway = (seconds = 0): boolean => seconds >= 0 && seconds <= LEEWAY_SECONDS_MAX
const isName = (name: string): boolean => name !== '' && name.length <= NAME_CHARS_MAX

/** More than clocks differ by; a longer one would only keep dead tokens alive. */
const LEEWAY_SECONDS_MAX = 300
const NAME_CHARS_MAX = 200
