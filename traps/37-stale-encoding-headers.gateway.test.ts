import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { whole } from '../e2e/kit/vendor-script.ts'
import { headerOf } from '../e2e/kit/vendor-truth.ts'
import { asks } from './kit/asks.ts'
import { says } from './kit/says.ts'
import { json, throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']
const VENDORS = ['openai-chat', 'anthropic'] as const
const PAIRS = WIRES.flatMap((client) => VENDORS.map((vendor) => ({ client, vendor })))

describe('what a reply says of its bytes is true', () => {
  test.each(PAIRS)(
    '$vendor to $client: its length is that of the bytes, and nothing is said to be compressed',
    async (pair) => {
      const body = `${JSON.stringify(says(pair.vendor, { text: 'Größe 会議' }).whole)}\n`
      gateway.vendor.enqueue(whole({ body, headers: [['x-vendor-secret', 'tenant']] }))
      const answer = await gateway.chat(pair)
      const bytes = await answer.bytes()
      expect([answer.status, answer.ending]).toEqual([200, 'complete'])
      expect(Number(answer.header('content-length'))).toBe(bytes.length)
      expect([answer.header('content-encoding'), answer.header('transfer-encoding')]).toEqual([undefined, undefined])
      expect(answer.header('x-vendor-secret')).toBeUndefined()
    },
  )

  test.each(PAIRS)(
    '$vendor to $client: a vendor that compresses unasked is an error, never bytes that nobody can read',
    async (pair) => {
      gateway.vendor.enqueue({ ...json(says(pair.vendor, { text: 'Hi' }).whole), manner: 'gzip' })
      const answer = await gateway.chat(pair)
      expect([answer.status, answer.header('content-encoding')]).toEqual([502, undefined])
      expect(await answer.json()).toHaveProperty('error')
    },
  )

  test('no vendor is asked to compress', async () => {
    for (const pair of PAIRS) {
      gateway.vendor.enqueue(json(says(pair.vendor, { text: 'Hi' }).whole))
      await (await gateway.chat(pair, { headers: [['accept-encoding', 'gzip, br']] })).bytes()
      expect(headerOf(gateway.lastSeen(), 'accept-encoding') ?? 'identity').toBe('identity')
    }
  })
})

describe('a compressed request is read, and goes on as what it is', () => {
  const compressed = [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const
  test.each(compressed)('%s', async (encoding, compress) => {
    for (const vendor of VENDORS) {
      const body = JSON.stringify({ model: `${vendor}/m-1`, ...asks('anthropic') })
      gateway.vendor.enqueue(json(says(vendor, { text: 'Hi' }).whole))
      const answer = await gateway.post('/v1/messages', {
        body: compress(Buffer.from(body)),
        headers: [
          ['content-encoding', encoding],
          ['content-type', 'application/json'],
        ],
      })
      expect([answer.status, await answer.json()]).toMatchObject([200, { content: [{ text: 'Hi' }] }])
      const seen = gateway.lastSeen()
      expect(headerOf(seen, 'content-encoding')).toBeUndefined()
      expect(Number(headerOf(seen, 'content-length'))).toBe(seen.body.length)
      expect(seen.body.toString()).toContain('Oslo')
    }
  })
})
