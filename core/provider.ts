import type { WireId } from './chat.ts'
import type { Operation } from './operation.ts'
import type { Dialect } from './wire.ts'

/** A header as it goes out. */
export type Header = readonly [name: string, value: string]

/** How a vendor counts, where the same wire is counted differently (wire-formats 1.4): decided per flavour, not by name. */
export type UsageFlavour = 'openai' | 'openai-reasoning-apart'

/** A vendor or own node as a kind: data. Configuration makes a provider of it by adding a credential and, where needed, an address. */
export interface ProviderKind {
  readonly id: string
  readonly label: string
  /** The wires that it is spoken to in. A request of another wire is translated to the first one. */
  readonly wires: readonly [WireId, ...WireId[]]
  readonly operations: readonly Operation[]
  /** Without a trailing slash, or `null` when the operator must give it. */
  readonly baseUrl: string | null
  /** The path behind the base URL. Absent: the wire's own vendor's (`usualPath`). */
  readonly path?: (asked: PathAsked, options: ProviderOptions) => string
  /** Absent: `authorization: Bearer <credential>`. */
  readonly auth?: (credential: string) => Header
  /** What it wants with every request of a wire, unless the client of that wire has sent its own. */
  readonly headers?: { readonly [wire in WireId]?: readonly Header[] }
  /** How it differs from the wire's own vendor when requests are written for it. */
  readonly dialect?: Dialect
  /** `false`: it may run without a credential (own nodes). */
  readonly credentialRequired: boolean
  /** The operator invents the model names (deployments), so the catalogue does not say what there is; its prices still hold. */
  readonly operatorNamesModels?: true
  readonly stream: {
    /** `asked`: usage comes only with `stream_options.include_usage`; `always`: unasked; `never`: the field is refused. */
    readonly usage: 'asked' | 'always' | 'never'
    /** Whether a finished stream ends with `data: [DONE]`. */
    readonly done: boolean
  }
  readonly usage: UsageFlavour
  /** Environment variables that make a provider of this kind at start with nothing configured. */
  readonly environment: {
    readonly credential?: string
    readonly url?: string
    /** The base URL that the value of `url` stands for, or `undefined` when it is none. Absent: the value as it is. */
    readonly readUrl?: (value: string) => string | undefined
  }
  /** Error codes (in `error.code` or `error.type`) that mean *our* account has no money: they become 503, never the vendor's body. */
  readonly spendLimitCodes?: readonly string[]
}

/** What configuration may add for one kind (`apiVersion` and `deployments` of Azure). */
export interface ProviderOptions {
  readonly apiVersion?: string
  readonly pathStyle?: 'v1' | 'deployments'
  /** Whether the vendor may keep conversations when the client does not say. */
  readonly store?: boolean
  /** Where it serves, in the catalogue's word for it: prices may differ there. */
  readonly region?: string
}

/** What a path depends on. `model` is the one that is sent. */
export interface PathAsked {
  readonly operation: Operation
  readonly wire: WireId
  readonly model: string
  readonly stream: boolean
  /** Whether several texts are embedded at once: a path of its own on Gemini's wire. */
  readonly batch: boolean
}

/** The path of an operation at the vendor that made the wire, behind its base URL. */
export function usualPath({ operation, wire, model, stream, batch }: PathAsked): string {
  switch (wire) {
    case 'openai-chat':
      return OPENAI_PATHS[operation]
    case 'openai-responses':
      return operation === 'count_tokens' ? '/responses/input_tokens' : '/responses'
    case 'anthropic':
      return operation === 'count_tokens' ? '/messages/count_tokens' : '/messages'
    case 'gemini':
      return `/models/${encodeURIComponent(model)}:${geminiMethod(operation, { stream, batch })}`
  }
}

/** The place of an operation on every vendor that keeps OpenAI's paths. Tokens are counted nowhere there. */
const OPENAI_PATHS: { readonly [operation in Operation]: string } = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
  count_tokens: '/chat/completions',
}

function geminiMethod(operation: Operation, { stream, batch }: { readonly stream: boolean; readonly batch: boolean }) {
  switch (operation) {
    case 'chat':
    case 'completions':
      return stream ? 'streamGenerateContent?alt=sse' : 'generateContent'
    case 'embeddings':
      return batch ? 'batchEmbedContents' : 'embedContent'
    case 'count_tokens':
      return 'countTokens'
  }
}
