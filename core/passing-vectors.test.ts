import { describe, expect, test } from 'vitest'
import { EmbedReader } from './embedding.ts'
import type { EmbedRequest } from './embed.ts'
import { PassingVectors } from './passing-vectors.ts'
import { openAiWhole } from './wires/openai-chat/passing-whole.ts'

const VECTOR = [0.5, -0.25]
const BASE64 = Buffer.from(new Float32Array(VECTOR).buffer).toString('base64')
const OPTIONS = { flavour: 'openai', spendLimitCodes: ['no_money'] } as const

/** What a client gets that asked for `encoding`, of a reply that comes in pieces of `size` bytes. */
function answer(text: string, { encoding, size }: { encoding: EmbedRequest['encoding']; size: number }) {
  const ways: string[] = []
  const reader = new PassingVectors({
    encoding,
    passing: () => {
      ways.push('passing')
      return openAiWhole(OPTIONS)
    },
    rewriting: () => {
      ways.push('rewriting')
      const request = { model: 'm', inputs: [], encoding }
      const asked = { wire: 'openai-chat', model: 'm', batch: false } as const
      return new EmbedReader({ ...OPTIONS, asked, request, vendor: 'openai-chat', replyBytesMax: 1_000_000 })
    },
    find: (bytes, word, from) => Buffer.from(bytes).indexOf(word, from),
  })
  const bytes = Buffer.from(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(reader.push(bytes.subarray(at, at + size)) ?? Buffer.of())
  out.push(reader.end() ?? Buffer.of())
  return { reader, ways, text: Buffer.concat(out).toString('utf8') }
}

const reply = (embedding: unknown, more: object = {}): string =>
  JSON.stringify({
    object: 'list',
    data: [{ object: 'embedding', index: 0, embedding }],
    model: 'm-1',
    usage: { prompt_tokens: 2, total_tokens: 2 },
    ...more,
  })
const SIZES = [1, 7, 1_000_000]

describe.each(SIZES)('vectors in pieces of %d bytes', (size) => {
  test.each([
    ['float', VECTOR],
    ['base64', BASE64],
  ] as const)('pass as they came where they come as asked (%s), and are read', (encoding, vector) => {
    const spaced = reply(vector).replaceAll(':', ' :\n ')
    for (const text of [reply(vector), spaced]) {
      const { reader, ways, text: out } = answer(text, { encoding, size })
      expect([out, ways, reader.ending()]).toEqual([text, ['passing'], 'complete'])
      expect(reader.reading()).toMatchObject({ model: 'm-1', source: 'vendor', usage: { input: 2 } })
    }
  })

  test.each([
    ['float', BASE64, VECTOR],
    ['base64', VECTOR, BASE64],
  ] as const)('are written anew where they come as something else (%s)', (encoding, sent, expected) => {
    const { reader, ways, text } = answer(reply(sent), { encoding, size })
    expect(ways).toEqual(['rewriting'])
    expect(JSON.parse(text)).toMatchObject({ data: [{ embedding: expected }] })
    expect(reader.reading()).toMatchObject({ model: 'm-1', usage: { input: 2 } })
  })

  test('that are none go out as they came; an error is told', () => {
    const odd = '{"object":"list","data":[],"note":"\\"embedding\\" is a word"}'
    expect(answer(odd, { encoding: 'float', size }).text).toBe(odd)
    const { reader } = answer('{"error":{"message":"acct-7","code":"no_money"}}', { encoding: 'float', size })
    expect(reader.openingFault).toMatchObject({ code: 'upstream_funds' })
    expect(answer('nonsense', { encoding: 'float', size }).reader.ending()).not.toBe('complete')
    expect(answer('', { encoding: 'float', size }).reader.ending()).not.toBe('complete')
  })
})

test('a reply that begins with much else is not held for ever', () => {
  const text = reply(VECTOR, { data: [{ note: 'x'.repeat(100_000), embedding: VECTOR }] })
  expect(answer(text, { encoding: 'float', size: 1_000 }).ways).toEqual(['rewriting'])
})
