import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSealed, writeSealed } from '../../core/sealed.ts'
import { openBytes, openSecret, rewrap, SealBroken, sealBytes, sealSecret } from './envelope.ts'
import type { Kek, Keks } from './keks.ts'

const kek = (id: string): Kek => ({ id, key: createSecretKey(randomBytes(32)) })
const [k1, k2] = [kek('k1'), kek('k2')]
const keys: Keks = [k1]
const bound = { kind: 'credential', id: 'provider_1', origin: 'https://api.example.com' }
const texts = fc.string({ unit: 'binary', maxLength: 500 })

describe('a sealed secret', () => {
  test('opens to the same text for the same row and origin, always', () => {
    fc.assert(
      fc.property(texts, fc.string(), fc.string(), (secret, kind, id) => {
        const at = { ...bound, kind, id }
        expect(openSecret(sealSecret(secret, at, keys), at, keys)).toBe(secret)
      }),
    )
  })

  test('is another text each time, and shows nothing of the secret', () => {
    const secret = 'sk-live-0123456789abcdef'
    const [one, other] = [sealSecret(secret, bound, keys), sealSecret(secret, bound, keys)]
    for (const part of ['wrapped', 'nonce', 'ciphertext'] as const) {
      expect(readSealed(one)?.[part]).not.toBe(readSealed(other)?.[part])
    }
    expect(Buffer.from(readSealed(one)?.ciphertext ?? '', 'base64url').toString('latin1')).not.toContain('sk-live')
  })

  // Three lengths, because base64 leaves 0, 2 or 4 bits of its last letter unused.
  test.each(['abc', 'abcd', 'abcde'])('does not open when any single bit of its text is another (%s)', (secret) => {
    const text = sealSecret(secret, bound, [k1, k2])
    for (let at = 0; at < text.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
        expect(() => openSecret(flipped, bound, [k1, k2])).toThrow(SealBroken)
      }
    }
  })

  test('does not open when bits of it change, for secrets of every length', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.integer({ min: 0, max: 7 }), (secret, place, bit) => {
        const text = Buffer.from(sealSecret(secret, bound, keys), 'latin1')
        const at = place % text.length
        text[at] = (text[at] ?? 0) ^ (1 << bit)
        expect(() => openSecret(text.toString('latin1'), bound, keys)).toThrow(SealBroken)
      }),
    )
  })

  test('does not open when it was cut off, wherever', () => {
    const text = sealSecret('a secret', bound, keys)
    for (let length = 0; length < text.length; length++) {
      expect(reasonOf(() => openSecret(text.slice(0, length), bound, keys))).toBe('not_authentic')
    }
  })

  test('does not open for another row, another kind of row, or another origin', () => {
    const differs = fc
      .record({ kind: fc.string(), id: fc.string(), origin: fc.webUrl() })
      .filter(
        ({ kind, id, origin }) => kind !== bound.kind || id !== bound.id || new URL(origin).origin !== bound.origin,
      )
    const text = sealSecret('a secret', bound, keys)
    fc.assert(
      fc.property(differs, fc.subarray(['kind', 'id', 'origin'] as const, { minLength: 1 }), (other, changed) => {
        const at = { ...bound, ...Object.fromEntries(changed.map((part) => [part, other[part]])) }
        fc.pre(JSON.stringify(at) !== JSON.stringify(bound) && new URL(at.origin).origin === at.origin)
        expect(reasonOf(() => openSecret(text, at, keys))).toBe('not_authentic')
      }),
    )
    for (const origin of ['https://attacker.example', 'http://api.example.com', 'https://api.example.com:8443']) {
      expect(reasonOf(() => openSecret(text, { ...bound, origin }, keys))).toBe('not_authentic')
    }
  })

  test('does not open when its parts come from two sealed texts', () => {
    const [one, other] = [readSealed(sealSecret('one', bound, keys)), readSealed(sealSecret('two', bound, keys))]
    if (one === undefined || other === undefined) throw new Error('it is not in its own form')
    for (const part of ['wrapped', 'nonce', 'ciphertext'] as const) {
      const mixed = writeSealed({ ...one, [part]: other[part] })
      expect(reasonOf(() => openSecret(mixed, bound, keys))).toBe('not_authentic')
    }
  })

  test('says whether its key is missing, or is another under the same id', () => {
    const text = sealSecret('a secret', bound, keys)
    expect(reasonOf(() => openSecret(text, bound, [k2]))).toBe('unknown_key')
    expect(() => openSecret(text, bound, [k2])).toThrow("'k1', which is not here")
    expect(reasonOf(() => openSecret(text, bound, [kek('k1')]))).toBe('not_authentic')
    // A key that was renamed is not the one that the text names.
    expect(
      reasonOf(() =>
        openSecret(text, bound, [
          { id: 'k1', key: k2.key },
          { id: 'k2', key: k1.key },
        ]),
      ),
    ).toBe('not_authentic')
    expect(reasonOf(() => openSecret(text.replace('.k1.', '.k2.'), bound, [{ id: 'k2', key: k1.key }]))).toBe(
      'not_authentic',
    )
  })

  test('may have 64 KiB, and must be text', () => {
    const longest = 'x'.repeat(65_536)
    expect(openSecret(sealSecret(longest, bound, keys), bound, keys)).toBe(longest)
    expect(() => sealSecret(`${longest}x`, bound, keys)).toThrow('at most 65536 bytes')
    expect(() => sealSecret('half a \ud83d', bound, keys)).toThrow('must be text')
  })
})

