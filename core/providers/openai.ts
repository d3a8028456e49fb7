import type { ProviderKind } from '../provider.ts'

/** OpenAI. Source: API reference (chat, completions, embeddings), and the guide on error codes for the codes that mean no money. */
export const openai: ProviderKind = {
  id: 'openai',
  label: 'OpenAI',
  wires: ['openai-chat', 'openai-responses'],
  operations: ['chat', 'completions', 'embeddings', 'count_tokens'],
  baseUrl: 'https://api.openai.com/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  dialect: { systemRole: 'developer', outputLimitField: 'max_completion_tokens', laterSystem: true },
  environment: { credential: 'OPENAI_API_KEY' },
  spendLimitCodes: [
    'insufficient_quota',
    'billing_hard_limit_reached',
    'credit_balance_exhausted',
    'organization_spend_limit_exceeded',
    'project_spend_limit_exceeded',
  ],
}
