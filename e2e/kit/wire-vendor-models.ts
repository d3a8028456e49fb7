/**
 * What the simulated vendors know of their own models. Written from the vendors' pages (wire-formats 1.1, 1.2.4, 1.3), and on purpose
 * not taken from our catalogue: a mistake there must be seen here.
 */
export type ModelRules = OpenAiRules | AnthropicRules | GeminiRules

export interface OpenAiRules {
  readonly vendor: 'openai'
  /** Empty: it does not reason. */
  readonly efforts: readonly string[]
  /** What it does when nothing is said. */
  readonly effort: string
  /** The highest effort on chat completions, where that is less. */
  readonly chatEfforts?: readonly string[]
  /** Whether sampling is taken: always, never, or only at effort `none`. */
  readonly sampling: 'always' | 'never' | 'at-none'
  /** Function tools on chat completions: always, not with an effort that is named, or only at effort `none`. */
  readonly chatTools: 'always' | 'not-with-effort' | 'at-none'
  readonly outputTokensMax: number
}

export interface AnthropicRules {
  readonly vendor: 'anthropic'
  readonly sampling: 'both' | 'one' | 'none'
  readonly thinkingDefault: boolean
  readonly canSwitchOff: 'yes' | 'up-to-high' | 'not-at-xhigh' | 'between-tools' | 'no'
  readonly fixedBudget: boolean
  readonly adaptive: boolean
  /** Whether the text of thinking is left out unless it is asked for. */
  readonly omitsThoughts: boolean
  readonly forcedTool: boolean
  readonly prefill: boolean
  readonly efforts: readonly string[]
  readonly schemaOutput: boolean
  /** Whether thinking is bound to everything before it. */
  readonly prefixCheck: boolean
  readonly accountBound: boolean
  readonly laterSystem: boolean
  readonly outputTokensMax: number
}

export interface GeminiRules {
  readonly vendor: 'gemini'
  readonly thinking: 'budget' | 'level' | 'none'
  readonly levels: readonly string[]
  /** Lowest and highest budget; 0 switches thinking off where `off` says so. */
  readonly budget?: { readonly min: number; readonly max: number; readonly off: boolean }
  readonly sampling: 'taken' | 'refused' | 'ignored'
  readonly signatures: boolean
  readonly endsWithModel: boolean
  readonly severalCandidates: boolean
  /** Whether calls carry ids. */
  readonly callIds: boolean
  readonly jsonWithTools: boolean
  readonly picturesInResults: boolean
  readonly outputTokensMax: number
}

/** The rules of a model, or `undefined` for a name that this vendor does not know. */
export const openAiModel = (name: string): OpenAiRules | undefined => OPENAI[bare(name)]
export const anthropicModel = (name: string): AnthropicRules | undefined => ANTHROPIC[bare(name)]
export const geminiModel = (name: string): GeminiRules | undefined => GEMINI[bare(name)]

/** A dated name stands for the model itself. */
const bare = (name: string): string => name.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '')

interface Table<Rules> {
  readonly [model: string]: Rules
}

const plain: OpenAiRules = {
  vendor: 'openai',
  efforts: [],
  effort: 'none',
  sampling: 'always',
  chatTools: 'always',
  outputTokensMax: 32_768,
}
const reasoning: OpenAiRules = { ...plain, sampling: 'never', outputTokensMax: 128_000, effort: 'medium' } as const
const gpt54 = {
  ...reasoning,
  efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
  chatTools: 'not-with-effort',
} as const
const gpt56: OpenAiRules = {
  ...reasoning,
  efforts: ['none', 'low', 'medium', 'high', 'xhigh', 'max'],
  sampling: 'at-none',
  chatTools: 'at-none',
}
const withoutNone: OpenAiRules = { ...gpt56, efforts: gpt56.efforts.slice(1) }

