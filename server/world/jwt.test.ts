import { createSign, generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { CompactSign, exportJWK, exportSPKI, SignJWT } from 'jose'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { Fault } from '../../core/fault.ts'
import type { JwtPrincipal } from '../../core/jwt-principal.ts'
import { testLog } from './attempts-test-kit.ts'
import { type FetchJson, fetchJson } from './fetch-json.ts'
import { looksLikeJwt, type JwtVerifier, openJwtVerifier } from './jwt.ts'
import type { JwtConfig } from './jwt-config.ts'
import { handClock, signed, type SigningKey, signingKey, startIssuer, type TestIssuer } from './jwt-test-kit.ts'

let rsa: SigningKey
let first: SigningKey
let second: SigningKey
beforeAll(async () => {
  ;[rsa, first, second] = await Promise.all([signingKey('rsa', 'RS256'), signingKey('first'), signingKey('second')])
})

let issuer: TestIssuer
let clock: ReturnType<typeof handClock>
let log: ReturnType<typeof testLog>
let fetches: number
const closing: (() => unknown)[] = []
beforeEach(async () => {
  clock = handClock()
  log = testLog()
  fetches = 0
  issuer = await startIssuer()
  issuer.publish(rsa.jwk, first.jwk)
  closing.push(() => issuer.stop())
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function verifierOf(some: Partial<JwtConfig> = {}): JwtVerifier {
  const config: JwtConfig = {
    issuer: 'https://issuer.example',
    jwksUrl: issuer.jwksUrl,
    algorithms: ['RS256', 'ES256'],
    audience: 'sekisho',
    claims: { subject: 'sub', team: 'org.team', scopes: 'scope' },
    ...some,
  }
  const counted: FetchJson = (url, options) => {
    fetches++
    return fetchJson(url, options)
  }
  const verifier = openJwtVerifier(config, { clock, fetchJson: counted, log })
  closing.push(() => verifier.close())
  return verifier
}

const nowSeconds = () => Math.floor(clock.now() / 1_000)
const claims = (some: { readonly [name: string]: unknown } = {}) => ({
  iss: 'https://issuer.example',
  aud: 'sekisho',
  sub: 'alice',
  exp: nowSeconds() + 600,
  ...some,
})

/** Why a token is refused. Whatever it is, a stranger hears one text. */
async function reasonOf(verified: JwtPrincipal | Promise<JwtPrincipal>): Promise<string | undefined> {
  const fault = await outcomeOf(verified)
  if (!(fault instanceof Fault)) throw new Error('it was not refused')
  expect(fault).toMatchObject(
    fault.reason === 'jwks_away'
      ? { code: 'not_ready', status: 503, retryAfterSeconds: 1 }
      : { code: 'unauthorized', status: 401, message: 'Invalid API key' },
  )
  return fault.reason
}

describe('a good token', () => {
  test.each(['RS256', 'ES256'])('stands for its principal (%s), and does so at once the second time', async (alg) => {
    const verifier = verifierOf()
    const token = await signed(alg === 'RS256' ? rsa : first, claims({ org: { team: 'blue' }, scope: 'chat embed' }))
    const principal = await verifier.verify(token)
    expect(principal).toEqual({
      issuer: 'https://issuer.example',
      subject: 'alice',
      organisation: null,
      team: 'blue',
      project: null,
      user: null,
      scopes: ['chat', 'embed'],
      role: null,
      expiresAtMs: (nowSeconds() + 600) * 1_000,
    })
    expect(verifier.verify(token)).toBe(principal)
    expect(Object.isFrozen(principal)).toBe(true)
  })

  test('may be for several audiences, of which one is ours', async () => {
    const verifier = verifierOf({ audience: ['sekisho', 'other'] })
    await expect(verifier.verify(await signed(first, claims({ aud: ['x', 'other'] })))).resolves.toBeDefined()
  })

  test('needs no key id where the issuer has one key only', async () => {
    issuer.publish(first.jwk)
    const verifier = verifierOf()
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: 'ES256' }).sign(first.privateKey)
    await expect(verifier.verify(token)).resolves.toMatchObject({ subject: 'alice' })
    issuer.publish(first.jwk, second.jwk)
    expect(await reasonOf(verifierOf().verify(token))).toBe('unknown_kid')
  })

  test('with the first 200 characters of another is another identity, at once and later', async () => {
    const verifier = verifierOf()
    const padded = (sub: string) => signed(first, { padding: 'x'.repeat(300), ...claims(), sub })
    const [one, other] = [await padded('alice'), await padded('mallory')]
    expect(one.slice(0, 200)).toBe(other.slice(0, 200))
    for (let time = 0; time < 2; time++) {
      expect((await verifier.verify(one)).subject).toBe('alice')
      expect((await verifier.verify(other)).subject).toBe('mallory')
    }
  })
})

describe('a signature', () => {
  test('by the public key as a shared secret is refused, however the key is written', async () => {
    const verifier = verifierOf()
    const pem = await exportSPKI(rsa.publicKey)
    for (const secret of [pem, pem.trim(), `  ${pem}`, `\n${pem}`, JSON.stringify(rsa.jwk), rsa.jwk.n ?? '']) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        // WebCrypto takes no short secrets for the longer ones; these are all long enough.
        const token = await new SignJWT(claims()).setProtectedHeader({ alg, kid: 'rsa' }).sign(Buffer.from(secret))
        expect(await reasonOf(verifier.verify(token))).toBe('wrong_algorithm')
      }
    }
    // The issuer was not asked for any of them.
    expect(issuer.asked).toEqual([])
  })

  test.each(['none', 'None', 'NONE', 'nOnE', 'hs256', '', null, 1])('is not left out (alg %j)', async (alg) => {
    const header = base64urlOf({ alg, kid: 'rsa' })
    const [, payload, signature] = (await signed(rsa, claims())).split('.')
    const reasons = [`${header}.${payload}.`, `${header}.${payload}.${signature}`].map((token) =>
      reasonOf(verifierOf().verify(token)),
    )
    for (const reason of await Promise.all(reasons)) expect(reason).toMatch(/^(wrong_algorithm|malformed)$/)
  })

  test('must be of an algorithm that was pinned, also where the issuer has a key for another', async () => {
    const token = await signed(first, claims())
    expect(await reasonOf(verifierOf({ algorithms: ['RS256'] }).verify(token))).toBe('wrong_algorithm')
    expect(await reasonOf(verifierOf({ algorithms: ['RS512', 'PS256'] }).verify(await signed(rsa, claims())))).toBe(
      'wrong_algorithm',
    )
  })

  test('must be by the key that the token names', async () => {
    const forged = await signed({ ...second, kid: 'first' }, claims())
    expect(await reasonOf(verifierOf().verify(forged))).toBe('bad_signature')
  })

  test('is not checked with a key that the token brings or points to', async () => {
    const verifier = verifierOf()
    const elsewhere = issuer.jwksUrl.replace('/jwks', '/elsewhere')
    for (const header of [{ jwk: second.jwk }, { jku: elsewhere }, { x5u: elsewhere }]) {
      expect(await reasonOf(verifier.verify(await signed({ ...second, kid: 'first' }, claims(), header)))).toBe(
        'bad_signature',
      )
      expect(await reasonOf(verifier.verify(await signed(second, claims(), header)))).toBe('unknown_kid')
    }
    expect(issuer.asked).not.toContain('/elsewhere')
  })

  test('by a key that is too short, or that the issuer published with its private half, is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    const short = { ...publicKey.export({ format: 'jwk' }), kid: 'short' }
    issuer.publish(short, { ...(await exportJWK(second.privateKey)), kid: 'second' })
    const verifier = verifierOf()
    const input = `${base64urlOf({ alg: 'RS256', kid: 'short' })}.${base64urlOf(claims())}`
    const token = `${input}.${createSign('sha256').update(input).sign(privateKey, 'base64url')}`
    expect(await reasonOf(verifier.verify(token))).toBe('unusable_key')
    expect(await reasonOf(verifier.verify(await signed(second, claims())))).toMatch(/^(unusable_key|unknown_kid)$/)
  })

  test('holds for the whole token: whatever letter is changed, nobody else comes of it', async () => {
    const verifier = verifierOf()
    const token = await signed(first, claims())
    const principal = await verifier.verify(token)
    const letter = fc.constantFrom(...'ABCxyz019-_.'.split(''))
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), letter, async (at, other) => {
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        const found = await outcomeOf(verifier.verify(changed))
        // The last letter of a signature has bits that mean nothing.
        expect(found instanceof Fault ? found.code : found).toEqual(found instanceof Fault ? 'unauthorized' : principal)
      }),
    )
  })
})

