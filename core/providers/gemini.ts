import type { ProviderKind } from '../provider.ts'

/** Google Gemini, by its own wire. Source: ai.google.dev/api (methods of a model, `x-goog-api-key`). */
export const gemini: ProviderKind = {
  id: 'gemini',
  label: 'Google Gemini',
  wires: ['gemini'],
  operations: ['chat', 'embeddings', 'count_tokens'],
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  auth: (credential) => ['x-goog-api-key', credential],
  credentialRequired: true,
  stream: { usage: 'always', done: false },
  usage: 'openai',
  environment: { credential: 'GEMINI_API_KEY' },
}
