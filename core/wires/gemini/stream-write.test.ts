import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import { PNG } from '../../contract/chat-parts.ts'
import { meaning } from '../../contract/meaning.ts'
import { call, reply, replyCases, textBlock } from '../../contract/replies.ts'
import { cut, readChunks, readStream, writtenStream } from '../../contract/streams.ts'
import { READ_REPLY, WRITE_REPLY } from '../../contract/wire.ts'
import { Fault } from '../../fault.ts'
import type { JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { gemini } from './index.ts'
import { listStream } from './list-stream.ts'
import { streamWriter } from './stream-write.ts'

const written = (parts: readonly Part[]) => writtenStream(gemini, parts)
const chunks = (parts: readonly Part[]): readonly JsonObject[] =>
  written(parts)
    .split('\r\n\r\n')
    .filter((frame) => frame !== '')
    .map((frame) => JSON.parse(frame.slice('data: '.length)))
const said = (parts: readonly Part[]) =>
  chunks(parts).flatMap((chunk) =>
    (chunk['candidates'] as unknown as readonly { content: { parts: readonly JsonObject[] } }[]).flatMap(
      ({ content }) => content.parts,
    ),
  )
const encoder = new TextEncoder()

describe('a stream', () => {
  test('is events without a name, with CRLF, and without a terminal', () => {
    const text = written(reply([textBlock('Hi')]))
    expect(text).toMatch(/^(?:data: \{.*\}\r\n\r\n)+$/)
    expect(text).not.toContain('[DONE]')
  })

  test('names the reply in each event, and counts and ends in the last one', () => {
    const all = chunks(reply([textBlock('Hi')]))
    for (const chunk of all) expect(chunk).toMatchObject({ modelVersion: 'served-model', responseId: 'reply-1' })
    expect(all.map((chunk) => 'usageMetadata' in chunk)).toEqual([false, true])
    expect(all.at(-1)).toMatchObject({
      candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 }],
    })
  })

  test('gives texts as they come', () => {
    const writer = streamWriter(WRITE_REPLY)
    writer.push({ kind: 'start', id: 'r', model: 'm' })
    writer.push({ kind: 'open', choice: 0, block: 0, content: { kind: 'text' } })
    expect(writer.push({ kind: 'delta', choice: 0, block: 0, text: 'Hel' })).toContain('"text":"Hel"')
    expect(writer.push({ kind: 'delta', choice: 0, block: 0, text: 'lo' })).toContain('"text":"lo"')
  })

  test('gives a thought’s signature with its last piece, never alone behind it', () => {
    const at = { choice: 0, block: 0 } as const
    const proof = { wire: 'gemini', account: null, data: 'c2ln' } as const
    const parts: readonly Part[] = [
      { kind: 'start', id: 'r', model: 'm' },
      { kind: 'open', ...at, content: { kind: 'reasoning' } },
      { kind: 'delta', ...at, text: 'Hm, ' },
      { kind: 'delta', ...at, text: 'well' },
      { kind: 'prove', ...at, proof },
      { kind: 'close', ...at },
    ]
    expect(said(parts)).toEqual([
      { text: 'Hm, ', thought: true },
      { text: 'well', thought: true, thoughtSignature: 'c2ln' },
    ])
  })

  test('gives each call whole, in the order in which they began (traps 1 and 2)', () => {
    const interleaved = replyCases('openai-chat').find(({ name }) => name === 'parallel calls that come interleaved')
    const calls = said(interleaved?.parts ?? []).filter((part) => 'functionCall' in part)
    expect(calls.map(({ functionCall }) => functionCall)).toEqual([
      { id: 'call_0', name: 'get_weather', args: { city: 'Oslo' } },
      { id: 'call_1', name: 'get_time', args: { city: 'Rome' } },
      { id: 'call_2', name: 'get_time', args: { city: '東京' } },
    ])
  })

  test('gives a call without arguments an empty object (trap 25)', () => {
    const [part] = said(reply([{ ...call(0), text: '' }], 'calls'))
    expect(part?.['functionCall']).toEqual({ id: 'call_0', name: 'get_weather', args: {} })
  })

  test('marks the calls that their vendor did not sign, and leaves those of its own vendor as they are (trap 8)', () => {
    const called = reply([call(0)], 'calls')
    const UNSIGNED = btoa('sekisho-proof-1.openai-chat..')
    expect(said(called)[0]).toMatchObject({ functionCall: {}, thoughtSignature: UNSIGNED })
    expect(said(called).filter(({ thoughtSignature }) => thoughtSignature !== undefined)).toHaveLength(1)
    const own = { wire: 'gemini', fields: {}, spelt: ['gemini'] } as const
    const atHome = called.map((part) => (part.kind === 'start' ? { ...part, own } : part))
    expect(said(atHome)[0]).not.toHaveProperty('thoughtSignature')
  })

  test('gives no id that was made here', () => {
    const made = { ...call(0), content: { kind: 'call', id: 'call_made_x_0', name: 'f', input: 'function' } } as const
    const [part] = said(reply([made], 'calls'))
    expect(part?.['functionCall']).toEqual({ name: 'f', args: { city: 'Oslo' } })
  })

  test('gives pictures in one part', () => {
    const picture = {
      content: { kind: 'media', mediaType: 'image/png', base64: PNG },
      text: '',
      citations: [],
    } as const
    expect(said(reply([picture]))[0]).toEqual({ inlineData: { mimeType: 'image/png', data: PNG } })
  })

  test('keeps candidates apart', () => {
    const several = replyCases('openai-chat').find(({ name }) => name === 'several choices')
    const { choices } = collect(readStream(gemini, written(several?.parts ?? [])))
    expect(choices.map(({ blocks }) => blocks.map(({ text }) => text).join(''))).toEqual(['red', 'green', 'blue'])
  })

  test('of a refused prompt has no candidates (trap 26)', () => {
    expect(chunks(reply([], 'blocked'))).toMatchObject([{ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }])
  })

  test('that nobody finished does not end', () => {
    const parts = reply([textBlock('Hi')]).filter(({ kind }) => kind !== 'finish')
    expect(written(parts)).not.toContain('finishReason')
  })

  test('of the wire itself keeps what only it knows', () => {
    const body = {
      candidates: [
        {
          content: { parts: [{ text: 'Hi' }], role: 'model' },
          finishReason: 'BRAND_NEW',
          index: 0,
          groundingMetadata: { a: 1 },
        },
      ],
      usageMetadata: { promptTokenCount: 1, brandNew: 2 },
      modelVersion: 'm',
      responseId: 'r',
      createTime: '2026-01-01T00:00:00Z',
    }
    const parts = gemini.reply.read(body, READ_REPLY)
    const back = readStream(gemini, written(parts))
    expect(gemini.reply.write(back, WRITE_REPLY).body).toEqual(body)
  })

  test('means the same however its bytes are cut, in letters too (traps 34 and 35)', () => {
    const text = written(reply([textBlock('日本 🎈 "é"'), call(2)], 'calls'))
    const expected = meaning(readStream(gemini, text))
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 400 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        (sizes, newline) => {
          const bytes = encoder.encode(text.replaceAll('\r\n', newline))
          expect(meaning(readChunks(gemini, cut(bytes, sizes)))).toEqual(expected)
        },
      ),
    )
  })
})

