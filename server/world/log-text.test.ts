import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ID_BYTES, makeId, makeKey, SECRET_BYTES } from '../../core/key.ts'
import { cleanText } from './log-text.ts'

describe('control characters', () => {
  test('a text stays on one line: line feeds of every kind become visible signs', () => {
    const clean = cleanText('one\r\ntwo\u2028three\u2029four\u0085five\u000bsix')
    expect(clean).toBe('one␍␊two\ufffdthree\ufffdfour\ufffdfive␋six')
  })

  test('a text cannot steer a terminal: no escape, no 8-bit control, no delete is left', () => {
    expect(cleanText('\u001b[2J\u009b31m\u007f\u0000\u0007')).toBe('␛[2J\ufffd31m␡␀␇')
  })

  test('a text cannot be shown in another order than it has, or hide in no width', () => {
    expect(cleanText('a\u202eb\u2066c\u200bd\ufeffe')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde')
  })

  test('every character below U+00A0 that is left can be printed', () => {
    const all = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join('')
    // oxlint-disable-next-line no-control-regex -- it is what must not be there
    expect(cleanText(all)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })

  test('what people write is left alone', () => {
    const text = 'モデル「gpt-5」は 見つかりません — über, 🙂 & <b> "quoted" C:\\path 50%'
    expect(cleanText(text)).toBe(text)
  })
})

describe('lengths', () => {
  test('a long text is cut and says so', () => {
    const clean = cleanText('x'.repeat(1_000_000))
    expect(clean.length).toBe(2_001)
    expect(clean.endsWith('…')).toBe(true)
  })

  test('a key that stands where a text is cut does not show its beginning', () => {
    const key = newKey('sek')
    for (let before = 1_900; before <= 2_010; before++) {
      expectHidden(cleanText(`${'x'.repeat(before - 1)} ${key}`), key)
    }
  })
})

describe('work', () => {
  test.each([
    'a',
    ' ',
    'eyJ',
    'eyJ-',
    'eyJ.',
    'eyJaaaaaaaa ',
    'sk-',
    'sek_',
    'setup_-',
    'AIza',
    '://',
    '://a',
    'bearer ',
    'bearer  x',
    '\n',
  ])('a text of many %j takes no longer than one that says something', (piece) => {
    const started = process.cpuUsage()
    for (let count = 0; count < 10; count++) cleanText(piece.repeat(100_000))
    const { user } = process.cpuUsage(started)
    // Microseconds for ten: a search that goes back over what it has read takes a thousand times this.
    expect(user).toBeLessThan(1_000_000)
  })
})

describe('a last guard against secrets', () => {
  const secrets: readonly (readonly [string, string])[] = [
    ['a virtual key', newKey('sek')],
    ['a service token', newKey('svc')],
    ['a setup token', newKey('setup')],
    ['a broken virtual key', newKey('sek').slice(0, 40)],
    ['a key of OpenAI', `sk-proj-${random(40)}`],
    ['a key of Anthropic', `sk-ant-api03-${random(40)}`],
    ['a key of OpenRouter', `sk-or-v1-${random(40)}`],
    ['a key of Groq', `gsk_${random(40)}`],
    ['a key of xAI', `xai-${random(40)}`],
    ['a key of Google', `AIza${random(35)}`],
    ['a JSON web token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${random(40)}`],
    ['a bearer credential without a form of its own', `Bearer ${random(32)}`],
    ['a login in an address', `postgres://owner:${random(20)}@db.internal/sekisho`],
  ]

  test.each(secrets)('%s is not shown, wherever it stands', (_, secret) => {
    for (const text of [secret, `upstream said: "${secret}" (401)`, `x-api-key:${secret},next`, `a=${secret}&b=1`]) {
      expectHidden(cleanText(text), secret)
    }
  })

  test('what only resembles a key is shown: fault codes, ids, model names, addresses', () => {
    const texts = [
      'setup_required',
      '0190b1c2-7d3e-7abc-8def-0123456789ab',
      'openai/gpt-5-mini-2026-01-01',
      'disk-full-and-nothing-left',
      'task-0123456789abcdef',
      'https://api.example.com:8443/v1/chat',
      'the bearer of this key',
    ]
    for (const text of texts) expect(cleanText(text)).toBe(text)
  })
})

function newKey(kind: 'sek' | 'svc' | 'setup'): string {
  return makeKey({ kind, id: makeId(randomBytes(ID_BYTES)) }, randomBytes(SECRET_BYTES))
}

function random(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length)
}

/** Not even eight characters of the secret part, which is the last 12 of every form above, and more of the longer ones. */
function expectHidden(clean: string, secret: string): void {
  const part = secret.replace(/@.*$/, '').slice(-Math.min(32, secret.length - 20))
  for (let at = 0; at + 8 <= part.length; at++) expect(clean).not.toContain(part.slice(at, at + 8))
}
