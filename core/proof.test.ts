import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Proof, WireId } from './chat.ts'
import { isProofOf, PROOF_MARK, UNSIGNED, unwrapProof, wrapProof } from './proof.ts'

const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']
const wire = fc.constantFrom(...WIRES)
const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const proofs: fc.Arbitrary<Proof> = fc.record({ wire, account: fc.option(words), data: words })

describe('a proof in the clothes of another wire', () => {
  test('comes back as it was, whoever carried it, and is made of letters that every client takes', () => {
    fc.assert(
      fc.property(proofs, wire, (proof, carrier) => {
        const text = wrapProof(proof)
        expect(text).toMatch(/^[A-Za-z0-9._-]+$/)
        expect(text.startsWith(PROOF_MARK)).toBe(true)
        expect(unwrapProof(text, carrier)).toEqual(proof)
      }),
    )
  })

  test('is told from one that nobody has given', () => {
    fc.assert(
      fc.property(proofs, (proof) => {
        expect(wrapProof(proof)).not.toBe(UNSIGNED)
      }),
    )
    expect(unwrapProof(UNSIGNED, 'gemini')).toEqual({ wire: 'openai-chat', account: null, data: '' })
  })

  test('survives a signature of a megabyte', () => {
    const proof: Proof = { wire: 'anthropic', account: 'main', data: 'Eq/+='.repeat(200_000) }
    expect(unwrapProof(wrapProof(proof), 'gemini')).toEqual(proof)
  })

  test('is wrapped the same way every time, so that a conversation keeps its beginning', () => {
    fc.assert(
      fc.property(proofs, (proof) => {
        expect(wrapProof({ ...proof })).toBe(wrapProof(proof))
      }),
    )
  })
})

describe('what a client sent where a proof may stand', () => {
  test('is the own wire’s, and nobody knows whose account’s, unless it carries our mark', () => {
    fc.assert(
      fc.property(fc.string(), wire, (text, carrier) => {
        fc.pre(!text.startsWith(PROOF_MARK))
        expect(unwrapProof(text, carrier)).toEqual({ wire: carrier, account: null, data: text })
      }),
    )
  })

  test.each([
    ['cut short', wrapProof({ wire: 'anthropic', account: 'main', data: 'signature' }).slice(0, -3)],
    ['with more behind it', `${wrapProof({ wire: 'anthropic', account: 'main', data: 'signature' })}.more`],
    ['of a wire that does not exist', `${PROOF_MARK}smoke-signs.bWFpbg.c2ln`],
    ['of a wire named like something every object has', `${PROOF_MARK}constructor.bWFpbg.c2ln`],
    ['whose account is no base64', `${PROOF_MARK}anthropic.!!!.c2ln`],
    ['whose account is no UTF-8', `${PROOF_MARK}anthropic._w.c2ln`],
    ['whose data is no base64', `${PROOF_MARK}anthropic.bWFpbg.%%`],
    ['with nothing behind the mark', PROOF_MARK],
  ])('goes to nobody when it has our mark and is %s', (_, text) => {
    for (const carrier of WIRES) {
      const proof = unwrapProof(text, carrier)
      for (const target of WIRES) expect(isProofOf(proof, { wire: target, account: 'main' })).toBe(false)
    }
  })

  test('goes back to its issuer or to nobody after any change of a letter', () => {
    const issued: Proof = { wire: 'gemini', account: 'main', data: 'sign' }
    const text = wrapProof(issued)
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
        const changed = unwrapProof(text.slice(0, at) + letter + text.slice(at + 1), 'anthropic')
        if (at < PROOF_MARK.length) return
        expect(isProofOf(changed, { wire: 'anthropic', account: 'other' })).toBe(false)
      }),
    )
  })
})

describe('a proof is given back', () => {
  const account = 'main'

  test('to the account that issued it', () => {
    expect(isProofOf({ wire: 'anthropic', account, data: 'x' }, { wire: 'anthropic', account })).toBe(true)
  })

  test('to any account of its wire when it came in that wire and nobody knows whose it is', () => {
    expect(isProofOf({ wire: 'anthropic', account: null, data: 'x' }, { wire: 'anthropic', account })).toBe(true)
  })

  test('never to another account, and never to another wire', () => {
    expect(isProofOf({ wire: 'anthropic', account: 'other', data: 'x' }, { wire: 'anthropic', account })).toBe(false)
    expect(isProofOf({ wire: 'gemini', account, data: 'x' }, { wire: 'anthropic', account })).toBe(false)
    expect(isProofOf({ wire: 'gemini', account: null, data: 'x' }, { wire: 'anthropic', account })).toBe(false)
  })
})
