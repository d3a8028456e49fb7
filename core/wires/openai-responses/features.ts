import type { Feature, Losses } from '../../loss.ts'
import type { Wire } from '../../wire.ts'

/** Where a client of this wire spells what it asks for. */
export const says: Wire['says'] = {
  system: 'instructions',
  'system.later': 'input',
  'turn.assistantLast': 'input',
  'text.cacheMark': 'input.content.prompt_cache_breakpoint',
  'text.citations': 'input.content.annotations',
  'image.data': 'input.content.image_url',
  'image.url': 'input.content.image_url',
  'image.id': 'input.content.file_id',
  'image.detail': 'input.content.detail',
  'file.data': 'input.content.file_data',
  'file.url': 'input.content.file_url',
  'file.id': 'input.content.file_id',
  'file.name': 'input.content.filename',
  'call.custom': 'input.input',
  'result.media': 'input.output',
  'reasoning.text': 'input.summary',
  'reasoning.proof': 'input.encrypted_content',
  refusal: 'input.content.refusal',
  'tool.strict': 'tools.strict',
  'tool.custom': 'tools',
  'tool.grammar': 'tools.format',
  'tool.foreign': 'tools',
  'toolChoice.none': 'tool_choice',
  'toolChoice.required': 'tool_choice',
  'toolChoice.named': 'tool_choice',
  'toolChoice.allowed': 'tool_choice',
  parallelCalls: 'parallel_tool_calls',
  'output.json': 'text.format',
  'output.schema': 'text.format.schema',
  'output.name': 'text.format.name',
  'output.strict': 'text.format.strict',
  outputTokensMax: 'max_output_tokens',
  temperature: 'temperature',
  topP: 'top_p',
  logprobs: 'top_logprobs',
  'reasoning.off': 'reasoning.effort',
  'reasoning.effort': 'reasoning.effort',
  'reasoning.shown': 'reasoning.summary',
  verbosity: 'text.verbosity',
  cacheKey: 'prompt_cache_key',
  cacheAutomatic: 'prompt_cache_options',
  serviceTier: 'service_tier',
  user: 'safety_identifier',
  store: 'store',
  metadata: 'metadata',
}

/** What it has no words for. */
export const cannot: Wire['cannot'] = {
  'turn.name': { what: 'dropped', why: 'speakers have no names' },
  'audio.data': { what: 'dropped', why: 'it takes no audio' },
  video: { what: 'dropped', why: 'it takes no video' },
  'file.text': { what: 'emulated', why: 'sent as text' },
  'result.isError': { what: 'emulated', why: 'said in the text of the answer' },
  stops: { what: 'dropped', why: 'it has no stop strings' },
  topK: { what: 'dropped', why: 'it samples by temperature and top_p only' },
  presencePenalty: { what: 'dropped', why: 'it has no penalties' },
  frequencyPenalty: { what: 'dropped', why: 'it has no penalties' },
  seed: { what: 'dropped', why: 'it takes no seed' },
  logitBias: { what: 'dropped', why: 'it takes no bias' },
  choices: { what: 'dropped', why: 'it gives one answer' },
  'reasoning.auto': { what: 'emulated', why: 'asked for as a medium effort' },
  'reasoning.betweenTools': { what: 'dropped', why: 'it thinks everywhere or not at all' },
  'reasoning.budget': { what: 'emulated', why: 'there are levels of effort, and no budgets' },
}

/** Reports a feature of `cannot`. */
export function loseFeature(feature: Feature, losses: Losses): void {
  const inability = cannot[feature]
  if (inability !== undefined) losses.add({ field: feature, ...inability })
}
