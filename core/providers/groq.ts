import type { ProviderKind } from '../provider.ts'

/**
 * Groq. Source: console.groq.com/docs/openai (base URL, fields that are refused). Usage comes unasked, in `x_groq.usage` of
 * the last chunk (vercel/ai issue 1651); the account's own limit is a 400 (console.groq.com/docs/spend-limits).
 */
export const groq: ProviderKind = {
  id: 'groq',
  label: 'Groq',
  wires: ['openai-chat'],
  operations: ['chat'],
  baseUrl: 'https://api.groq.com/openai/v1',
  credentialRequired: true,
  stream: { usage: 'always', done: true },
  usage: 'openai',
  environment: { credential: 'GROQ_API_KEY' },
  spendLimitCodes: ['blocked_api_access'],
}
