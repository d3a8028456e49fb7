import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asObject, type JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { bodyOf, errorOf, hearStream } from './kit/hear.ts'
import { heard } from './kit/heard.ts'
import { candidate, unnamed } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { type Asked, sent, stream, whole } from './kit/trip.ts'

const USAGE = { usageMetadata: { promptTokenCount: 5, totalTokenCount: 5 } }
const BLOCKED: JsonObject = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, modelVersion: 'm-1', ...USAGE }

/** The client's word for an answer that the vendor held back. */
const FILTERED: { readonly [client in Exclude<WireId, 'gemini'>]: string } = {
  'openai-chat': 'content_filter',
  'openai-responses': 'incomplete/content_filter',
  anthropic: 'refusal',
}

describe.each(['openai-chat', 'openai-responses', 'anthropic'] as const)('%s', (client) => {
  const asked: Asked = { client, vendor: 'gemini', body: asks(client) }
  const streamed = { ...asked, stream: true }

  test('a blocked prompt is a refusal, never an empty success', () => {
    const got = [
      ['whole', heard(client, bodyOf(whole(sent(asked), BLOCKED)))],
      ['streamed', heard(client, strictStream(client, stream(sent(streamed), unnamed(BLOCKED)).text).reply)],
    ] as const
    for (const [way, { stop, text }] of got) {
      expect(text, way).toBe('')
      expect(stop.replace(/\/.*/, ''), way).toBe(client === 'openai-responses' ? 'failed' : FILTERED[client])
    }
  })

  test.each([
    'SAFETY',
    'BLOCKLIST',
    'PROHIBITED_CONTENT',
    'SPII',
    'MODEL_ARMOR',
    'IMAGE_SAFETY',
    'RECITATION',
    'LANGUAGE',
  ])('a candidate without content that ended with %s is one too', (finishReason) => {
    const empty = { candidates: [{ index: 0, finishReason }], modelVersion: 'm-1', ...USAGE }
    expect(heard(client, bodyOf(whole(sent(asked), empty))).stop).toBe(FILTERED[client])
    expect(hearStream(sent(streamed), unnamed(empty)).stop).toBe(FILTERED[client])
  })

  test('a filter that cuts in later keeps what was said', () => {
    const events = unnamed(candidate([{ text: 'It ' }]), candidate([{ text: 'is' }], { finishReason: 'SAFETY' }))
    const { text, stop } = hearStream(sent(streamed), events)
    expect([text, stop]).toEqual(['It is', FILTERED[client]])
  })

  test.each([
    ['nothing at all', {}],
    ['no candidate and no reason', { ...USAGE }],
    ['an empty list', { candidates: [], ...USAGE }],
    ['a candidate without content and without an end', { candidates: [{ index: 0 }], ...USAGE }],
  ] as const)('%s is no reply but an error', (_, reply) => {
    expect(errorOf(whole(sent(asked), reply))).toHaveProperty('error')
    const got = stream(sent(streamed), unnamed(reply))
    expect(got.status).toBe(502)
    expect(asObject(errorOf(got)['error'])).toBeDefined()
  })
})

test('the vendor says in its own words why, where the client has a place for it', () => {
  const to = sent({ client: 'openai-chat', vendor: 'gemini', body: asks('openai-chat') })
  expect(JSON.stringify(bodyOf(whole(to, BLOCKED)))).toContain('PROHIBITED_CONTENT')
})
