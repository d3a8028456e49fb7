import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { throughGateway } from './kit/through-gateway.ts'
import { type Asked, PAIRS, refused, sent } from './kit/trip.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const JPEG = '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////2wBDAf//////'
const URL = 'https://example.com/cat.webp?size=2'

/** A picture as data in the words of a client. */
function dataFrom(client: WireId, mediaType: string, base64: string): JsonObject {
  switch (client) {
    case 'openai-chat':
      return chat({ type: 'image_url', image_url: { url: `data:${mediaType};base64,${base64}` } })
    case 'openai-responses':
      return input({ type: 'input_image', image_url: `data:${mediaType};base64,${base64}` })
    case 'anthropic':
      return messages({ type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } })
    case 'gemini':
      return contents({ inlineData: { mimeType: mediaType, data: base64 } })
  }
}

/** A picture that somebody else would have to fetch. */
function urlFrom(client: Exclude<WireId, 'gemini'>, url: string): JsonObject {
  switch (client) {
    case 'openai-chat':
      return chat({ type: 'image_url', image_url: { url } })
    case 'openai-responses':
      return input({ type: 'input_image', image_url: url })
    case 'anthropic':
      return messages({ type: 'image', source: { type: 'url', url } })
  }
}

const chat = (part: JsonObject) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, part] }] })
const input = (part: JsonObject) => ({
  input: [{ role: 'user', content: [{ type: 'input_text', text: 'What?' }, part] }],
})
const messages = (part: JsonObject) => ({ max_tokens: 100, ...chat(part) })
const contents = (part: JsonObject) => ({ contents: [{ role: 'user', parts: [{ text: 'What?' }, part] }] })

/** The picture as the vendor gets it. */
function pictureIn({ wire, body }: { readonly wire: WireId; readonly body: JsonObject }): JsonObject {
  const turns = objects(body['messages'] ?? body['input'] ?? body['contents'])
  const parts = objects(turns[0]?.['content'] ?? turns[0]?.['parts'])
  const { type: _, ...part } = parts[1] ?? {}
  return wire === 'anthropic' ? (asObject(part['source']) ?? {}) : part
}

const AS_DATA: { readonly [wire in WireId]: JsonObject } = {
  'openai-chat': { image_url: { url: `data:image/png;base64,${PNG}` } },
  'openai-responses': { image_url: `data:image/png;base64,${PNG}` },
  anthropic: { type: 'base64', media_type: 'image/png', data: PNG },
  gemini: { inlineData: { mimeType: 'image/png', data: PNG } },
}
const AS_URL: { readonly [wire in WireId]: JsonObject } = {
  'openai-chat': { image_url: { url: URL } },
  'openai-responses': { image_url: URL },
  anthropic: { type: 'url', url: URL },
  gemini: { fileData: { mimeType: 'image/webp', fileUri: URL } },
}

test.each(PAIRS)('$client to $vendor: data stays data, in the words of the vendor', ({ client, vendor }) => {
  expect(pictureIn(sent({ client, vendor, body: dataFrom(client, 'image/png', PNG) }))).toMatchObject(AS_DATA[vendor])
})

test.each(PAIRS.flatMap(({ client, vendor }) => (client === 'gemini' ? [] : [{ client, vendor }])))(
  '$client to $vendor: an address stays one, with its type where the vendor demands it: the gateway fetches nothing',
  ({ client, vendor }) => {
    expect(pictureIn(sent({ client, vendor, body: urlFrom(client, URL) }))).toMatchObject(AS_URL[vendor])
  },
)

test.each(['openai-chat', 'openai-responses', 'gemini'] as const)(
  'Anthropic refuses a picture whose type is named wrongly: what %s calls a PNG goes as the JPEG that it is',
  (client) => {
    const picture = pictureIn(sent({ client, vendor: 'anthropic', body: dataFrom(client, 'image/png', JPEG) }))
    expect(picture).toEqual({ type: 'base64', media_type: 'image/jpeg', data: JPEG })
  },
)

test('the type of an address without an ending is guessed for Gemini, never left out', () => {
  const body = urlFrom('openai-chat', 'https://example.com/cat')
  expect(pictureIn(sent({ client: 'openai-chat', vendor: 'gemini', body }))).toEqual({
    fileData: { mimeType: expect.stringMatching(/^image\//), fileUri: 'https://example.com/cat' },
  })
})

describe('what no other vendor can open is left out and told, never sent as something else', () => {
  const ids: readonly Asked[] = [
    { client: 'openai-responses', vendor: 'anthropic', body: input({ type: 'input_image', file_id: 'file-abc' }) },
    { client: 'openai-responses', vendor: 'gemini', body: input({ type: 'input_image', file_id: 'file-abc' }) },
    { client: 'openai-responses', vendor: 'openai-chat', body: input({ type: 'input_image', file_id: 'file-abc' }) },
    {
      client: 'anthropic',
      vendor: 'gemini',
      body: messages({ type: 'image', source: { type: 'file', file_id: 'file_abc' } }),
    },
  ]
  test.each(ids)('an uploaded picture, $client to $vendor', (asked) => {
    const { text, losses } = sent(asked)
    expect(text).not.toContain('abc')
    expect(losses.some((loss) => loss.endsWith('=dropped'))).toBe(true)
    expect(refused({ ...asked, lossMode: 'strict' })).toMatchObject({ code: 'bad_request' })
  })

  test.each(['file:///etc/passwd', 'ftp://example.com/cat.png'])('%s for Anthropic', (url) => {
    const { text, losses } = sent({ client: 'openai-chat', vendor: 'anthropic', body: urlFrom('openai-chat', url) })
    expect(text).not.toContain(url)
    expect(losses).toContain('messages[].content[].image_url.url=dropped')
  })
})

describe('the gateway itself opens no address, whoever is asked: it would reach what only it can reach', () => {
  const gateway = throughGateway()
  const clients = ['openai-chat', 'openai-responses', 'anthropic'] as const
  const vendors = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
  test.each(clients.flatMap((client) => vendors.map((vendor) => ({ client, vendor }))))(
    '$client to $vendor',
    async (pair) => {
      const { vendor, root, chat } = gateway
      const before = vendor.seen.length
      const url = `${root}/cat.png`
      await (await chat(pair, { body: urlFrom(pair.client, url) })).text()
      const [asked, ...more] = vendor.seen.slice(before)
      expect([asked?.method, more]).toEqual(['POST', []])
      expect(asked?.body.toString()).toContain(url)
    },
  )
})