const OPENAI: Table<OpenAiRules> = {
  'gpt-4.1': plain,
  'gpt-4o': { ...plain, outputTokensMax: 16_384 },
  o3: { ...reasoning, efforts: ['low', 'medium', 'high'], outputTokensMax: 100_000 },
  'gpt-5': { ...reasoning, efforts: ['minimal', 'low', 'medium', 'high'] },
  'gpt-5-mini': { ...reasoning, efforts: ['minimal', 'low', 'medium', 'high'] },
  'gpt-5.1': { ...reasoning, efforts: ['none', 'low', 'medium', 'high'], effort: 'none', sampling: 'at-none' },
  'gpt-5.2': { ...reasoning, efforts: ['none', 'low', 'medium', 'high', 'xhigh'], effort: 'none', sampling: 'at-none' },
  'gpt-5.4': { ...gpt54, effort: 'none', sampling: 'at-none' },
  'gpt-5.5': gpt54,
  'gpt-5.6-sol': gpt56,
  'gpt-6-sol': gpt56,
  'gpt-6-luna': gpt56,
  'gpt-6-astra': withoutNone,
  'gpt-6.1-terra': gpt56,
  'gpt-6.1-sol': { ...withoutNone, chatEfforts: ['low', 'medium', 'high', 'xhigh'] },
}

const claude45: AnthropicRules = {
  vendor: 'anthropic',
  sampling: 'one',
  thinkingDefault: false,
  canSwitchOff: 'yes',
  fixedBudget: true,
  adaptive: false,
  omitsThoughts: false,
  forcedTool: true,
  prefill: true,
  efforts: [],
  schemaOutput: true,
  prefixCheck: false,
  accountBound: false,
  laterSystem: false,
  outputTokensMax: 64_000,
}
const claude46: AnthropicRules = {
  ...claude45,
  adaptive: true,
  prefill: false,
  efforts: ['low', 'medium', 'high', 'max'],
  outputTokensMax: 128_000,
}
const claude47: AnthropicRules = {
  ...claude46,
  sampling: 'none',
  fixedBudget: false,
  omitsThoughts: true,
  efforts: ['low', 'medium', 'high', 'xhigh', 'max'],
}
const claude5: AnthropicRules = { ...claude47, laterSystem: true }
const claude55: AnthropicRules = { ...claude5, thinkingDefault: true, prefixCheck: true }

const ANTHROPIC: Table<AnthropicRules> = {
  'claude-opus-4-5': { ...claude45, efforts: ['low', 'medium', 'high'] },
  'claude-sonnet-4-5': claude45,
  'claude-haiku-4-5': claude45,
  'claude-opus-4-6': claude46,
  'claude-sonnet-4-6': claude46,
  'claude-opus-4-7': claude47,
  'claude-opus-4-8': claude47,
  'claude-sonnet-5': claude5,
  'claude-opus-5': { ...claude5, canSwitchOff: 'not-at-xhigh' },
  'claude-haiku-5-5': { ...claude55, canSwitchOff: 'up-to-high', accountBound: true },
  'claude-sonnet-5-5': { ...claude55, canSwitchOff: 'between-tools', forcedTool: false, accountBound: true },
  'claude-opus-5-5': { ...claude55, canSwitchOff: 'no', forcedTool: false },
  'claude-fable-5': { ...claude5, thinkingDefault: true, canSwitchOff: 'no' },
  'claude-fable-5-1': { ...claude55, canSwitchOff: 'no', forcedTool: false },
}

const gemini25: GeminiRules = {
  vendor: 'gemini',
  thinking: 'budget',
  levels: [],
  budget: { min: 0, max: 24_576, off: true },
  sampling: 'taken',
  signatures: false,
  endsWithModel: true,
  severalCandidates: true,
  callIds: false,
  jsonWithTools: false,
  picturesInResults: false,
  outputTokensMax: 65_536,
}
const gemini3: GeminiRules = {
  ...gemini25,
  thinking: 'level',
  levels: ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'],
  signatures: true,
  severalCandidates: false,
  jsonWithTools: true,
  picturesInResults: true,
}
const gemini36: GeminiRules = { ...gemini3, sampling: 'refused', endsWithModel: false }

const GEMINI: Table<GeminiRules> = {
  'gemini-2.5-flash': gemini25,
  'gemini-2.5-pro': { ...gemini25, budget: { min: 128, max: 32_768, off: false } },
  'gemini-3-flash-preview': gemini3,
  'gemini-3.1-pro-preview': { ...gemini3, levels: ['LOW', 'HIGH'] },
  'gemini-3.5-flash': gemini3,
  'gemini-3.6-flash': gemini36,
  'gemini-3.8-flash': gemini36,
  'gemini-4-argon': { ...gemini36, sampling: 'ignored', levels: ['LOW', 'MEDIUM', 'HIGH'], callIds: true },
  'gemini-embedding-001': { ...gemini25, thinking: 'none' },
  'gemini-embedding-2': { ...gemini25, thinking: 'none' },
}
