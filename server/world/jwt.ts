import { JWTClaimValidationFailed } from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { type JwtPrincipal, principalOf } from '../../core/jwt-principal.ts'
import type { Clock, Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { FetchJson } from './fetch-json.ts'
import { type KeySet, openJwks } from './jwks.ts'
import { audiencesOf, type JwtConfig, jwtProblems } from './jwt-config.ts'
import { openRecentMap } from './recent-map.ts'
import { secretHash } from './secret-hash.ts'

/** Whether a credential is to be looked at as a token rather than as a key: three parts, of which the first is an object in base64url. */
export const looksLikeJwt = (text: string): boolean => text.length <= TOKEN_CHARS_MAX && FORM.test(text)

/** Tokens of one issuer as credentials. */
export interface JwtVerifier {
  /**
   * Whom the token stands for; at once, and as the same object, when it was verified before. Otherwise a promise, which waits at most for one
   * fetch of the issuer's keys. Every bad token is `Fault('unauthorized')` with the one text of a bad key, and why is for the log;
   * `Fault('not_ready')` when the issuer is away and nothing can be said about the token.
   */
  verify(token: string): JwtPrincipal | Promise<JwtPrincipal>
  close(): void
}

export interface JwtVerifierOptions {
  readonly clock: Clock
  readonly fetchJson: FetchJson
  readonly log: Log
}

/** Why a token is refused. */
export type JwtRefusal =
  | 'malformed'
  | 'wrong_algorithm'
  | 'unknown_kid'
  /** The issuer's key is there and cannot be used: too short, or not public. */
  | 'unusable_key'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'not_yet_valid'
  | 'expired'
  /** A claim is missing or of another type than it should be. */
  | 'unusable_claim'

/**
 * Starts without asking the issuer for anything. Throws when `config` is not sound. What was verified is kept by the SHA-256 of the whole
 * token, never of a part of it (CVE-2026-35030), until the token's own end or until the issuer changes its keys.
 */
export function openJwtVerifier(config: JwtConfig, options: JwtVerifierOptions): JwtVerifier {
  const problems = jwtProblems(config)
  if (problems.length > 0) throw new Error(problems.join('; '))
  const { clock } = options
  const jwks = openJwks({ ...options, url: config.jwksUrl, issuer: config.issuer })
  const verified = openRecentMap<Verified>({ entriesMax: VERIFIED_MAX })
  const demands = {
    algorithms: [...config.algorithms],
    issuer: config.issuer,
    audience: [...audiencesOf(config.audience)],
    clockTolerance: config.leewaySeconds ?? LEEWAY_SECONDS,
    requiredClaims: ['exp'],
  }

  const verifyAnew = async (token: string, hash: string): Promise<JwtPrincipal> => {
    if (!looksLikeJwt(token)) throw refused('malformed')
    const used: { set: KeySet | undefined } = { set: undefined }
    try {
      const { payload } = await jwtVerify<JsonObject>(
        token,
        async (header, jws) => {
          const { key, set } = await jwks.find(header, jws)
          used.set = set
          return key
        },
        { ...demands, currentDate: new Date(clock.now()) },
      )
      const principal = principalOf(payload, config.claims)
      if (principal === undefined) throw refused('unusable_claim')
      if (used.set !== undefined) verified.set(hash, { principal, set: used.set })
      return principal
    } catch (error) {
      throw refusalOf(error)
    }
  }

  return {
    verify(token) {
      const hash = secretHash(token)
      const known = verified.get(hash)
      const holds = known !== undefined && known.set === jwks.current() && clock.now() < known.principal.expiresAtMs
      return holds ? known.principal : verifyAnew(token, hash)
    },
    close: () => jwks.close(),
  }
}

interface Verified {
  readonly principal: JwtPrincipal
  /** The keys it was verified with. Others may not have the one that signed it any more. */
  readonly set: KeySet
}

function refusalOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (error instanceof JWTClaimValidationFailed) return refused(claimRefusal(error))
  const reason = REFUSALS[codeOf(error)]
  return reason === undefined ? refused('unusable_key', error) : refused(reason)
}

function claimRefusal({ claim, reason }: JWTClaimValidationFailed): JwtRefusal {
  if (claim === 'aud') return 'wrong_audience'
  if (claim === 'iss') return 'wrong_issuer'
  return claim === 'nbf' && reason === 'check_failed' ? 'not_yet_valid' : 'unusable_claim'
}

/** By the codes of jose. Its errors themselves are dropped: they carry the claims of the token. */
const REFUSALS: { readonly [code: string]: JwtRefusal } = {
  ERR_JWS_INVALID: 'malformed',
  ERR_JWT_INVALID: 'malformed',
  ERR_JOSE_NOT_SUPPORTED: 'malformed',
  ERR_JOSE_ALG_NOT_ALLOWED: 'wrong_algorithm',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown_kid',
  // Several keys fit where a token names none: an issuer with more than one must say which (OpenID Connect Core, 10.1).
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown_kid',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'bad_signature',
  ERR_JWT_EXPIRED: 'expired',
}

const refused = (reason: JwtRefusal, cause?: unknown): Fault =>
  new Fault('unauthorized', 'Invalid API key', { reason, cause })

const FORM = /^e[\w-]+\.[\w-]+\.[\w-]*$/
/** What fits into the headers of a request. */
const TOKEN_CHARS_MAX = 16_384
const VERIFIED_MAX = 10_000
const LEEWAY_SECONDS = 60
