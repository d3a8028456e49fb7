import { expect, test } from 'vitest'
import { JWT_ALGORITHMS, type JwtConfig, jwtProblems } from './jwt-config.ts'

const sound: JwtConfig = {
  issuer: 'https://issuer.example',
  jwksUrl: 'https://issuer.example/jwks',
  algorithms: ['RS256'],
  audience: 'sekisho',
  claims: { subject: 'sub' },
}

test('a sound configuration has no problems, with every signature that only the issuer can make', () => {
  expect(jwtProblems(sound)).toEqual([])
  expect(jwtProblems({ ...sound, algorithms: JWT_ALGORITHMS, audience: ['a', 'b'], leewaySeconds: 0 })).toEqual([])
})

test.each([
  'none',
  'NONE',
  'HS256',
  'HS384',
  'HS512',
  'hs256',
  'rs256',
  'RS256 ',
  '',
  'A256GCM',
  'ES256K',
  '__proto__',
])('the algorithm %j cannot be configured, also beside a good one', (name) => {
  expect(jwtProblems({ ...sound, algorithms: [name] })).toHaveLength(1)
  expect(jwtProblems({ ...sound, algorithms: ['RS256', name] })).toHaveLength(1)
})

test.each([
  ['issuer', { issuer: '' }],
  ['issuer', { issuer: 'x'.repeat(201) }],
  ['jwksUrl', { jwksUrl: 'http://issuer.example/jwks' }],
  ['jwksUrl', { jwksUrl: 'https://user:word@issuer.example/jwks' }],
  ['algorithms', { algorithms: [] }],
  ['audience', { audience: '' }],
  ['audience', { audience: [] }],
  ['audience', { audience: ['sekisho', ''] }],
  ['leewaySeconds', { leewaySeconds: -1 }],
  ['leewaySeconds', { leewaySeconds: 301 }],
  ['leewaySeconds', { leewaySeconds: Number.NaN }],
  ['claims', { claims: { subject: '' } }],
  ['claims', { claims: { subject: 'sub', team: '' } }],
] satisfies [string, Partial<JwtConfig>][])('a wrong %s is said, and no value is repeated', (field, some) => {
  const problems = jwtProblems({ ...sound, ...some })
  expect(problems).toEqual([expect.stringMatching(`^${field}: `)])
  expect(problems.join('')).not.toContain('word@')
})
