import { describe, expect, test } from 'vitest'
import { endpointOf, isDataPath, wireOfPath } from './endpoints.ts'

const short = (url: string) => {
  const endpoint = endpointOf(url)
  return endpoint && [endpoint.operation, endpoint.form, endpoint.asked?.model, endpoint.asked?.stream]
}

describe('a path of the data plane', () => {
  test.each([
    ['/v1/chat/completions', ['chat', 'openai-chat', undefined, undefined]],
    ['/openai/v1/chat/completions?x=1', ['chat', 'openai-chat', undefined, undefined]],
    ['/v1/completions', ['completions', 'openai-completions', undefined, undefined]],
    ['/openai/v1/embeddings', ['embeddings', 'openai-chat', undefined, undefined]],
    ['/v1/responses', ['chat', 'openai-responses', undefined, undefined]],
    ['/v1/responses/input_tokens', ['count_tokens', 'openai-responses', undefined, undefined]],
    ['/v1/messages?beta=true', ['chat', 'anthropic', undefined, undefined]],
    ['/anthropic/v1/messages', ['chat', 'anthropic', undefined, undefined]],
    ['/anthropic/v1/messages/count_tokens', ['count_tokens', 'anthropic', undefined, undefined]],
    ['/v1beta/models/gemini-x:generateContent', ['chat', 'gemini', 'gemini-x', false]],
    ['/gemini/v1beta/models/gemini-x:streamGenerateContent?alt=sse', ['chat', 'gemini', 'gemini-x', true]],
    ['/gemini/v1beta/models/gemini-x:streamGenerateContent?key=a&alt=sse', ['chat', 'gemini', 'gemini-x', true]],
    ['/gemini/v1beta/models/gemini-x:streamGenerateContent', ['chat', 'gemini-list', 'gemini-x', true]],
    ['/v1beta/models/claude/opus%205:countTokens', ['count_tokens', 'gemini', 'claude/opus 5', false]],
    ['/v1beta/models/llama3:8b:generateContent', ['chat', 'gemini', 'llama3:8b', false]],
    ['/v1/models/gemini-x:generateContent', ['chat', 'gemini', 'gemini-x', false]],
    ['/v1beta/models/e:embedContent', ['embeddings', 'gemini', 'e', false]],
  ])('%s is %j', (url, expected) => {
    expect(short(url)).toEqual(expected)
  })

  test('embeds one text or several, by its method', () => {
    expect(endpointOf('/v1beta/models/e:embedContent')?.batch).toBe(false)
    expect(endpointOf('/v1beta/models/e:batchEmbedContents')?.batch).toBe(true)
  })

  test.each([
    '/v1/chat',
    '/v1/models',
    '/v1/models/x:constructor',
    '/v1/models/x:toString',
    '/v1beta/models/:generateContent',
    '/v2/models/x:generateContent',
    '/v1/models/%zz:unknown',
    '/',
  ])('%s is none', (url) => {
    expect(endpointOf(url)).toBeUndefined()
  })

  test('with a broken percent sign is the model of that very name', () => {
    expect(short('/v1beta/models/a%zz:generateContent')?.[2]).toBe('a%zz')
  })
})

test('errors take the form of whose path it is, before anything else is known', () => {
  expect(wireOfPath('/anthropic/v1/nothing')).toBe('anthropic')
  expect(wireOfPath('/v1/messages')).toBe('anthropic')
  expect(wireOfPath('/v1/messages/batches')).toBe('anthropic')
  expect(wireOfPath('/v1beta/models/x:nothing')).toBe('gemini')
  expect(wireOfPath('/v1/models/x:nothing')).toBe('gemini')
  expect(wireOfPath('/v1/nothing')).toBe('openai-chat')
})

test('whatever stands under the prefixes of vendors is the data plane, and nothing else is', () => {
  for (const path of ['/v1/x', '/v1beta/x', '/openai/v1/x', '/anthropic', '/gemini/v1beta/x'])
    expect(isDataPath(path)).toBe(true)
  for (const path of ['/', '/api/keys', '/metrics', '/login']) expect(isDataPath(path)).toBe(false)
})
