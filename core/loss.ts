/** One thing that was asked for and could not be said as it was. Never silent: it goes into `x-sekisho-lossy` and the record. */
export interface Loss {
  /** A feature of the canonical form, or a field that only the client's wire knows, by its path there. */
  readonly field: string
  /** `dropped`: left out. `clamped`: moved to the nearest that is possible. `emulated`: done in another way, which may behave a little differently. */
  readonly what: 'dropped' | 'clamped' | 'emulated'
  /** For a person: a short clause. */
  readonly why: string
}

/** `strict`: the request is refused. `warn`: it is told in a header. `silent`: it is only recorded. */
export const LOSS_MODES = ['strict', 'warn', 'silent'] as const
export type LossMode = (typeof LOSS_MODES)[number]

/**
 * Everything in a request that some wire cannot say: the words in which losses are reported and the documentation is generated. Each
 * wire says of every feature either where it spells it or why it cannot (`Wire.says`, `Wire.cannot`), and the contract suite holds it to both.
 */
export const FEATURES = [
  'system',
  'system.later',
  'turn.name',
  'turn.assistantLast',
  'text.cacheMark',
  'text.citations',
  'image.data',
  'image.url',
  'image.id',
  'image.detail',
  'audio.data',
  'video',
  'file.data',
  'file.url',
  'file.id',
  'file.text',
  'file.name',
  'call.custom',
  'result.media',
  'result.isError',
  'reasoning.text',
  'reasoning.proof',
  'refusal',
  'tool.strict',
  'tool.custom',
  'tool.grammar',
  'tool.foreign',
  'toolChoice.none',
  'toolChoice.required',
  'toolChoice.named',
  'toolChoice.allowed',
  'parallelCalls',
  'output.json',
  'output.schema',
  'output.name',
  'output.strict',
  'outputTokensMax',
  'stops',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'seed',
  'logitBias',
  'logprobs',
  'choices',
  'reasoning.off',
  'reasoning.auto',
  'reasoning.betweenTools',
  'reasoning.budget',
  'reasoning.effort',
  'reasoning.shown',
  'verbosity',
  'cacheKey',
  'cacheAutomatic',
  'serviceTier',
  'user',
  'store',
  'metadata',
] as const
export type Feature = (typeof FEATURES)[number]

/** What a wire does with a feature that it has no place for. */
export interface Inability {
  readonly what: Loss['what']
  readonly why: string
}

/** The loss in the words of the client's wire, where that has some for the feature. */
export function spelt(loss: Loss, { says }: { readonly says: Partial<Record<Feature, string>> }): Loss {
  const feature = FEATURES.find((known) => known === loss.field)
  const field = feature === undefined ? undefined : says[feature]
  return field === undefined ? loss : { ...loss, field }
}

/** Collects what a writer could not say, each thing once. */
export class Losses {
  readonly #all = new Map<string, Loss>()

  add(loss: Loss): void {
    const key = `${loss.field} ${loss.what}`
    if (!this.#all.has(key)) this.#all.set(key, loss)
  }

  /** A feature that a wire cannot say, in the words of its table. */
  addFeature(feature: Feature, cannot: Partial<Record<Feature, Inability>>): void {
    const inability = cannot[feature]
    if (inability !== undefined) this.add({ field: feature, ...inability })
  }

  /** A block of a kind that only another wire knows. */
  addForeign(type: string): void {
    this.add({ field: `content.${type}`, what: 'dropped', why: 'only the API that it comes from knows it' })
  }

  /** Log probabilities that were asked for: no other wire's reader hands them on. */
  addLogprobs(): void {
    this.add({ field: 'logprobs', what: 'dropped', why: 'they are not brought over to this API' })
  }

  list(): readonly Loss[] {
    return [...this.#all.values()]
  }
}
