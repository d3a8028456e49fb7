import type { ProviderKind } from '../provider.ts'

/** Fireworks AI. Source: docs.fireworks.ai, "OpenAI compatibility" (base URL; usage comes unasked in the chunk that ends the stream). */
export const fireworks: ProviderKind = {
  id: 'fireworks',
  label: 'Fireworks AI',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  credentialRequired: true,
  stream: { usage: 'always', done: true },
  usage: 'openai',
  environment: { credential: 'FIREWORKS_API_KEY' },
}
