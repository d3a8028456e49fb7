import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from './json.ts'
import { principalOf } from './jwt-principal.ts'

const sound = { iss: 'issuer', sub: 'alice', exp: 1_800_000_000 }
const paths = { subject: 'sub', team: 'realm.org.team', scopes: 'scope' }
const nobody = { organisation: null, team: null, project: null, user: null, scopes: null, role: null }

describe('the principal of a token', () => {
  test('is what its claims say, wherever they stand, and null where they do not', () => {
    const everywhere = {
      subject: 'user.id',
      organisation: 'https://example.com/organisation',
      team: 'a.b.c',
      project: 'project',
      user: 'user.name',
      scopes: 'scp',
      role: 'a.role',
    }
    const claims = {
      ...sound,
      user: { id: 'u1', name: 'Ünï 名' },
      'https://example.com/organisation': 'acme',
      a: { b: { c: 'blue' }, role: null },
      scp: ['chat', 'embed'],
    }
    expect(principalOf(claims, everywhere)).toEqual({
      issuer: 'issuer',
      subject: 'u1',
      organisation: 'acme',
      team: 'blue',
      project: null,
      user: 'Ünï 名',
      scopes: ['chat', 'embed'],
      role: null,
      expiresAtMs: 1_800_000_000_000,
    })
    expect(principalOf(sound, { subject: 'sub' })).toMatchObject(nobody)
  })

  test('has scopes from a list or from one text', () => {
    const scopesOf = (scope: JsonObject[string]) => principalOf({ ...sound, scope }, paths)?.scopes
    expect(scopesOf('chat  embed ')).toEqual(['chat', 'embed'])
    expect(scopesOf(['chat', 'embed'])).toEqual(['chat', 'embed'])
    // No scope is not the same as none said.
    expect(scopesOf('')).toEqual([])
    expect(scopesOf([])).toEqual([])
    expect(scopesOf(null)).toBeNull()
    for (const wrong of [
      ['chat', 1],
      ['chat', null],
      [''],
      { chat: true },
      7,
      true,
      Array.from({ length: 101 }, () => 'chat'),
    ]) {
      expect(scopesOf(wrong)).toBeUndefined()
    }
  })

  test.each([
    ['a number', 7],
    ['a truth', true],
    ['a list', ['blue']],
    ['an object', { name: 'blue' }],
    ['empty', ''],
    ['too long', 'x'.repeat(201)],
    ['of two lines', 'blue\nred'],
    ['with a nought', 'blue\u0000'],
    ['with an escape', '\u001b[31mblue'],
    ['with a paragraph', 'blue\u2029red'],
    ['half a character', 'blue\ud83d'],
  ])('is none when a claim is %s', (_what, team) => {
    expect(principalOf({ ...sound, realm: { org: { team } } }, paths)).toBeUndefined()
    expect(principalOf({ ...sound, sub: team }, paths)).toBeUndefined()
  })

  test('is none when a path leads into a text or a list', () => {
    for (const realm of ['text', ['org'], 7, { org: 'text' }, { org: ['team'] }]) {
      expect(principalOf({ ...sound, realm }, paths)).toBeUndefined()
    }
    for (const realm of [null, {}, { org: null }, { org: {} }, { org: { team: null } }]) {
      expect(principalOf({ ...sound, realm }, paths)?.team).toBeNull()
    }
  })

  test('needs an issuer, a subject and an end that is a date', () => {
    for (const name of ['iss', 'sub', 'exp']) {
      expect(principalOf({ ...sound, [name]: null }, paths)).toBeUndefined()
      expect(
        principalOf(Object.fromEntries(Object.entries(sound).filter(([key]) => key !== name)), paths),
      ).toBeUndefined()
    }
    for (const exp of ['1800000000', -1, 1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(principalOf({ ...sound, exp }, paths)).toBeUndefined()
    }
    expect(principalOf({ ...sound, exp: 1.0015 }, paths)?.expiresAtMs).toBe(1_001)
  })

  test('is never made of what every object inherits', () => {
    for (const path of ['constructor', '__proto__', 'toString', 'constructor.name', '__proto__.constructor.name']) {
      expect(principalOf(sound, { subject: 'sub', team: path })?.team).toBeNull()
    }
  })

  test('has nothing but short texts, whatever the claims', () => {
    const claims = fc.record({ sub: fc.jsonValue(), realm: fc.jsonValue(), scope: fc.jsonValue() })
    fc.assert(
      fc.property(claims, (some) => {
        // What fast-check makes as JSON is JSON.
        const principal = principalOf({ ...sound, ...(some as JsonObject) }, paths)
        const parts = [principal?.subject, principal?.team, ...(principal?.scopes ?? [])]
        expect(parts.every((part) => part === undefined || part === null || /^[^\p{Cc}]{1,200}$/u.test(part))).toBe(
          true,
        )
      }),
    )
  })
})
