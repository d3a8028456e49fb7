import type { ClientWire } from './client.ts'
import type { ModelTraits } from './scenarios.ts'

/** A vendor's wire behind the gateway, with a model of it: a column of the matrix. */
export interface Column extends ModelTraits {
  readonly name: string
  /** The wires in which its provider is spoken to: requests of these pass as they are. */
  readonly wires: readonly ClientWire[]
}

/** Of each vendor's wire, and where two generations of models differ much in how they are asked, one of each. */
export const columns: readonly Column[] = [
  {
    name: 'chat',
    wires: ['openai-chat', 'openai-responses'],
    model: 'gpt-5.2',
    thinking: 'level',
    showsThoughts: false,
    wantsProofs: false,
    needsThoughtsBack: false,
  },
  // Spoken to on chat completions, but for tools, which this model takes on responses only.
  {
    name: 'bridged',
    wires: ['openai-chat', 'openai-responses'],
    model: 'gpt-6-sol',
    thinking: 'level',
    showsThoughts: true,
    wantsProofs: true,
    needsThoughtsBack: false,
  },
  {
    name: 'responses',
    wires: ['openai-responses'],
    model: 'gpt-6-luna',
    thinking: 'level',
    showsThoughts: true,
    wantsProofs: true,
    needsThoughtsBack: false,
  },
  {
    name: 'claude 5.5',
    wires: ['anthropic'],
    model: 'claude-opus-5-5',
    thinking: 'level',
    showsThoughts: true,
    wantsProofs: true,
    needsThoughtsBack: false,
  },
  {
    name: 'claude 4.5',
    wires: ['anthropic'],
    model: 'claude-sonnet-4-5',
    thinking: 'budget',
    showsThoughts: true,
    wantsProofs: true,
    needsThoughtsBack: true,
  },
  {
    name: 'gemini 3.8',
    wires: ['gemini'],
    model: 'gemini-3.8-flash',
    thinking: 'level',
    showsThoughts: true,
    wantsProofs: true,
    needsThoughtsBack: false,
  },
  {
    name: 'gemini 2.5',
    wires: ['gemini'],
    model: 'gemini-2.5-flash',
    thinking: 'budget',
    showsThoughts: true,
    wantsProofs: false,
    needsThoughtsBack: false,
  },
]

/** The gateway's configuration that leads to them; `vendor` is where the simulated vendor is. */
export const configFor = (vendor: string): object => ({
  providers: {
    chat: { kind: 'openai', baseUrl: `${vendor}/v1`, credential: '${VENDOR_KEY}', models: ['gpt-5.2', 'gpt-6-sol'] },
    responses: {
      kind: 'openai',
      baseUrl: `${vendor}/v1`,
      credential: '${VENDOR_KEY}',
      wires: ['openai-responses'],
      models: ['gpt-6-luna'],
    },
    claude: {
      kind: 'anthropic',
      baseUrl: `${vendor}/v1`,
      credential: '${VENDOR_KEY}',
      models: ['claude-opus-5-5', 'claude-sonnet-4-5'],
    },
    google: {
      kind: 'gemini',
      baseUrl: `${vendor}/v1beta`,
      credential: '${VENDOR_KEY}',
      models: ['gemini-3.8-flash', 'gemini-2.5-flash', 'gemini-embedding-001'],
    },
  },
  models: {
    'gpt-5.2': { targets: ['chat/gpt-5.2'] },
    'gpt-6-sol': { targets: ['chat/gpt-6-sol'] },
    'gpt-6-luna': { targets: ['responses/gpt-6-luna'] },
  },
})
