import { describe, expect, test } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

const encoder = new TextEncoder()
const request = { method: 'POST', url: '/v1/chat/completions' }
const small = (text: string, url = request.url) => ({
  request: { ...request, url },
  parsed: JSON.parse(text),
  body: { chunks: [encoder.encode(text)], bytes: text.length },
})
const large = (...chunks: readonly string[]) => ({
  request,
  parsed: undefined,
  body: { chunks: chunks.map((chunk) => encoder.encode(chunk)), bytes: chunks.join('').length },
})
const of = async (asked: Parameters<typeof fingerprintOf>[0], value = 'k') =>
  (await fingerprintOf(asked, value)).toString('hex')

describe('the fingerprint of a request', () => {
  test('does not see the order of keys, nor white space', async () => {
    expect(await of(small('{"model":"m","messages":[1,2]}'))).toBe(
      await of(small('{ "messages": [1, 2], "model": "m" }')),
    )
  })

  test.each([
    ['another body', small('{"model":"m","messages":[2,1]}')],
    ['another path', small('{"model":"m","messages":[1,2]}', '/v1/completions')],
    ['another query', small('{"model":"m","messages":[1,2]}', '/v1/chat/completions?alt=sse')],
    ['the same in bytes', large('{"model":"m","messages":[1,2]}')],
  ])('is another one for %s', async (_, asked) => {
    expect(await of(asked)).not.toBe(await of(small('{"model":"m","messages":[1,2]}')))
  })

  test('is another one under another idempotency key, so that it gives no prompt away', async () => {
    expect(await of(small('{}'), 'a')).not.toBe(await of(small('{}'), 'b'))
  })

  test('of a large body is that of its bytes, however they came', async () => {
    const text = 'x'.repeat(3_000_000)
    expect(await of(large(text))).toBe(await of(large(text.slice(0, 10), text.slice(10))))
    expect(await of(large(text))).not.toBe(await of(large(`${text}y`)))
  })

  test('does not see a credential in the query', async () => {
    const url = '/v1beta/models/m:streamGenerateContent'
    expect(await of(small('{}', `${url}?key=sek_a&alt=sse`))).toBe(await of(small('{}', `${url}?alt=sse&key=sek_b`)))
  })
})
