import type { Json, JsonObject } from '../../json.ts'
import type { WriteReply } from '../../wire.ts'
import { writeServiceTier } from './usage.ts'

/** What stands in every chunk of one stream. Made once: a stream has thousands of them. */
export interface Chunks {
  /** One choice's delta, as JSON text. */
  readonly delta: (choice: number, delta: string) => string
  /** The last chunk of a choice. */
  readonly end: (choice: number, reason: string, native: string | undefined) => string
  /** The chunk behind all choices that holds nothing but the usage. */
  readonly usage: (usage: JsonObject, serviceTier: string | null) => string
}

/** What names the reply in each of its chunks. */
export interface Envelope {
  readonly id: string
  readonly object: string
  readonly created: number
  readonly model: string
}

/** OpenAI's grammar: `usage` is null in every chunk but the last where the client asked for it, and nowhere where it did not. */
export function chunksOf({ id, object, created, model }: Envelope, { usageAsked }: WriteReply): Chunks {
  const head = `data: ${JSON.stringify({ id, object, created, model }).slice(0, -1)},"choices":[`
  const tail = usageAsked ? '],"usage":null}\n\n' : ']}\n\n'
  return {
    delta: (choice, delta) => `${head}{"index":${choice},"delta":${delta},"logprobs":null,"finish_reason":null}${tail}`,
    end: (choice, reason, native) => {
      const word = native === undefined ? '' : `,"native_finish_reason":${JSON.stringify(native)}`
      return `${head}{"index":${choice},"delta":{},"logprobs":null,"finish_reason":${JSON.stringify(reason)}${word}}${tail}`
    },
    usage: (usage, serviceTier) => {
      const tier = serviceTier === null ? '' : `,"service_tier":${JSON.stringify(writeServiceTier(serviceTier))}`
      return `${head}],"usage":${JSON.stringify(usage)}${tier}}\n\n`
    },
  }
}

/** A delta of one field, as JSON text. */
export const deltaOf = (field: string, value: Json): string => `{"${field}":${JSON.stringify(value)}}`

/** The wire's terminal. */
export const DONE = 'data: [DONE]\n\n'
