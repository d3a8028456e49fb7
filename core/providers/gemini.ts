import type { ProviderKind } from '../provider.ts'

/** Google Gemini, by its own wire, which this version does not speak yet: it is announced at start and refused as a target. Source: ai.google.dev/api. */
export const gemini: ProviderKind = {
  id: 'gemini',
  label: 'Google Gemini',
  wire: 'gemini',
  operations: ['chat', 'embeddings'],
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
  auth: (credential) => ['x-goog-api-key', credential],
  credentialRequired: true,
  stream: { usage: 'always', done: false },
  usage: 'openai',
  environment: { credential: 'GEMINI_API_KEY' },
}
