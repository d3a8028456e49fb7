import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { brotliCompressSync, constants, createZstdCompress, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodedBody } from './request-decoding.ts'

const TEXT = JSON.stringify({ model: 'm', text: 'é日🎈'.repeat(100) })

/** A request that came with these bytes. */
function requestOf(encoding: string | undefined, bytes: Uint8Array): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  if (encoding !== undefined) request.headers['content-encoding'] = encoding
  request.push(bytes)
  request.push(null)
  return request
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of decodedBody(request).source) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

describe('the body of a request', () => {
  test.each([
    [undefined, Buffer.from(TEXT)],
    ['identity', Buffer.from(TEXT)],
    ['gzip', gzipSync(TEXT)],
    [' GZip ', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
  ])('is what it was before its client compressed it: %s', async (encoding, bytes) => {
    expect(await textOf(requestOf(encoding, bytes))).toBe(TEXT)
  })

  test.each(['compress', 'gzip, gzip', ''])('is refused in an encoding that is not known: %j', (encoding) => {
    expect(() => decodedBody(requestOf(encoding, Buffer.from(TEXT)))).toThrow(
      expect.objectContaining({ code: 'unsupported_media_type' }),
    )
  })

  test.each([
    ['gzip', gzipSync(TEXT).subarray(0, 20)],
    ['br', Buffer.from('this is no brotli')],
  ])('ends in an error where it is cut or something else: %s', async (encoding, bytes) => {
    await expect(textOf(requestOf(encoding, bytes))).rejects.toThrow()
  })

  test('cannot make its reader set aside a hundred megabytes', async () => {
    const compress = createZstdCompress({ params: { [constants.ZSTD_c_windowLog]: 27 } })
    compress.write(TEXT)
    compress.end()
    const chunks: Buffer[] = []
    compress.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(compress, 'end')
    await expect(textOf(requestOf('zstd', Buffer.concat(chunks)))).rejects.toThrow()
  })
})
