import type { ProviderKind } from '../provider.ts'

/**
 * DeepSeek. Source: api-docs.deepseek.com, "Your first API call" (base URL), "Create chat completion" (`stream_options`,
 * `[DONE]`, cache hits in usage) and "Error codes" (insufficient balance is the status 402). No embeddings; completions only as beta.
 */
export const deepseek: ProviderKind = {
  id: 'deepseek',
  label: 'DeepSeek',
  wire: 'openai',
  operations: ['chat'],
  baseUrl: 'https://api.deepseek.com/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'DEEPSEEK_API_KEY' },
}
