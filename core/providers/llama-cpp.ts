import type { ProviderKind } from '../provider.ts'

/** An own llama.cpp node. Source: ggml-org/llama.cpp, tools/server/README.md (endpoints, port 8080, `--api-key`). */
export const llamaCpp: ProviderKind = {
  id: 'llama-cpp',
  label: 'llama.cpp',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'http://127.0.0.1:8080/v1',
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
}
