import { describe, expect, test } from 'vitest'
import { edited, joined } from '../../body.ts'
import { JsonScan } from '../../json-scan.ts'
import { openai } from '../../providers/openai.ts'
import { ASKED_KEYS, checkShape, editsFor, readAsked, scanFault } from './asked.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

describe('editing a request for its target', () => {
  test('changes the model and asks for usage, and leaves every other byte as it was', () => {
    const text = '{ "messages": [ ],"model":"fast",  "x":1e0, "stream" : true }'
    expect(edit(text, 'real/model')).toBe(
      '{ "messages": [ ],"model":"real/model",  "x":1e0, "stream" : true ,"stream_options":{"include_usage":true}}',
    )
  })

  test('changes nothing where nothing differs', () => {
    const text = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'
    expect(edit(text, 'm')).toBe(text)
    expect(edit('{"model":"m","stream":false}', 'm')).toBe('{"model":"m","stream":false}')
  })

  test('keeps the other stream options when it asks for usage', () => {
    expect(
      edit('{"stream_options":{"include_obfuscation":false,"include_usage":false},"stream":true,"model":"m"}', 'm'),
    ).toBe('{"stream_options":{"include_obfuscation":false,"include_usage":true},"stream":true,"model":"m"}')
    expect(edit('{"stream_options":null,"stream":true,"model":"m"}', 'm')).toContain('{"include_usage":true}')
  })

  test('gives the same bytes whatever chunks the body came in', () => {
    const text = '{"model":"äöü","stream":true,"messages":[{"role":"user","content":"日本"}]}'
    const whole = edit(text, 'target')
    for (let size = 1; size < 20; size++) expect(edit(text, 'target', size)).toBe(whole)
  })
})

describe('a wrong shape is told with its field', () => {
  test.each([
    ['{"stream":true}', 'model'],
    ['{"model":7}', 'model'],
    ['{"model":""}', 'model'],
    ['{"model":"m","stream":"yes"}', 'stream'],
    ['{"model":"m","stream_options":[]}', 'stream_options'],
  ])('%s', (text, field) => {
    expect(() => asked(text)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })

  test.each(['duplicate', 'lookalike'] as const)('a %s key is told with the key that it stands for', (kind) => {
    const fault = scanFault({ kind, key: 'model' })
    expect(fault).toMatchObject({ code: 'bad_request', field: 'model' })
    expect(fault.message).toContain("'model'")
  })

  test.each([
    ['chat', {}, 'messages'],
    ['chat', { messages: 'hi' }, 'messages'],
    ['chat', { messages: [{ role: 'user' }, 'hi'] }, 'messages[1]'],
    ['chat', { messages: [{ content: 'hi' }] }, 'messages[0].role'],
    ['embeddings', {}, 'input'],
    ['embeddings', { input: 3 }, 'input'],
    ['completions', { prompt: {} }, 'prompt'],
  ] as const)('%s %j', (operation, body, field) => {
    expect(() => checkShape(operation, body)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })
})

function scanned(text: string, size: number) {
  const bytes = encoder.encode(text)
  const scan = new JsonScan(ASKED_KEYS, { depthMax: 64, keysMax: 1_000 })
  const chunks: Uint8Array[] = []
  for (let from = 0; from < bytes.length; from += size) chunks.push(bytes.subarray(from, from + size))
  for (const chunk of chunks) scan.push(chunk)
  const result = scan.finish()
  if (result.kind !== 'object') throw new Error(result.kind)
  return { body: { chunks, bytes: bytes.length }, fields: readAsked(result) }
}

const asked = (text: string) => scanned(text, 10_000).fields

function edit(text: string, model: string, size = 10_000): string {
  const { body, fields } = scanned(text, size)
  const changed = edited(body, editsFor(fields, { model, kind: openai, operation: 'chat' }))
  const bytes = joined(changed.chunks)
  expect(changed.bytes).toBe(bytes.length)
  return decoder.decode(bytes)
}
