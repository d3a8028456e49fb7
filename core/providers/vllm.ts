import type { ProviderKind } from '../provider.ts'

/** An own vLLM node. Source: docs.vllm.ai, "OpenAI-compatible server" (endpoints, port 8000). */
export const vllm: ProviderKind = {
  id: 'vllm',
  label: 'vLLM',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'http://127.0.0.1:8000/v1',
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
}
