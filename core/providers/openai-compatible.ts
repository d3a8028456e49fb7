import type { ProviderKind } from '../provider.ts'

/** Anything that speaks OpenAI's wire: the operator says where it is. Nothing is known of it, so `[DONE]` is not insisted on. */
export const openaiCompatible: ProviderKind = {
  id: 'openai-compatible',
  label: 'OpenAI-compatible',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: null,
  credentialRequired: false,
  stream: { usage: 'asked', done: false },
  usage: 'openai',
  environment: {},
  spendLimitCodes: ['insufficient_quota'],
}
