import type { ProviderKind } from '../provider.ts'

/** Cerebras Inference. Source: inference-docs.cerebras.ai, "OpenAI compatibility" (base URL) and "API reference" (chat and text completions). */
export const cerebras: ProviderKind = {
  id: 'cerebras',
  label: 'Cerebras',
  wires: ['openai-chat'],
  operations: ['chat', 'completions'],
  baseUrl: 'https://api.cerebras.ai/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'CEREBRAS_API_KEY' },
}
