import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonScan, type NotedKeys, type ScanLimits, type ScanProblem, type ScanResult } from './json-scan.ts'

const LIMITS = { depthMax: 64, keysMax: 100_000 }
const WANTED = ['model', 'stream', 'stream_options']
const encoder = new TextEncoder()

describe('the scan', () => {
  test('reads the same values as JSON.parse from any document, however it is cut', () => {
    fc.assert(
      fc.property(document(), fc.array(fc.nat(400), { maxLength: 6 }), (fields, cuts) => {
        const text = JSON.stringify(fields)
        const result = object(scan(cutAt(encoder.encode(text), cuts)))
        const expected = JSON.parse(text) as Record<string, unknown>
        for (const key of WANTED) expect(valueOf(result, key)).toEqual(expected[key])
      }),
      { numRuns: 2_000 },
    )
  })

  test('gives spans that can be replaced in the bytes', () => {
    const text = '{"a": [1, "x\\"]"], "model" : "gpt\\u002d5" , "z":{}}'
    const found = object(scan([encoder.encode(text)])).values.get('model')
    expect(text.slice(found?.start, found?.end)).toBe('"gpt\\u002d5"')
    expect(JSON.parse(found?.text ?? '')).toBe('gpt-5')
  })

  test('knows a key however it is escaped, so that no second model slips through', () => {
    const text = '{"model":"cheap","mo\\u0064el":"dear"}'
    expect(scan([encoder.encode(text)])).toEqual({ kind: 'duplicate', key: 'model' })
  })

  test.each([
    ['{"model":"cheap","Model":"dear"}', 'model'],
    ['{"MODEL":"dear","model":"cheap"}', 'model'],
    ['{"model":"m","Stream":true}', 'stream'],
    ['{"model":"m","\u017ftream":true}', 'stream'],
    ['{"model":"m","\\u017Ftream":true}', 'stream'],
    ['{"model":"m","STREAM_OPT\u0131ON\u017f":{}}', 'stream_options'],
  ])('refuses a key that some vendors take for a wanted one: %s', (text, key) => {
    const bytes = encoder.encode(text)
    expect(scan([bytes])).toEqual({ kind: 'lookalike', key })
    expect(scan([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual({ kind: 'lookalike', key })
  })

  test('leaves other keys alone, whatever letters they have', () => {
    const text = '{"\uFEFFmodel":1,"modèl":2,"日本":3,"models":4,"x":{"Model":5},"model":"m"}'
    expect(valueOf(object(scan([encoder.encode(text)])), 'model')).toBe('m')
  })

  test('knows a key with a letter behind ASCII', () => {
    const state = new JsonScan(['größe'], LIMITS)
    state.push(encoder.encode('{"größe":7}'))
    expect(valueOf(object(state.finish()), 'größe')).toBe(7)
  })

  test('reads a vendor, who alone decides what its keys mean, without minding lookalikes', () => {
    const text = '{"Model":"x","model":"y"}'
    expect(valueOf(object(scan([encoder.encode(text)], { ...LIMITS, lookalikes: 'ignored' })), 'model')).toBe('y')
  })

  test('refuses a second stream flag, one byte at a time', () => {
    const bytes = encoder.encode('{"stream":true,"messages":[{"stream":1}],"stream":false}')
    expect(scan([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual({ kind: 'duplicate', key: 'stream' })
  })

  test('does not take a key inside a string, a list or a deeper object for its own', () => {
    const text = '{"a":"\\"model\\":\\"x\\"","b":{"model":"y"},"c":["model"],"model":"z"}'
    expect(valueOf(object(scan([encoder.encode(text)])), 'model')).toBe('z')
  })

  test.each([
    ['', 'not_object'],
    ['   ', 'not_object'],
    ['[1]', 'not_object'],
    ['"model"', 'not_object'],
    ['{', 'malformed'],
    ['{"model"', 'malformed'],
    ['{"model":}', 'malformed'],
    ['{"model":"x"', 'malformed'],
    ['{"model":"x",}', 'malformed'],
    ['{"model":"x"} {}', 'malformed'],
    ['{model:"x"}', 'malformed'],
    ['{"a":1}}', 'malformed'],
  ])('%j is refused as %s', (text, kind) => {
    expect(scan([encoder.encode(text)]).kind).toBe(kind)
  })

  test('counts depth and keys up to the limit and not beyond', () => {
    const nested = (depth: number) => encoder.encode(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`)
    expect(scan([nested(64)]).kind).toBe('object')
    expect(scan([nested(65)])).toEqual({ kind: 'too_deep' })
    const keyed = (keys: number) =>
      encoder.encode(`{"a":{${Array.from({ length: keys - 1 }, (_, index) => `"k${index}":0`).join(',')}}}`)
    const limits = { depthMax: 64, keysMax: 100 }
    expect(scan([keyed(100)], limits).kind).toBe('object')
    expect(scan([keyed(101)], limits)).toEqual({ kind: 'too_many_keys' })
  })

  test('counts the bytes of pictures and files apart, at any depth', () => {
    const url = `data:image/png;base64,${'A'.repeat(1_000)}`
    const text = JSON.stringify({
      model: 'm',
      messages: [{ content: [{ image_url: { url } }, { text: 'no data: here' }] }],
    })
    expect(object(scan([encoder.encode(text)])).dataUrlBytes).toBe(url.length + 2)
  })

  test('keeps no more than 16 KiB of a wanted value and says so', () => {
    const text = JSON.stringify({ model: 'x'.repeat(20_000) })
    const found = object(scan(cutAt(encoder.encode(text), [5_000, 5_000, 5_000]))).values.get('model')
    expect(found?.text).toBeUndefined()
  })
})

describe('a noted key', () => {
  const inside: NotedKeys = new Map([['most', { name: 'most', spelt: 'most' }]])
  const noted: NotedKeys = new Map([
    ['count', { name: 'count', spelt: 'count' }],
    ['kount', { name: 'count', spelt: 'kount' }],
    ['settings', { name: 'settings', spelt: 'settings', inside }],
  ])
  const notesOf = (text: string, lengths: readonly number[] = []) => {
    const state = new JsonScan({ wanted: WANTED, noted }, LIMITS)
    for (const chunk of cutAt(encoder.encode(text), lengths)) state.push(chunk)
    return object(state.finish()).noted
  }

  test('is noted each time that it stands there, with whether it is spelt so, and is never refused', () => {
    const text = '{"count":1,"x":{"count":2},"COUNT":"3","count":[4],"\u212Aount":5,"kount":null}'
    expect(notesOf(text)).toEqual([
      { name: 'count', exact: true, text: '1', inside: [] },
      { name: 'count', exact: false, text: '"3"', inside: [] },
      { name: 'count', exact: true, text: '[4]', inside: [] },
      { name: 'count', exact: false, text: '5', inside: [] },
      { name: 'count', exact: true, text: 'null', inside: [] },
    ])
  })

  test('with an inside is read there, however long it is and however it is cut', () => {
    const long = 'x'.repeat(40_000)
    const text = JSON.stringify({ settings: { a: long, most: 1, deeper: { most: 2 }, b: long, Most: 3 }, model: 'm' })
    const most = (exact: boolean, value: string) => ({ name: 'most', exact, text: value, inside: [] })
    const expected = [{ name: 'settings', exact: true, text: '', inside: [most(true, '1'), most(false, '3')] }]
    for (const lengths of [[], [5, 30_000, 10_050], [20_000, 20_022, 1, 1, 1, 1, 1, 1], [20, 60_000]]) {
      expect(notesOf(text, lengths)).toEqual(expected)
    }
  })

  test('costs no more memory for standing there often', () => {
    const notes = notesOf(`{${'"count":1,'.repeat(1_000)}${'"settings":{"most":1},'.repeat(1_000)}"count":2}`)
    expect(notes).toHaveLength(34)
    expect(notes.slice(32)).toEqual([
      { name: 'count', exact: true, text: undefined, inside: [] },
      { name: 'settings', exact: true, text: undefined, inside: [] },
    ])
  })
})

function scan(chunks: readonly Uint8Array[], limits: ScanLimits = LIMITS): ScanResult | ScanProblem {
  const state = new JsonScan(WANTED, limits)
  for (const chunk of chunks) state.push(chunk)
  return state.finish()
}

function object(result: ScanResult | ScanProblem): ScanResult {
  if (result.kind !== 'object') throw new Error(`refused: ${result.kind}`)
  return result
}

function valueOf(result: ScanResult, key: string): unknown {
  const text = result.values.get(key)?.text
  return text === undefined ? undefined : JSON.parse(text)
}

function cutAt(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let from = 0
  for (const length of lengths) {
    chunks.push(bytes.subarray(from, from + length))
    from += length
  }
  return [...chunks, bytes.subarray(from)]
}

/** Objects with our keys among others, and strings full of what could mislead a scan. */
function document() {
  const text = fc.oneof(fc.string(), fc.constantFrom('"model":"x"', '\\', '\\"', '}', '{"model":1}', '\u2028', '日本'))
  const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })
  return fc.record(
    {
      model: fc.oneof(text, value),
      messages: fc.array(fc.record({ role: text, content: text, model: text })),
      stream: fc.oneof(fc.boolean(), value),
      stream_options: fc.oneof(fc.record({ include_usage: fc.boolean() }), value),
      other: value,
    },
    { requiredKeys: [] },
  )
}

test('base64 without a data URL is a file too, and long text is none', () => {
  const file = 'iVBORw0KGgo/+'.repeat(500)
  const words = 'some words that go on and on '.repeat(500)
  const body = {
    messages: [
      { source: { data: file } },
      { text: words },
      { text: '関所'.repeat(500) },
      { url: `https://${'a'.repeat(200)}` },
    ],
  }
  expect(object(scan([encoder.encode(JSON.stringify(body))])).dataUrlBytes).toBe(file.length + 2)
})
