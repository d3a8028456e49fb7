import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundText, isKekId, readSealed, writeSealed } from './sealed.ts'

const letters = (size: { readonly minLength: number; readonly maxLength: number }) =>
  fc.string({
    unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')),
    ...size,
  })
const sealed = fc.record({
  kekId: letters({ minLength: 1, maxLength: 32 }),
  wrapped: letters({ minLength: 80, maxLength: 80 }),
  nonce: letters({ minLength: 16, maxLength: 16 }),
  ciphertext: letters({ minLength: 22, maxLength: 300 }),
})

describe('a sealed text', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(sealed, (parts) => {
        expect(readSealed(writeSealed(parts))).toEqual(parts)
      }),
    )
  })

  test('is read in one form only', () => {
    const text = `v1.k1.${'a'.repeat(80)}.${'b'.repeat(16)}.${'c'.repeat(40)}`
    expect(readSealed(text)).toBeDefined()
    for (const other of [
      `${text}\n`,
      ` ${text}`,
      `${text}=`,
      `${text}.d`,
      text.replace('v1', 'v2'),
      text.slice(0, -20),
      '',
    ]) {
      expect(readSealed(other)).toBeUndefined()
    }
  })
})

describe('what a secret is bound to', () => {
  const origin = 'https://api.example.com'
  const row = { kind: 'credential', id: 'one', origin }

  test('is the scheme, host and port of an address, however it is spelt', () => {
    for (const same of [
      'https://api.example.com:443/v1',
      'HTTPS://API.example.com/',
      'https://user:word@api.example.com?x',
    ]) {
      expect(boundText({ ...row, origin: same })).toBe(boundText(row))
    }
    for (const other of [
      'http://api.example.com',
      'https://api.example.com:8443',
      'https://api.example.com.',
      'https://example.com',
    ]) {
      expect(boundText({ ...row, origin: other })).not.toBe(boundText(row))
    }
  })

  test('is never the same text for two different rows, also where names hold quotes and commas', () => {
    const part = fc.oneof(fc.string({ unit: fc.constantFrom('"', ',', '\\', 'a', '\n'), maxLength: 4 }), fc.string())
    fc.assert(
      fc.property(part, part, part, part, (kind, id, otherKind, otherId) => {
        const same = boundText({ kind, id, origin }) === boundText({ kind: otherKind, id: otherId, origin })
        expect(same).toBe(kind === otherKind && id === otherId)
      }),
    )
  })

  test('must have an address; what is none is not repeated', () => {
    for (const none of ['', 'api.example.com', 'file:///etc/passwd', 'null', 'ftp://word@example.com']) {
      expect(() => boundText({ ...row, origin: none })).toThrow('a secret is bound to an http or https address')
    }
  })
})

test('a key in base64 is never taken for the id of one', () => {
  expect(isKekId('kek_1a2b-C')).toBe(true)
  for (const none of ['', 'a'.repeat(33), 'a.b', 'a:b', 'ä']) expect(isKekId(none)).toBe(false)
})
