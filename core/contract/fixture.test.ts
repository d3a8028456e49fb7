import { describe, expect, test } from 'vitest'
import { readFixture } from './fixture.ts'
import { shapeOf } from './fixture-shape.ts'

const file = (sections: string, settings = ''): string =>
  `A case proves\nsomething.\n\nclient: anthropic\nvendor: gemini\n${settings}\n${sections}`

describe('the text of a case', () => {
  test('gives its headline in one line, its wires, and what stands in it', () => {
    const fixture = readFixture(file('--- client request\n{"a": 1}\n--- losses\ntopK dropped\nseed dropped\n'))
    expect(fixture).toMatchObject({ headline: 'A case proves something.', client: 'anthropic', vendor: 'gemini' })
    expect(fixture.sections).toEqual({
      clientRequest: { a: 1 },
      losses: ['topK dropped', 'seed dropped'],
      replyLosses: [],
    })
  })

  test('may say how the vendor differs, and means the usual one where it does not', () => {
    const settings =
      'model: m\noutputTokensMax: null\ndialect: {"callId": {"pattern": "^[a-z]+$", "lengthMax": 9}}\nstream: true\n'
    const { settings: said } = readFixture(file('', settings))
    expect(said).toMatchObject({ model: 'm', outputTokensMax: null, stream: true, usageAsked: true, flavour: 'openai' })
    expect(said.dialect.callId?.pattern.test('abc')).toBe(true)
  })

  test('holds errors with their status, and streams as they are framed, by any line end', () => {
    const text = file('--- vendor error\n429\n{"error": {}}\n--- vendor stream\nevent: a\ndata: 1\n').replaceAll(
      '\n',
      '\r\n',
    )
    expect(readFixture(text).sections).toMatchObject({
      vendorError: { status: 429, body: { error: {} } },
      vendorStream: 'event: a\ndata: 1',
    })
  })

  test.each([
    ['a section that nobody knows', file('--- vendor answer\n{}'), "no section is called 'vendor answer'"],
    ['a body that is no JSON', file('--- client reply\n{"a": }'), "'client reply' is no JSON"],
    ['a body that is no object', file('--- client reply\n[]'), "'client reply' is no JSON object"],
    ['an error without a status', file('--- client error\n{"error": {}}'), "'client error' begins with its status"],
    ['a setting that nobody knows', file('', 'modell: x\n'), "'modell: x' is no setting"],
    ['a setting that is no JSON', file('', 'dialect: {x}\n'), "the setting 'dialect' is no JSON"],
    ['a wire that nobody knows', 'A case.\n\nclient: smoke\nvendor: gemini\n', "'client: ' must be one of"],
  ])('is refused with a word about what is wrong with it: %s', (_, text, message) => {
    expect(() => readFixture(text)).toThrow(message)
  })
})

describe('the shape of a case', () => {
  const shape = (body: string): string => shapeOf(readFixture(file(`--- vendor reply\n${body}`)))
  const stream = (data: readonly string[]): string =>
    shapeOf(readFixture(file(`--- vendor stream\n${data.map((line) => `data: ${line}`).join('\n\n')}`)))

  test.each([
    ['words', '{"text": "Hello"}', '{"text": "Goodbye, friend"}'],
    ['names and ids', '{"id": "a1", "name": "x"}', '{"id": "b2", "name": "y"}'],
    ['counts', '{"input_tokens": 5, "totalTokenCount": 9}', '{"input_tokens": 7, "totalTokenCount": 8}'],
  ])('is the same where only %s differ', (_, one, other) => {
    expect(shape(one)).toBe(shape(other))
  })

  test.each([
    ['a text that is blank', '{"text": "Hello"}', '{"text": " "}'],
    ['a text that is empty', '{"text": "Hello"}', '{"text": ""}'],
    ['arguments that were cut', '{"arguments": "{}"}', '{"arguments": "{"}'],
    ['another type', '{"type": "text"}', '{"type": "image"}'],
    ['a field more', '{"text": "a"}', '{"text": "a", "index": 0}'],
    ['a list of two', '{"parts": [{}]}', '{"parts": [{}, {}]}'],
    ['a setting', '{"temperature": 1}', '{"temperature": 1.5}'],
    ['something that was counted, and nothing', '{"cached_tokens": 4}', '{"cached_tokens": 0}'],
  ])('tells apart: %s', (_, one, other) => {
    expect(shape(one)).not.toBe(shape(other))
  })

  test('takes any number of pieces of the same kind for one', () => {
    expect(stream(['{"delta":"a"}', '{"delta":"b"}', '{"delta":"c"}'])).toBe(stream(['{"delta":"x"}']))
    expect(stream(['{"delta":"a"}', '{"stop":1}'])).not.toBe(stream(['{"delta":"a"}']))
  })
})
