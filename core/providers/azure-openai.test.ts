import { expect, test } from 'vitest'
import { azureOpenai } from './azure-openai.ts'

test.each([
  [{}, '/openai/v1/chat/completions'],
  [{ apiVersion: 'preview' }, '/openai/v1/chat/completions?api-version=preview'],
  [{ pathStyle: 'v1' as const, apiVersion: 'a&b' }, '/openai/v1/chat/completions?api-version=a%26b'],
  [
    { pathStyle: 'deployments' as const, apiVersion: '2024-10-21' },
    '/openai/deployments/gpt%2F4/chat/completions?api-version=2024-10-21',
  ],
])('options %j call %s', (options, path) => {
  expect(azureOpenai.path?.('chat', 'gpt/4', options)).toBe(path)
})

test('the credential goes into the header api-key', () => {
  expect(azureOpenai.auth?.('k')).toEqual(['api-key', 'k'])
})
