import type { ProviderKind } from '../provider.ts'

/**
 * DeepSeek. Source: api-docs.deepseek.com, "Your first API call" (base URL), "Create chat completion" (`stream_options`,
 * `[DONE]`, cache hits in usage) and "Error codes" (insufficient balance is the status 402). No embeddings; completions only as beta.
 * Earlier reasoning must be sent back while tools are called, and only then ("Thinking mode").
 */
export const deepseek: ProviderKind = {
  id: 'deepseek',
  label: 'DeepSeek',
  wires: ['openai-chat'],
  operations: ['chat'],
  baseUrl: 'https://api.deepseek.com/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  dialect: { reasoningField: { name: 'reasoning_content', when: 'tool-loop' } },
  environment: { credential: 'DEEPSEEK_API_KEY' },
}
