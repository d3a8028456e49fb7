import type { ProviderKind } from '../provider.ts'

/**
 * Anthropic, by its own wire. Source: platform.claude.com/docs, "API overview" and "Versioning". The older version is sent where the
 * client says none, because only it takes sampling parameters, which older models still have.
 */
export const anthropic: ProviderKind = {
  id: 'anthropic',
  label: 'Anthropic',
  wires: ['anthropic'],
  operations: ['chat', 'count_tokens'],
  baseUrl: 'https://api.anthropic.com/v1',
  auth: (credential) => ['x-api-key', credential],
  headers: { anthropic: [['anthropic-version', '2023-06-01']] },
  credentialRequired: true,
  stream: { usage: 'always', done: false },
  usage: 'openai',
  environment: { credential: 'ANTHROPIC_API_KEY' },
  spendLimitCodes: ['billing_error', 'enforced_spend_limit_reached', 'contract_spend_limit_reached'],
}
