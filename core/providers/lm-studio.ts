import type { ProviderKind } from '../provider.ts'

/** An own LM Studio node. Source: lmstudio.ai/docs, "OpenAI compatibility endpoints" (port 1234). */
export const lmStudio: ProviderKind = {
  id: 'lm-studio',
  label: 'LM Studio',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'http://127.0.0.1:1234/v1',
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
}
