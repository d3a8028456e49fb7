import type { WireId } from '../../core/chat.ts'
import { asObject, asText, type Json, type JsonObject } from '../../core/json.ts'
import { cost, type Price } from '../../core/price.ts'
import { inputTokens, outputTokens, type Usage } from '../../core/usage.ts'
import type { ReadReply, Wire } from '../../core/wire.ts'
import { objects, text } from './json-parts.ts'
import { readReply } from './trips.ts'

/** A vendor's usage as it is billed, and what it means in somebody else's reading. */
export interface RecordedUsage {
  /** For people. */
  readonly name: string
  readonly provider: string
  readonly wire: WireId
  readonly flavour: ReadReply['flavour']
  readonly model: string | null
  readonly body: JsonObject
  /** Token counts by the recording's own names. */
  readonly expected: JsonObject
  /** Dollars, where it is priced. */
  readonly price: number | null
}

/** The lines of the list that belong to a wire of ours, each once for every vendor that counts so. */
export function recordedUsages(lines: readonly JsonObject[]): readonly RecordedUsage[] {
  return lines.flatMap((line) =>
    objects(line['extracted']).flatMap(({ usage, extractors }) =>
      objects(extractors).flatMap((extractor): readonly RecordedUsage[] => {
        const provider = text(extractor['provider_id'])
        const wire = wireOf(provider, text(extractor['api_flavor']))
        if (wire === undefined || isOtherwise(provider, asObject(line['body']) ?? {})) return []
        const [input, output] = [
          Number(extractor['input_price'] ?? Number.NaN),
          Number(extractor['output_price'] ?? Number.NaN),
        ]
        return [
          {
            name: `${provider} (${wire}) ${JSON.stringify(line['body']).slice(0, 300)}`,
            provider,
            wire,
            flavour: provider === 'x-ai' ? 'openai-reasoning-apart' : 'openai',
            model: asText(line['model']) ?? null,
            body: asObject(line['body']) ?? {},
            expected: asObject(usage) ?? {},
            price: Number.isNaN(input + output) ? null : input + output,
          },
        ]
      }),
    ),
  )
}

/** Our reading of it. */
export function readUsage(wire: Wire, { body, flavour }: RecordedUsage): Usage | undefined {
  const parts = wire.reply.read({ ...ENVELOPES[wire.id], ...body }, readReply(flavour))
  const found = parts.findLast(({ kind }) => kind === 'usage')
  return found?.kind === 'usage' ? found.usage : undefined
}

/** Our counts by the recording's names, those that it says. */
export function inTheirWords(usage: Usage, expected: JsonObject): JsonObject {
  const writes = usage.cacheWrite5m + usage.cacheWrite1h + usage.cacheWriteOther
  const ours: { readonly [name: string]: Json } = {
    input_tokens: inputTokens(usage),
    output_tokens: outputTokens(usage),
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: writes,
    output_reasoning_tokens: usage.reasoning,
  }
  return Object.fromEntries(Object.entries(ours).filter(([name]) => expected[name] !== undefined))
}

/** The counts of the recording that we have a word for. */
export const theirCounts = (expected: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(expected).filter(([name, value]) => WORDS.includes(name) && value !== undefined))

/** Dollars by one of our prices, for tokens alone: the recorded prices have no searches in them. */
export const dollars = (usage: Usage, price: Price): number => cost({ ...usage, searches: 0 }, price) / 1e9

/** Cached audio has a price of its own there, and prompts beyond 200,000 tokens had one of their own when the list was made. */
export const isPricedOtherwise = ({ expected }: RecordedUsage): boolean =>
  expected['cache_audio_read_tokens'] !== undefined || Number(expected['input_tokens'] ?? 0) > 200_000

const WORDS = ['input_tokens', 'output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'output_reasoning_tokens']

/**
 * xAI counts reasoning beside the answer on one endpoint and inside it on the other: the total decides (wire-formats 1.4). The list reads
 * every vendor's bodies as xAI's too, and takes no notice of the total.
 */
function isOtherwise(provider: string, body: JsonObject): boolean {
  const usage = asObject(body['usage']) ?? {}
  const [prompt, completion, total] = ['prompt_tokens', 'completion_tokens', 'total_tokens'].map((key) =>
    Number(usage[key] ?? 0),
  )
  return provider === 'x-ai' && total === (prompt ?? 0) + (completion ?? 0)
}

/** Which wire counts so. Providers that have a way of their own are not ours. */
function wireOf(provider: string, flavour: string): WireId | undefined {
  if (flavour === 'chat') return 'openai-chat'
  if (flavour === 'responses') return 'openai-responses'
  if (flavour === 'anthropic') return 'anthropic'
  if (flavour !== 'default') return undefined
  return OWN_WIRES[provider]
}

const OWN_WIRES: { readonly [provider: string]: WireId } = {
  anthropic: 'anthropic',
  google: 'gemini',
  groq: 'openai-chat',
  mistral: 'openai-chat',
  'x-ai': 'openai-chat',
  perplexity: 'openai-chat',
}

const ENVELOPES: { readonly [wire in WireId]: JsonObject } = {
  'openai-chat': {
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
  },
  'openai-responses': { object: 'response', id: 'resp_1', status: 'completed', output: [] },
  anthropic: { type: 'message', id: 'msg_1', role: 'assistant', content: [], stop_reason: 'end_turn' },
  gemini: { candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP' }] },
}