describe('the claims of a token', () => {
  test.each([
    ['another audience', { aud: 'somebody-else' }, 'wrong_audience'],
    ['no audience', { aud: undefined }, 'wrong_audience'],
    ['an audience that is a part of ours', { aud: 'seki' }, 'wrong_audience'],
    ['another issuer', { iss: 'https://other.example' }, 'wrong_issuer'],
    ['no issuer', { iss: undefined }, 'wrong_issuer'],
    ['an issuer in a list', { iss: ['https://issuer.example'] }, 'wrong_issuer'],
    ['no end', { exp: undefined }, 'unusable_claim'],
    ['an end that is text', { exp: '99999999999' }, 'unusable_claim'],
    ['an end beyond all dates', { exp: 1e300 }, 'unusable_claim'],
    ['a beginning that is text', { nbf: '0' }, 'unusable_claim'],
    ['no subject', { sub: undefined }, 'unusable_claim'],
    ['a subject that is a number', { sub: 7 }, 'unusable_claim'],
    ['a team that is a list', { org: { team: ['blue'] } }, 'unusable_claim'],
  ])('with %s refuse it', async (_what, some, reason) => {
    expect(await reasonOf(verifierOf().verify(await signed(first, claims(some))))).toBe(reason)
  })

  test('are an object, and nothing else that can be signed', async () => {
    for (const payload of [[claims()], 'text', 1, null, [['iss', 'https://issuer.example']]]) {
      const token = await new CompactSign(Buffer.from(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'ES256', kid: 'first' })
        .sign(first.privateKey)
      expect(await reasonOf(verifierOf().verify(token))).toBe('malformed')
    }
  })

  test('hold until their end and the leeway of a minute, and not a second longer', async () => {
    const verifier = verifierOf()
    const token = await signed(first, claims())
    clock.forward(659_000)
    await expect(verifier.verify(token)).resolves.toBeDefined()
    clock.forward(1_000)
    expect(await reasonOf(verifier.verify(token))).toBe('expired')
  })

  test('hold from their beginning less the leeway', async () => {
    const verifier = verifierOf({ leewaySeconds: 10 })
    const token = await signed(first, claims({ nbf: nowSeconds() + 11 }))
    expect(await reasonOf(verifier.verify(token))).toBe('not_yet_valid')
    clock.forward(1_000)
    await expect(verifier.verify(token)).resolves.toBeDefined()
  })

  test('are remembered until the end of the token, and never longer', async () => {
    const verifier = verifierOf()
    const token = await signed(first, claims())
    const principal = await verifier.verify(token)
    clock.forward(599_999)
    expect(verifier.verify(token)).toBe(principal)
    clock.forward(1)
    expect(verifier.verify(token)).toBeInstanceOf(Promise)
    clock.forward(60_000)
    expect(await reasonOf(verifier.verify(token))).toBe('expired')
  })
})

