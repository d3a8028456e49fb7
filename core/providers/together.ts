import type { ProviderKind } from '../provider.ts'

/** Together AI. Source: docs.together.ai, "OpenAI compatibility" (base URL, endpoint matrix). */
export const together: ProviderKind = {
  id: 'together',
  label: 'Together AI',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://api.together.ai/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'TOGETHER_API_KEY' },
}