describe('an error inside of a stream', () => {
  test('stands bare behind the events, as the official SDK looks for it, and is read again', () => {
    const writer = streamWriter(WRITE_REPLY)
    const begun = reply([textBlock('Hi')])
      .slice(0, 3)
      .map((part) => writer.push(part))
      .join('')
    const error = writer.fault(new Fault('overloaded', 'No capacity'))
    expect(JSON.parse(error)).toMatchObject({ error: { code: 503, status: 'UNAVAILABLE', message: 'No capacity' } })
    expect(readStream(gemini, begun + error).at(-1)).toMatchObject({ kind: 'fault', fault: { code: 'overloaded' } })
  })

  test('the line is kept open by a comment (trap 36)', () => {
    expect(streamWriter(WRITE_REPLY).keepAlive).toMatch(/^:.*\r\n\r\n$/)
  })
})

describe('the streamed list', () => {
  const list = () => listStream(streamWriter(WRITE_REPLY))

  test('is one JSON list of the same objects', () => {
    const parts = reply([textBlock('a\r\n\r\nb'), call(0)], 'calls')
    const writer = list()
    const text = parts.map((part) => writer.push(part)).join(writer.keepAlive)
    expect(JSON.parse(text)).toEqual(chunks(parts))
  })

  test('of nothing is an empty list', () => {
    expect(JSON.parse(list().push({ kind: 'finish' }))).toHaveLength(1)
  })

  test('that breaks off ends with the error', () => {
    const writer = list()
    const begun = reply([textBlock('a')])
      .slice(0, 3)
      .map((part) => writer.push(part))
      .join('')
    const all: unknown = JSON.parse(begun + writer.fault(new Fault('upstream_error', 'x')))
    expect(all).toMatchObject([{ candidates: [{}] }, { error: { code: 502 } }])
    expect(JSON.parse(list().fault(new Fault('upstream_error', 'x')))).toMatchObject([{ error: {} }])
  })
})
