import type { Json } from '../../core/json.ts'

export interface DemoUsage {
  readonly prompt: number
  readonly completion: number
  /** Of the completion. */
  readonly reasoning: number
}

/** Usage as OpenAI reports it for chat and completions. */
export const usageBody = ({ prompt, completion, reasoning }: DemoUsage): Json => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
})