describe('text that is no token', () => {
  test('is malformed, and nobody is asked about it', async () => {
    const verifier = verifierOf()
    const token = await signed(first, claims())
    for (const text of [
      '',
      'e',
      'e..',
      'sek_abc',
      `${token}.x`,
      ` ${token}`,
      `${token}\n`,
      `e${'y'.repeat(20_000)}.a.b`,
      'eyJ.e30.',
    ]) {
      expect(await reasonOf(verifier.verify(text))).toBe('malformed')
    }
    expect(issuer.asked).toEqual([])
  })

  test('does not look like one', async () => {
    expect(looksLikeJwt(await signed(rsa, claims()))).toBe(true)
    expect(looksLikeJwt(`${base64urlOf({ alg: 'none' })}.e30.`)).toBe(true)
    for (const text of ['', 'sek_0123456789ab_secret_000000', 'a.b.c', 'e.b', 'ey.b.c.d', 'ey.b c.d']) {
      expect(looksLikeJwt(text)).toBe(false)
    }
  })

  test('that demands what nobody understands is refused', async () => {
    const header = base64urlOf({
      alg: 'ES256',
      kid: 'first',
      crit: ['http://example.com/x'],
      'http://example.com/x': 1,
    })
    const [, payload, signature] = (await signed(first, claims())).split('.')
    expect(await reasonOf(verifierOf().verify(`${header}.${payload}.${signature}`))).toBe('malformed')
  })
})

