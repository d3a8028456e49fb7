import type { ProviderKind } from '../provider.ts'

/**
 * Mistral AI. Source: docs.mistral.ai/api. Usage stands in the last chunk unasked; `stream_options` is answered with 422
 * (avante.nvim issue 2347, openai-agents-python issue 442).
 */
export const mistral: ProviderKind = {
  id: 'mistral',
  label: 'Mistral AI',
  wire: 'openai',
  operations: ['chat', 'embeddings'],
  baseUrl: 'https://api.mistral.ai/v1',
  credentialRequired: true,
  stream: { usage: 'always', done: true },
  usage: 'openai',
  environment: { credential: 'MISTRAL_API_KEY' },
}
