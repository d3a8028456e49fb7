import { expect, test } from 'vitest'
import { PROOF_MARK } from '../../proof.ts'
import { type ProofSeal, sealed, unsealed } from './seal.ts'

const foreign = { wire: 'gemini', account: 'main', data: 'a+b/c=' } as const

test.each<ProofSeal['kind']>(['reasoning', 'redacted', 'before'])(
  'a foreign proof of kind %s comes back as it went',
  (kind) => {
    const text = sealed({ proof: foreign, kind })
    expect(unsealed(text)).toEqual({ proof: foreign, kind })
    expect(text).toContain(PROOF_MARK)
  },
)

test('a thought without a proof is known again', () => {
  const text = sealed({ kind: 'unsigned' })
  expect(unsealed(text)).toEqual({ kind: 'unsigned' })
  expect(text).toContain(PROOF_MARK)
})

test('a proof of this wire goes out as it is', () => {
  const proof = { wire: 'openai-responses', account: 'main', data: 'gAAAA' } as const
  expect(sealed({ proof, kind: 'reasoning' })).toBe('gAAAA')
  expect(unsealed('gAAAA')).toEqual({ proof: { ...proof, account: null }, kind: 'reasoning' })
})

test.each(['before.', 'before.gAAAA', 'redacted.sekisho-proof-1.moon.a.b', ''])(
  'what only looks like ours is the vendor’s own: %s',
  (text) => {
    expect(unsealed(text)).toEqual({
      proof: { wire: 'openai-responses', account: null, data: text },
      kind: 'reasoning',
    })
  },
)
