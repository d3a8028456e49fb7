import { expect, test } from 'vitest'
import { azureOpenai } from './azure-openai.ts'

const CHAT = { operation: 'chat', model: 'gpt/4', stream: false, batch: false } as const

test.each([
  [{}, '/openai/v1/chat/completions'],
  [{ apiVersion: 'preview' }, '/openai/v1/chat/completions?api-version=preview'],
  [{ pathStyle: 'v1' as const, apiVersion: 'a&b' }, '/openai/v1/chat/completions?api-version=a%26b'],
  [
    { pathStyle: 'deployments' as const, apiVersion: '2024-10-21' },
    '/openai/deployments/gpt%2F4/chat/completions?api-version=2024-10-21',
  ],
])('options %j call %s', (options, path) => {
  expect(azureOpenai.path?.({ ...CHAT, wire: 'openai-chat' }, options)).toBe(path)
})

test('the responses endpoint has the model in the body, so it has no deployments path', () => {
  expect(azureOpenai.path?.({ ...CHAT, wire: 'openai-responses' }, { pathStyle: 'deployments', apiVersion: 'v' })).toBe(
    '/openai/v1/responses?api-version=v',
  )
})

test('the credential goes into the header api-key', () => {
  expect(azureOpenai.auth?.('k')).toEqual(['api-key', 'k'])
})
