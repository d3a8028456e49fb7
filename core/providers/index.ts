import type { ProviderKind } from '../provider.ts'
import { alibaba } from './alibaba.ts'
import { anthropic } from './anthropic.ts'
import { azureOpenai } from './azure-openai.ts'
import { cerebras } from './cerebras.ts'
import { deepseek } from './deepseek.ts'
import { demo } from './demo.ts'
import { fireworks } from './fireworks.ts'
import { gemini } from './gemini.ts'
import { groq } from './groq.ts'
import { holysheep } from './holysheep.ts'
import { llamaCpp } from './llama-cpp.ts'
import { lmStudio } from './lm-studio.ts'
import { mistral } from './mistral.ts'
import { moonshot } from './moonshot.ts'
import { ollama } from './ollama.ts'
import { openai } from './openai.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { openrouter } from './openrouter.ts'
import { perplexity } from './perplexity.ts'
import { sglang } from './sglang.ts'
import { together } from './together.ts'
import { vllm } from './vllm.ts'
import { xai } from './xai.ts'

/** Every vendor that there is, each in its own file. The order is that in which those of the environment stand in. */
export const PROVIDER_KINDS: readonly ProviderKind[] = [
  openai,
  azureOpenai,
  anthropic,
  gemini,
  openrouter,
  deepseek,
  groq,
  mistral,
  xai,
  together,
  fireworks,
  cerebras,
  perplexity,
  moonshot,
  alibaba,
  holysheep,
  ollama,
  vllm,
  sglang,
  lmStudio,
  llamaCpp,
  openaiCompatible,
  demo,
]

export const PROVIDER_KIND_IDS: readonly string[] = PROVIDER_KINDS.map((kind) => kind.id)

/** The kind with this id, or `undefined`. */
export const findKind = (id: string): ProviderKind | undefined => BY_ID.get(id)

const BY_ID: ReadonlyMap<string, ProviderKind> = new Map(PROVIDER_KINDS.map((kind) => [kind.id, kind]))
