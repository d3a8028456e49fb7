import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchJson, isFetchable } from './fetch-json.ts'
import { startIssuer, type TestIssuer } from './jwt-test-kit.ts'

describe('a document', () => {
  let server: TestIssuer
  beforeEach(async () => {
    server = await startIssuer()
  })
  afterEach(() => server.stop())

  test('is fetched whole, up to its limit', async () => {
    const text = JSON.stringify({ text: 'x'.repeat(1_000) })
    server.answer = (response) => response.end(text)
    await expect(fetchJson(server.jwksUrl, { bytesMax: text.length })).resolves.toEqual({ text: 'x'.repeat(1_000) })
    await expect(fetchJson(server.jwksUrl, { bytesMax: text.length - 1 })).rejects.toMatchObject({ code: 'too_large' })
  })

  test('that never ends is given up at its limit of bytes', async () => {
    server.answer = (response) => {
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(10_000), more)
      }
      more()
    }
    await expect(fetchJson(server.jwksUrl)).rejects.toMatchObject({ code: 'too_large' })
  })

  test('that does not come in time is given up: before it begins and while it comes', async () => {
    server.answer = () => undefined
    await expect(fetchJson(server.jwksUrl, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timed_out' })
    server.answer = (response) => response.writeHead(200).write('{')
    await expect(fetchJson(server.jwksUrl, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timed_out' })
  })

  test('that nobody waits for any more is given up', async () => {
    const ending = new AbortController()
    server.answer = () => ending.abort()
    await expect(fetchJson(server.jwksUrl, { signal: ending.signal })).rejects.toMatchObject({ code: 'closed' })
    await expect(fetchJson(server.jwksUrl, { signal: ending.signal })).rejects.toMatchObject({ code: 'closed' })
    expect(server.asked).toHaveLength(1)
  })

  test('is asked for plainly, and nowhere else than told', async () => {
    server.answer = (response, request) => response.end(JSON.stringify(request.headers))
    await expect(fetchJson(server.jwksUrl)).resolves.toMatchObject({
      'accept-encoding': 'identity',
      connection: 'close',
    })
    server.answer = (response) => response.writeHead(307, { location: '/elsewhere' }).end()
    await expect(fetchJson(server.jwksUrl)).rejects.toMatchObject({ code: 'status_307' })
    expect(server.asked).not.toContain('/elsewhere')
  })

  test('is not taken from who cannot prove its name', async () => {
    await expect(fetchJson(server.jwksUrl.replace('http:', 'https:'))).rejects.toThrow()
    await expect(fetchJson('http://issuer.example/jwks')).rejects.toMatchObject({ code: 'address_refused' })
  })
})

describe('an address', () => {
  test.each([
    'https://issuer.example/jwks',
    'https://10.0.0.1/jwks',
    'http://localhost:8080/jwks',
    'http://127.0.0.1/jwks',
    'http://127.1/jwks',
    'http://[::1]:80/jwks',
  ])('may be asked: %s', (address) => {
    expect(isFetchable(address)).toBe(true)
  })

  test.each([
    '',
    'issuer.example/jwks',
    'http://issuer.example/jwks',
    'http://10.0.0.1/jwks',
    'http://localhost.example/jwks',
    'http://127.0.0.1.example/jwks',
    'http://localhost@issuer.example/jwks',
    'https://user:word@issuer.example/jwks',
    'file:///etc/passwd',
    'data:application/json,{}',
  ])('may not be asked: %s', (address) => {
    expect(isFetchable(address)).toBe(false)
  })
})
