import type { Modality } from './catalog.ts'
import type { Chat, Effort } from './chat.ts'
import { allows } from './model-pattern.ts'
import type { Dialect } from './wire.ts'

/**
 * How one model differs from others in what it takes, as data: `catalog/capabilities.json` and, over it, the operator. Every fact may
 * be absent: then nobody knows, and nothing is changed for its sake. `core/fit.ts` acts on those that change what is asked, the rest
 * is for whoever picks an endpoint, an account or a version.
 */
export interface ModelFacts {
  /** `false`: it never reasons and refuses every word about it. */
  readonly reasons?: boolean
  /** How it is told how much to reason: by a level, or by a budget of tokens. */
  readonly reasoningAmount?: 'level' | 'budget'
  /** Whether reasoning can be switched off. `up-to-high`: only at efforts up to `high`. `between-tools`: only the thinking before the first call, and at efforts up to `high`. */
  readonly reasoningOff?: 'yes' | 'no' | 'up-to-high' | 'between-tools'
  /** What it does when nothing is said. */
  readonly reasoningDefault?: 'on' | 'off'
  /** Whether it can be told to decide by itself (`Reasoning.mode: 'auto'`). `needed`: an effort makes it reason only together with that. */
  readonly reasoningAuto?: 'yes' | 'no' | 'needed'
  /** The range of budgets in tokens; `max: null` is bounded only by the answer's own limit. `null`: a fixed budget is refused. */
  readonly budget?: { readonly min: number; readonly max: number | null } | null
  /** The levels that it takes. Empty: it takes none. */
  readonly efforts?: readonly Effort[]
  /** The level when none is named. */
  readonly effortDefault?: Effort
  /** The highest level on the chat completions endpoint, where that is less than elsewhere. */
  readonly effortMaxOnChat?: Effort
  /** Temperature, top_p and top_k. `none`: refused or ignored. `not-both`: not temperature and top_p in one request. */
  readonly sampling?: Settable | 'not-both'
  /** `default`: while it reasons, temperature must be 1, top_p at least 0.95, and there is no top_k. */
  readonly samplingWithReasoning?: 'any' | 'default'
  /** The dated version of the API that sampling needs. */
  readonly samplingVersion?: string
  /** Presence and frequency penalty. */
  readonly penalties?: Settable
  readonly logprobs?: Settable
  readonly logitBias?: Settable
  readonly stops?: Settable
  /** Most answers to one request. */
  readonly choicesMax?: number
  /** Whether it can be made to call a tool. `not-with-budget`: not while it reasons within a fixed budget. */
  readonly forcedTool?: 'yes' | 'no' | 'not-with-budget'
  /** Whether it continues an assistant's turn that stands last. */
  readonly prefill?: 'yes' | 'no' | 'not-with-reasoning'
  /** `false`: it has no mode that holds an answer to a schema. */
  readonly schemaOutput?: boolean
  /** What is served by OpenAI's responses endpoint only: everything, or tools unless it does not reason. */
  readonly responsesOnly?: 'always' | 'tools'
  /** The name of the answer's limit on OpenAI's chat wire. */
  readonly outputLimitField?: 'max_completion_tokens'
  /** Whether a system turn may stand behind a user turn. */
  readonly laterSystem?: boolean
  /** `false`: a tool's answer may hold no pictures and files. */
  readonly resultMedia?: boolean
  /** Whether reasoning that comes back is checked against everything before it (wire-formats 1.2.5). `recorded`: noticed, not refused. */
  readonly prefixCheck?: 'yes' | 'no' | 'recorded'
  /** `account`: its reasoning is readable in the account that made it, and nowhere else. */
  readonly reasoningBound?: 'account'
  /** Whether the vendor keeps the conversation unless told otherwise. */
  readonly storesByDefault?: boolean
  /** Largest answer in tokens that is not streamed, where that is less than a streamed one. */
  readonly outputTokensMaxWhole?: number
}

/** Whether a setting may be set. `none`: refused or ignored, even at its default. `unless-reasoning`: only while it does not reason. */
export type Settable = 'any' | 'none' | 'unless-reasoning'