describe('wrapping again', () => {
  test('gives the same secret by the newest key alone, with the ciphertext as it was', () => {
    fc.assert(
      fc.property(texts, (secret) => {
        const text = sealSecret(secret, bound, [k1])
        const again = rewrap(text, [k2, k1]) ?? ''
        expect(openSecret(again, bound, [k2])).toBe(secret)
        const [before, after] = [readSealed(text), readSealed(again)]
        expect(after).toEqual({ ...before, kekId: 'k2', wrapped: expect.any(String) })
        expect(after?.wrapped).not.toBe(before?.wrapped)
      }),
    )
  })

  test('does nothing when the newest key has wrapped it already', () => {
    expect(rewrap(sealSecret('a secret', bound, [k2, k1]), [k2, k1])).toBeUndefined()
  })

  test('fails when the key is away or the text was changed, and makes nothing right that was moved', () => {
    const text = sealSecret('a secret', bound, [k1])
    expect(reasonOf(() => rewrap(text, [k2]))).toBe('unknown_key')
    expect(reasonOf(() => rewrap(text, [k2, kek('k1')]))).toBe('not_authentic')
    expect(reasonOf(() => rewrap(text.slice(0, 30), [k2, k1]))).toBe('not_authentic')
    const again = rewrap(text, [k2, k1]) ?? ''
    expect(reasonOf(() => openSecret(again, { ...bound, id: 'provider_2' }, [k2, k1]))).toBe('not_authentic')
  })
})

test('no error shows eight letters of a secret or a key, however it is printed', () => {
  const random = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'))
  fc.assert(
    fc.property(random, (secret) => {
      fc.pre(new Set(secret).size > 12)
      const text = sealSecret(secret, bound, keys)
      const failures: readonly (() => unknown)[] = [
        () => openSecret(text, bound, [k2]),
        () => openSecret(text, bound, [kek('k1')]),
        () => openSecret(text, { ...bound, id: 'other' }, keys),
        () => openSecret(text, { ...bound, origin: secret }, keys),
        () => openSecret(text.slice(0, -1), bound, keys),
        () => openSecret(secret, bound, keys),
        () => rewrap(text, [k2]),
        () => sealSecret(`${secret}\ud83d`, bound, keys),
        () => sealSecret(secret.repeat(2_000), bound, keys),
        () => sealSecret(secret, { ...bound, origin: `ftp://${secret}` }, keys),
      ]
      const shown = failures.map((fails) => inspect(errorOf(fails), { depth: null, showHidden: true })).join('\n')
      for (const hidden of [secret, ...[k1, k2].flatMap(({ key }) => textsOf(key))]) {
        for (let at = 0; at + 8 <= hidden.length; at++) expect(shown.includes(hidden.slice(at, at + 8))).toBe(false)
      }
    }),
    { numRuns: 20 },
  )
})

const textsOf = (key: KeyObject): readonly string[] =>
  (['base64', 'base64url', 'hex'] as const).map((form) => key.export().toString(form))

function errorOf(fails: () => unknown): unknown {
  try {
    fails()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

describe('sealed bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 500 })
  const twoTexts = fc.tuple(fc.string(), fc.string()).filter(([one, other]) => one !== other)

  test('open to the same bytes for what they belong to, always, and for nothing else', () => {
    fc.assert(
      fc.property(bytes, twoTexts, (plain, [belongs, other]) => {
        const sealed = sealBytes(plain, belongs, keys)
        expect(openBytes(sealed, belongs, [k2, k1])).toEqual(Buffer.from(plain))
        expect(reasonOf(() => openBytes(sealed, other, keys))).toBe('not_authentic')
        expect(reasonOf(() => openBytes(sealed, belongs, [k2]))).toBe('unknown_key')
      }),
    )
  })

  test('do not open when any bit of them is another', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 0, max: 7 }), (plain, place, bit) => {
        const sealed = sealBytes(plain, 'row', keys)
        const at = place % sealed.ciphertext.length
        sealed.ciphertext[at] = (sealed.ciphertext[at] ?? 0) ^ (1 << bit)
        expect(reasonOf(() => openBytes(sealed, 'row', keys))).toBe('not_authentic')
      }),
    )
  })

  test('may be a megabyte, where a secret may not', () => {
    const plain = randomBytes(1_048_576)
    expect(openBytes(sealBytes(plain, 'row', keys), 'row', keys).equals(plain)).toBe(true)
  })
})

function reasonOf(fails: () => unknown): string {
  const error = errorOf(fails)
  if (error instanceof SealBroken) return error.reason
  throw error
}