describe('the keys of the issuer', () => {
  test('are fetched when the first token comes, once for all that come together', async () => {
    const verifier = verifierOf()
    expect(issuer.asked).toEqual([])
    const tokens = await Promise.all(
      Array.from({ length: 30 }, (_, at) => signed(first, claims({ sub: `user ${at}` }))),
    )
    const principals = await Promise.all(tokens.map(async (token) => await verifier.verify(token)))
    expect(principals.map(({ subject }) => subject)).toEqual(tokens.map((_, at) => `user ${at}`))
    expect(issuer.asked).toHaveLength(1)
  })

  test('are fetched again for a key that is not among them, at most every 30 seconds', async () => {
    const verifier = verifierOf()
    const known = await signed(first, claims())
    const principal = await verifier.verify(known)
    issuer.publish(first.jwk, second.jwk)
    const rotated = await signed(second, claims({ sub: 'bob' }))
    expect(await reasonOf(verifier.verify(rotated))).toBe('unknown_kid')
    clock.forward(29_999)
    expect(await reasonOf(verifier.verify(rotated))).toBe('unknown_kid')
    expect(issuer.asked).toHaveLength(1)
    clock.forward(1)
    await expect(verifier.verify(rotated)).resolves.toMatchObject({ subject: 'bob' })
    await expect(verifier.verify(known)).resolves.toEqual(principal)
    expect(issuer.asked).toHaveLength(2)
  })

  test('cost the issuer nothing more when strangers make up key ids', async () => {
    const verifier = verifierOf()
    for (let at = 0; at < 50; at++) {
      const token = await signed({ ...second, kid: `made up ${at}` }, claims())
      expect(await reasonOf(verifier.verify(token))).toBe('unknown_kid')
      clock.forward(1_000)
    }
    expect(issuer.asked).toHaveLength(2)
  })

  test('are looked at every ten minutes until it is closed, and what a withdrawn one signed ends, remembered or not', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    closing.push(() => vi.useRealTimers())
    const verifier = verifierOf()
    vi.advanceTimersByTime(600_000)
    expect(fetches).toBe(0)
    const token = await signed(first, claims())
    const principal = await verifier.verify(token)
    expect(issuer.asked).toHaveLength(1)

    vi.advanceTimersByTime(600_000)
    await waitUntil('a look that nobody asked for', () => issuer.asked.length > 1)
    expect(verifier.verify(token)).toBe(principal)
    issuer.publish(second.jwk)
    vi.advanceTimersByTime(600_000)
    await waitUntil('the new keys', async () => (await outcomeOf(verifier.verify(token))) !== principal)
    expect(await reasonOf(verifier.verify(token))).toBe('unknown_kid')

    verifier.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(log.lines).toEqual([])
  })
})