/** All that is known of a model: its facts, and its limits from the catalogue. */
export interface Capabilities extends ModelFacts {
  /** Largest answer, in tokens. */
  readonly outputTokensMax?: number
  /** What it can be given. */
  readonly input?: readonly Modality[]
}

/** Facts that several models share. */
export interface CapabilityRow {
  /** Names as the vendor takes them, with `*` for any text. `plainName` says which other names they stand for. */
  readonly models: readonly string[]
  readonly facts: ModelFacts
}

/** Rows ready for look-ups: `models` are plain names. */
export const compileRows = (rows: readonly CapabilityRow[]): readonly CapabilityRow[] =>
  rows.map(({ models, facts }) => ({ models: models.map(plainName), facts }))

/**
 * The facts of a model, by any name that a vendor or reseller gives it: every compiled row that has its name adds to those above it,
 * and the later one wins. Looks at each row, so callers keep the answer.
 */
export function capabilitiesOf(model: string, rows: readonly CapabilityRow[]): ModelFacts {
  const name = plainName(model)
  const own = rows.filter(({ models }) => allows(models, name))
  return own.reduce<ModelFacts>((known, { facts }) => ({ ...known, ...facts }), {})
}

/**
 * A model's name without what resellers add, so that one row serves all of them (catalog/README.md says it to people): lower case;
 * what stands behind the last `/`; without `ft:`, without words in front that end in a full stop and the `-v1` that comes with them (Bedrock's
 * `us.anthropic.`), without what follows `:` or `@` (a variant), without a date at the end; full stops count as hyphens. A plain name stays as it is.
 */
export function plainName(model: string): string {
  const last = model.slice(model.lastIndexOf('/') + 1).toLowerCase()
  const bare = /^[^:@]+/.exec(last.startsWith('ft:') ? last.slice(3) : last)?.[0] ?? last
  const words = /^(?:[a-z-]+\.)+(?=[a-z])/.exec(bare)?.[0] ?? ''
  const own = words === '' ? bare : bare.slice(words.length).replace(/-v\d+$/, '')
  return own.replaceAll('.', '-').replace(/(?:-(?:\d{8}|\d{4}-\d{2}-\d{2}))+$/, '')
}

/** Whether the model reasons when it is asked so; `undefined` when nobody knows. */
export function isReasoning({ reasoning }: Chat, facts: ModelFacts): boolean | undefined {
  if (facts.reasons === false || reasoning?.mode === 'off') return false
  if (reasoning?.mode !== undefined) return true
  // Without its mode, an effort on such a model only says how wordy the answer is.
  if (reasoning?.effort !== undefined && facts.reasoningAuto !== 'needed') return true
  return facts.reasoningDefault === undefined ? undefined : facts.reasoningDefault === 'on'
}

/** Whether OpenAI takes this request, already fitted, on the responses endpoint only (wire-formats section 0, point 5). Resellers bridge it themselves. */
export const needsResponses = (chat: Chat, facts: ModelFacts): boolean =>
  facts.responsesOnly === 'always' ||
  (facts.responsesOnly === 'tools' && chat.tools.length > 0 && isReasoning(chat, facts) !== false)

/** What a writer must know of the model for a chat that is already fitted; goes over the dialect of the provider's kind. */
export function dialectOf(chat: Chat, facts: ModelFacts): Dialect {
  const sampled = chat.temperature !== undefined || chat.topP !== undefined || chat.topK !== undefined
  return {
    ...(facts.laterSystem === undefined ? {} : { laterSystem: facts.laterSystem }),
    ...(facts.resultMedia === undefined ? {} : { resultMedia: facts.resultMedia }),
    ...(facts.outputLimitField === undefined ? {} : { outputLimitField: facts.outputLimitField }),
    ...(facts.reasons === false ? { sealedReasoning: false as const } : {}),
    ...(facts.reasoningAmount === undefined ? {} : { reasoning: facts.reasoningAmount }),
    ...(facts.samplingVersion === undefined || !sampled ? {} : { version: facts.samplingVersion }),
  }
}
