import type { ProviderKind } from '../provider.ts'

/** HolySheep AI. Source: its own pages give only the base URL and say that it is compatible, so nothing more is assumed of it. */
export const holysheep: ProviderKind = {
  id: 'holysheep',
  label: 'HolySheep AI',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: 'https://api.holysheep.ai/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: false },
  usage: 'openai',
  environment: { credential: 'HOLYSHEEP_API_KEY' },
  spendLimitCodes: ['insufficient_quota'],
}
