import type { ProviderKind } from '../provider.ts'

/**
 * OpenRouter. Source: openrouter.ai/docs, "API reference" (base URL, `[DONE]`), "Usage accounting" (the last event carries
 * usage; `stream_options` has no effect) and "Errors" (402 for missing credits: the status says it, there is no code for it).
 */
export const openrouter: ProviderKind = {
  id: 'openrouter',
  label: 'OpenRouter',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://openrouter.ai/api/v1',
  credentialRequired: true,
  stream: { usage: 'always', done: true },
  usage: 'openai',
  dialect: { reasoningField: { name: 'reasoning_details', when: 'always' } },
  environment: { credential: 'OPENROUTER_API_KEY' },
}
