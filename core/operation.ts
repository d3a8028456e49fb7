/** What a client can ask for on the data plane. */
export type Operation = 'chat' | 'completions' | 'embeddings' | 'count_tokens'

export const OPERATIONS: readonly Operation[] = ['chat', 'completions', 'embeddings', 'count_tokens']
