import type { ProviderKind } from '../provider.ts'

/** Anthropic, by its own wire, which this version does not speak yet: it is announced at start and refused as a target. Source: platform.claude.com/docs, "API overview". */
export const anthropic: ProviderKind = {
  id: 'anthropic',
  label: 'Anthropic',
  wire: 'anthropic',
  operations: ['chat'],
  baseUrl: 'https://api.anthropic.com/v1',
  auth: (credential) => ['x-api-key', credential],
  credentialRequired: true,
  stream: { usage: 'always', done: false },
  usage: 'openai',
  environment: { credential: 'ANTHROPIC_API_KEY' },
  spendLimitCodes: ['billing_error', 'enforced_spend_limit_reached'],
}
