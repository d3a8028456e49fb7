import type { ModelRules } from './wire-vendor-models.ts'

/** A request in no wire's spelling: what the simulated model gets to read. */
export interface Asked {
  readonly model: string
  readonly rules: ModelRules
  readonly stream: boolean
  readonly system: readonly string[]
  readonly turns: readonly Turn[]
  readonly tools: readonly OfferedTool[]
  /** `free`: the model decides; `none`: no call; `forced`: some tool; a name: this one. */
  readonly choice: 'free' | 'none' | 'forced' | { readonly name: string }
  /** Whether several tools may be called at once. */
  readonly parallel: boolean
  /** The answer must be JSON: of this schema, or any object. */
  readonly schema?: Schema | 'object'
  readonly thinks: boolean
  /** Whether the text of the thinking is shown. */
  readonly thoughtsShown: boolean
  readonly outputTokensMax?: number
  readonly stops: readonly string[]
  readonly proofs: Proofs
}

export type Schema = Readonly<Record<string, unknown>>

export type Turn =
  | { readonly by: 'user'; readonly items: readonly Item[] }
  | { readonly by: 'assistant'; readonly text: string; readonly calls: readonly Call[] }
  | { readonly by: 'tools'; readonly results: readonly Result[] }

export type Item =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly mediaType: string; readonly bytes: number }
  | { readonly kind: 'link'; readonly url: string }

export interface Call {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

export interface Result {
  readonly callId: string
  readonly name: string
  readonly items: readonly Item[]
  readonly isError: boolean
}

export interface OfferedTool {
  readonly name: string
  /** Absent for a tool that takes free text. */
  readonly schema?: Schema
}

/** What became of the opaque reasoning that the vendor had issued: how many came back, and how many calls carry the documented stand-in. */
export interface Proofs {
  readonly returned: number
  readonly standIns: number
}

/** What the model does with a request. */
export type Plan =
  | { readonly kind: 'refuse'; readonly status: number; readonly retrySeconds: number | null }
  | { readonly kind: 'nonsense' }
  | {
      readonly kind: 'reply'
      readonly thinking: string | null
      readonly text: string
      readonly calls: readonly PlannedCall[]
      readonly stop: Stop
      /** The stop string that was met. */
      readonly sequence: string | null
      readonly usage: Usage
      /** How it breaks after it has begun. */
      readonly breaks: 'error' | 'cut' | 'end' | null
      readonly paceMs: number
    }

export type Reply = Extract<Plan, { kind: 'reply' }>

export interface PlannedCall {
  readonly name: string
  readonly input: Readonly<Record<string, unknown>> | string
}

export type Stop = 'end' | 'calls' | 'length' | 'sequence' | 'refusal' | 'blocked' | 'broken-call'

/** Tokens; `input` includes `cached`, `output` includes `reasoning`. */
export interface Usage {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

/** The items as one text: what the model makes of what it is shown. */
export const textOf = (items: readonly Item[]): string =>
  items.map((item) => (item.kind === 'text' ? item.text : seenAs(item))).join('\n')

export function seenAs(item: Exclude<Item, { kind: 'text' }>): string {
  return item.kind === 'file' ? `${item.mediaType} of ${item.bytes} bytes` : `something at ${item.url}`
}
