import { describe, expect, test } from 'vitest'
import type { WireId } from '../chat.ts'
import { JsonScan } from '../json-scan.ts'
import { askingOf } from './asking.ts'

const encoder = new TextEncoder()

/** What the scan of a body says to the wire, as the hop asks it. */
function read(wire: WireId, text: string) {
  const scan = new JsonScan(askingOf[wire].keys, { depthMax: 64, keysMax: 1_000 })
  scan.push(encoder.encode(text))
  const result = scan.finish()
  if (result.kind !== 'object') throw new Error(result.kind)
  return askingOf[wire].read(result, { model: 'm', stream: false })
}

const BLANKS = ' '.repeat(20_000)

describe('state at the vendor', () => {
  const withField = (field: string) => `{"model":"m","input":"Hi",${field}}`

  test('is seen, and where it would be shared, refused', () => {
    expect(read('openai-responses', withField('"previous_response_id":"resp_1"'))).toMatchObject({
      previousResponseId: 'resp_1',
    })
    expect(() => read('openai-responses', withField('"conversation":{"id":"conv_1"}'))).toThrow(
      expect.objectContaining({ code: 'bad_request', field: 'conversation' }),
    )
  })

  test('that is `null` asks for nothing', () => {
    const fields = read('openai-responses', withField('"conversation":null,"previous_response_id":null,"store":null'))
    expect(fields).not.toHaveProperty('previousResponseId')
    expect(fields).not.toHaveProperty('store')
  })

  test.each([
    ['conversation', `{"id":"conv_1"${BLANKS}}`],
    ['previous_response_id', `"${'r'.repeat(20_000)}"`],
    ['store', `{${BLANKS}}`],
    ['conversation', 'conv_1'],
    ['previous_response_id', "'resp_1'"],
  ])('does not pass unread: %s', (field, value) => {
    expect(() => read('openai-responses', withField(`"${field}":${value}`))).toThrow(
      expect.objectContaining({ code: 'bad_request', field }),
    )
  })
})
