import type { ProviderKind } from '../provider.ts'

/** The built-in vendor (`server/demo`): it has no address of its own, the process says at start on which socket it listens. */
export const demo: ProviderKind = {
  id: 'demo',
  label: 'Built-in demo',
  wires: ['openai-chat'],
  operations: ['chat', 'completions', 'embeddings'],
  baseUrl: null,
  credentialRequired: false,
  stream: { usage: 'asked', done: true },
  usage: 'openai',
  environment: {},
  spendLimitCodes: ['insufficient_quota'],
}