describe('an issuer that is away', () => {
  test('from the beginning: 503, asked again after a second, and all is well when it is back', async () => {
    await issuer.stop()
    const verifier = verifierOf()
    const token = await signed(first, claims())
    expect(await reasonOf(verifier.verify(token))).toBe('jwks_away')
    await issuer.start()
    clock.forward(999)
    expect(await reasonOf(verifier.verify(token))).toBe('jwks_away')
    expect(issuer.asked).toEqual([])
    clock.forward(1)
    await expect(verifier.verify(token)).resolves.toMatchObject({ subject: 'alice' })
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: expect.any(String),
        fields: { issuer: 'https://issuer.example', code: 'ECONNREFUSED' },
      },
      { level: 'info', message: expect.any(String), fields: { issuer: 'https://issuer.example' } },
    ])
  })

  test('later: its keys go on working, and a token that names another is not called bad', async () => {
    const verifier = verifierOf()
    const token = await signed(first, claims())
    const principal = await verifier.verify(token)
    await issuer.stop()
    clock.forward(30_000)
    const rotated = await signed(second, claims())
    expect(await reasonOf(verifier.verify(rotated))).toBe('jwks_away')
    expect(await reasonOf(verifier.verify(rotated))).toBe('jwks_away')
    expect(verifier.verify(token)).toBe(principal)
    await expect(verifier.verify(await signed(first, claims({ sub: 'bob' })))).resolves.toMatchObject({
      subject: 'bob',
    })
    expect(log.lines).toHaveLength(1)
    await issuer.start()
    issuer.publish(first.jwk, second.jwk)
    clock.forward(30_000)
    await expect(verifier.verify(rotated)).resolves.toBeDefined()
  })

  test.each([
    [
      'sends too much',
      'too_large',
      (response) => response.end(JSON.stringify({ keys: [{ kid: 'x'.repeat(262_144) }] })),
    ],
    [
      'sends on to somebody else',
      'status_302',
      (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    ],
    ['fails', 'status_500', (response) => response.writeHead(500).end('{"keys":[]}')],
    [
      'breaks off',
      'ECONNRESET',
      (response) =>
        response.writeHead(200, { 'content-length': 100 }).write('{"keys"') && setImmediate(() => response.destroy()),
    ],
    ['sends no JSON', 'not_json', (response) => response.end('<html>')],
    ['sends no keys', 'ERR_JWKS_INVALID', (response) => response.end('{"keys":{}}')],
  ] satisfies [string, string, TestIssuer['answer']][])(
    'is one that %s: nothing of it is taken',
    async (_what, code, answer) => {
      issuer.answer = answer
      const fresh = verifierOf()
      const token = await signed(first, claims())
      expect(await reasonOf(fresh.verify(token))).toBe('jwks_away')
      expect(log.lines).toMatchObject([{ level: 'warn', fields: { code } }])

      issuer.publish(first.jwk)
      const verifier = verifierOf()
      await verifier.verify(token)
      issuer.answer = answer
      clock.forward(30_000)
      expect(await reasonOf(verifier.verify(await signed(second, claims())))).toBe('jwks_away')
      await expect(verifier.verify(await signed(first, claims({ sub: 'bob' })))).resolves.toMatchObject({
        subject: 'bob',
      })
      expect(issuer.asked).not.toContain('/elsewhere')
    },
  )
})

test('a configuration that is not sound does not open', () => {
  for (const some of [
    { algorithms: ['HS256'] },
    { algorithms: ['RS256', 'none'] },
    { algorithms: [] },
    { jwksUrl: 'http://issuer.example/jwks' },
    { audience: [] },
  ]) {
    expect(() => verifierOf(some)).toThrow(/must|name/)
  }
})

const outcomeOf = (verified: JwtPrincipal | Promise<JwtPrincipal>): Promise<unknown> =>
  Promise.resolve(verified).catch((error: unknown) => error)

const base64urlOf = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
