import type { ProviderKind } from '../provider.ts'

/**
 * Mistral AI. Source: docs.mistral.ai/api. Usage stands in the last chunk unasked; `stream_options` is answered with 422
 * (avante.nvim issue 2347, openai-agents-python issue 442). A call's id has exactly nine letters and digits.
 */
export const mistral: ProviderKind = {
  id: 'mistral',
  label: 'Mistral AI',
  wires: ['openai-chat'],
  operations: ['chat', 'embeddings'],
  baseUrl: 'https://api.mistral.ai/v1',
  credentialRequired: true,
  stream: { usage: 'always', done: true },
  usage: 'openai',
  dialect: { callId: { pattern: /^[a-zA-Z0-9]+$/, lengthMax: 9, exact: true } },
  environment: { credential: 'MISTRAL_API_KEY' },
}
