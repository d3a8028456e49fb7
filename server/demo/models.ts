/** A model of the demo vendor: data, so that the list that it serves and the way it behaves cannot drift apart. */
export interface DemoModel {
  readonly id: string
  readonly kind: 'chat' | 'embedding'
  /** Milliseconds that each token takes; 0 answers at once. */
  readonly tokenMs: number
  /** `reasons`: thinks aloud before it answers. `fails`: does what the prompt asks for (`status 429`, `hang`, `cut`, `error event`). */
  readonly manner: 'plain' | 'reasons' | 'fails'
}

export const DEMO_MODELS: readonly DemoModel[] = [
  { id: 'demo-chat', kind: 'chat', tokenMs: 0, manner: 'plain' },
  { id: 'demo-slow', kind: 'chat', tokenMs: 50, manner: 'plain' },
  { id: 'demo-reason', kind: 'chat', tokenMs: 0, manner: 'reasons' },
  { id: 'demo-error', kind: 'chat', tokenMs: 0, manner: 'fails' },
  { id: 'demo-embed', kind: 'embedding', tokenMs: 0, manner: 'plain' },
]

/** When the models were made, in seconds since 1970. Answers carry it too, so that the same request gives the same bytes. */
export const DEMO_CREATED = 1_767_225_600
