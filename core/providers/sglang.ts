import type { ProviderKind } from '../provider.ts'

/** An own SGLang node. Source: docs.sglang.ai, "OpenAI APIs" (endpoints, port 30000). */
export const sglang: ProviderKind = {
  id: 'sglang',
  label: 'SGLang',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'http://127.0.0.1:30000/v1',
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
}
