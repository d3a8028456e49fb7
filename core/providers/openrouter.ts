import type { ProviderKind } from '../provider.ts'

/**
 * OpenRouter. Source: openrouter.ai/docs, "API reference" (base URL, every reply carries usage, `[DONE]`) and "Errors"
 * (402 for missing credits: the status says it, there is no code of its own).
 */
export const openrouter: ProviderKind = {
  id: 'openrouter',
  label: 'OpenRouter',
  wire: 'openai',
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://openrouter.ai/api/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'OPENROUTER_API_KEY' },
}
