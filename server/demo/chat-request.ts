import type { JsonObject } from '../../core/json.ts'
import {
  isAbsent,
  readFlag,
  readInteger,
  readNumber,
  readObject,
  readStop,
  readStream,
  readText,
  readWord,
} from './fields.ts'
import { readMessages, type Message } from './message.ts'
import { badField } from './refusal.ts'
import { countTokens } from './tokens.ts'
import { readToolChoice, readTools, type Tool, type ToolChoice } from './tool.ts'

/** What an image counts as, whatever its size. */
export const IMAGE_TOKENS = 85

const CHOICES_MAX = 16
const TOKENS = { min: 1, max: 1_000_000 }

/** A chat request, read and found to be good. */
export interface ChatRequest {
  readonly messages: readonly Message[]
  readonly stream: boolean
  readonly includeUsage: boolean
  readonly choices: number
  /** Most tokens of one choice, reasoning included; `null` for no limit. */
  readonly tokensMax: number | null
  readonly stop: readonly string[]
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice
  readonly parallelToolCalls: boolean
  readonly format: AnswerFormat
  readonly effort: (typeof EFFORTS)[number]
  /** The service tier that the answer says was used. */
  readonly serviceTier: string
  readonly promptTokens: number
}

export type AnswerFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly name: string; readonly schema: JsonObject }

/** Reads the body of a chat request; refuses what OpenAI would refuse. Fields that it does not know are left alone. */
export function readChat(body: JsonObject): ChatRequest {
  readSampling(body)
  const messages = readMessages(body['messages'])
  const tools = readTools(body['tools'])
  const parallel = body['parallel_tool_calls']
  return {
    messages,
    ...readStream(body),
    choices: readInteger(body['n'], 'n', { min: 1, max: CHOICES_MAX }) ?? 1,
    tokensMax: readTokensMax(body),
    stop: readStop(body['stop']),
    tools,
    toolChoice: readToolChoice(body['tool_choice'], tools),
    parallelToolCalls: isAbsent(parallel) || readFlag(parallel, 'parallel_tool_calls'),
    format: readFormat(body),
    effort: readWord(body['reasoning_effort'], 'reasoning_effort', EFFORTS) ?? 'medium',
    serviceTier: readTier(body),
    promptTokens: promptTokens(messages) + (isAbsent(body['tools']) ? 0 : countTokens(JSON.stringify(body['tools']))),
  }
}

/** What a conversation counts as: one token for each message, its text, and a fixed number for each image. */
const promptTokens = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + 1 + countTokens(message.text) + message.images * IMAGE_TOKENS, 0)

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
const TIERS = ['auto', 'default', 'flex', 'scale', 'priority', 'fast'] as const

/** Has no part in a deterministic answer, but a client that sends nonsense must hear of it. */
export function readSampling(body: JsonObject): void {
  readNumber(body['temperature'], 'temperature', { min: 0, max: 2 })
  readNumber(body['top_p'], 'top_p', { min: 0, max: 1 })
  readNumber(body['presence_penalty'], 'presence_penalty', { min: -2, max: 2 })
  readNumber(body['frequency_penalty'], 'frequency_penalty', { min: -2, max: 2 })
}

function readTokensMax(body: JsonObject): number | null {
  const older = readInteger(body['max_tokens'], 'max_tokens', TOKENS)
  const newer = readInteger(body['max_completion_tokens'], 'max_completion_tokens', TOKENS)
  if (older !== undefined && newer !== undefined) {
    throw badField('max_tokens', "'max_tokens' and 'max_completion_tokens' cannot both be set")
  }
  return newer ?? older ?? null
}

function readFormat(body: JsonObject): AnswerFormat {
  const value = body['response_format']
  if (isAbsent(value)) return { kind: 'text' }
  const format = readObject(value, 'response_format')
  switch (readWord(format['type'], 'response_format.type', ['text', 'json_object', 'json_schema'])) {
    case 'json_object':
      return { kind: 'json' }
    case 'json_schema': {
      const named = readObject(format['json_schema'], 'response_format.json_schema')
      return {
        kind: 'schema',
        name: readText(named['name'], 'response_format.json_schema.name'),
        schema: readObject(named['schema'], 'response_format.json_schema.schema'),
      }
    }
    case 'text':
      return { kind: 'text' }
    case undefined:
      throw badField('response_format.type', "'response_format.type' is missing")
  }
}

/** `fast` is answered as `priority`, and `auto` as `default`, as OpenAI reports them. */
function readTier(body: JsonObject): string {
  const tier = readWord(body['service_tier'], 'service_tier', TIERS) ?? 'default'
  if (tier === 'fast') return 'priority'
  return tier === 'auto' ? 'default' : tier
}
