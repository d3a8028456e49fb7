import type { ProviderKind } from '../provider.ts'

/** xAI. Source: docs.x.ai, "REST API reference" (inference; completions as legacy). On chat, `completion_tokens` leaves reasoning out: the total decides. */
export const xai: ProviderKind = {
  id: 'xai',
  label: 'xAI',
  wires: ['openai-chat'],
  operations: ['chat', 'completions'],
  baseUrl: 'https://api.x.ai/v1',
  credentialRequired: true,
  stream: { usage: 'asked', done: true },
  usage: 'openai-reasoning-apart',
  environment: { credential: 'XAI_API_KEY' },
}
