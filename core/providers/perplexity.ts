import type { ProviderKind } from '../provider.ts'

/**
 * Perplexity (Sonar). Source: docs.perplexity.ai, "OpenAI compatibility" (base URL without a version). Every chunk carries a
 * running usage unasked, and the stream ends without `[DONE]` (perplexityai/api-discussion issue 209).
 */
export const perplexity: ProviderKind = {
  id: 'perplexity',
  label: 'Perplexity',
  wires: ['openai-chat'],
  operations: ['chat'],
  baseUrl: 'https://api.perplexity.ai',
  credentialRequired: true,
  stream: { usage: 'always', done: false },
  usage: 'openai',
  environment: { credential: 'PERPLEXITY_API_KEY' },
}
