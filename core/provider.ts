import type { Operation } from './operation.ts'

/** A header as it goes out. */
export type Header = readonly [name: string, value: string]

/** How a vendor counts, where the same wire is counted differently (wire-formats 1.4): decided per flavour, not by name. */
export type UsageFlavour = 'openai' | 'openai-reasoning-apart'

/** A vendor or own node as a kind: data. Configuration makes a provider of it by adding a credential and, where needed, an address. */
export interface ProviderKind {
  readonly id: string
  readonly label: string
  /** The wire that it is spoken to in; one that this version does not speak yet is said at start. */
  readonly wire: 'openai' | 'anthropic' | 'gemini'
  readonly operations: readonly Operation[]
  /** Without a trailing slash, or `null` when the operator must give it. */
  readonly baseUrl: string | null
  /** The path behind the base URL. Absent: `/chat/completions`, `/completions`, `/embeddings`. `model` is the one that is sent. */
  readonly path?: (operation: Operation, model: string, options: ProviderOptions) => string
  /** Absent: `authorization: Bearer <credential>`. */
  readonly auth?: (credential: string) => Header
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
}

/** The place of an operation on every vendor that keeps OpenAI's paths. */
export const OPENAI_PATHS: { readonly [operation in Operation]: string } = {
  chat: '/chat/completions',
  completions: '/completions',
  embeddings: '/embeddings',
}
