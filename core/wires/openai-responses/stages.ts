/** The events that frame a response and hold all of it, as far as it has come. */
export const STAGES: ReadonlyMap<string, 'begins' | 'ends'> = new Map([
  ['response.created', 'begins'],
  ['response.queued', 'begins'],
  ['response.in_progress', 'begins'],
  ['response.completed', 'ends'],
  ['response.incomplete', 'ends'],
  ['response.failed', 'ends'],
  ['response.cancelled', 'ends'],
])
