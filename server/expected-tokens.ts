import type { Meter } from '../core/limits/meter.ts'
import { allows, isNamed } from '../core/model-pattern.ts'
import type { Asked } from './exchange.ts'
import { findRoute } from './snapshot.ts'
import type { Allowances } from './world/allowances.ts'

/** The limits that count for this request: those of its key, team, project... that are of its model. */
export function metersFor(asked: Asked, allowances: Pick<Allowances, 'of'>): readonly Meter[] {
  const all = allowances.of(asked.key)
  if (all.length === 0) return NONE
  return all.flatMap(({ meter, models }) => (models === null || isOf(models, asked) ? meter : []))
}

/** By the name that the client asks for, or by any name of a target behind it: an alias is no way around a limit or a budget. */
export function isOf(models: readonly string[], { fields, snapshot }: Asked): boolean {
  if (allows(models, fields.model)) return true
  return findRoute(snapshot, fields.model)?.targets.some((target) => isNamed(models, target)) === true
}

/** What the prompt may come to, in tokens. */
export const promptEstimate = ({ body, fields }: Pick<Asked, 'body' | 'fields'>): number =>
  Math.ceil((body.bytes - fields.dataUrlBytes) / BYTES_PER_TOKEN)

/** What a request may use before anybody has counted: its prompt, and as many tokens of answer as it allows, or as answers usually have. */
export function expectedTokens(asked: Asked): number {
  const prompt = promptEstimate(asked)
  switch (asked.operation) {
    case 'chat':
    case 'completions': {
      const { outputTokensMax = USUAL_ANSWER_TOKENS, choices = 1 } = asked.fields
      return prompt + outputTokensMax * choices
    }
    case 'embeddings':
      return prompt
    // Counting uses none.
    case 'count_tokens':
      return 0
  }
}

const NONE: readonly Meter[] = []

/** A rough figure for a prompt that nobody counted: English text has about four bytes a token. Pictures and files are left out: their bytes say nothing about their tokens. */
const BYTES_PER_TOKEN = 4
/** Of an answer whose client sets no limit: most are shorter, and what it really was is put in its place. */
const USUAL_ANSWER_TOKENS = 500
