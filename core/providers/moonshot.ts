import type { ProviderKind } from '../provider.ts'

/** Moonshot AI (Kimi), international address. Source: platform.kimi.ai/docs, "API overview" (base URL) and "Errors" (quota code). */
export const moonshot: ProviderKind = {
  id: 'moonshot',
  label: 'Moonshot AI',
  wires: ['openai-chat'],
  operations: ['chat'],
  baseUrl: 'https://api.moonshot.ai/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: { credential: 'MOONSHOT_API_KEY' },
  spendLimitCodes: ['exceeded_current_quota_error'],
}
