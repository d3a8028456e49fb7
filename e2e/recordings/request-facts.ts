import type { Block, Chat, MediaBlock, Reasoning, ResultBlock, Tool, Turn } from '../../core/chat.ts'
import { asJson } from '../../core/contract/canonical.ts'
import { asObject, type Json, parseJson } from '../../core/json.ts'
import type { Feature } from '../../core/loss.ts'

/** What a request asks for, fact by fact; one that is not asked for is not there. */
export type RequestFacts = ReadonlyMap<RequestFact, Json>

export type RequestFact =
  | 'model'
  | 'stream'
  | 'conversation'
  | 'calls'
  | 'results'
  | 'tools'
  | 'tool.description'
  | 'tool.schema'
  | 'toolChoice'
  | 'reasoning.mode'
  | 'output'
  | Feature

/** The facts of a request as it was read. */
export function requestFacts(chat: Chat): RequestFacts {
  const blocks = chat.turns.flatMap((turn) => turn.blocks)
  const leading = chat.turns.findIndex(({ role }) => role !== 'system')
  const [head, body] = leading < 0 ? [chat.turns, []] : [chat.turns.slice(0, leading), chat.turns.slice(leading)]
  const facts: Partial<Record<RequestFact, unknown>> = {
    stream: chat.stream || undefined,
    system: some(head.map(textIn).join('\n')),
    'system.later': list(body.filter(({ role }) => role === 'system').map(textIn)),
    conversation: list(conversation(body)),
    'turn.name': list(chat.turns.flatMap(({ name }) => name ?? [])),
    'text.cacheMark': list(blocks.flatMap(({ kind, cacheMark }) => (cacheMark === undefined ? [] : [kind]))),
    calls: list(blocks.flatMap(callIn)),
    results: list(resultsIn(blocks)),
    'result.media': list(blocks.flatMap((block) => (block.kind === 'result' ? mediaIn(block.blocks) : []))),
    'reasoning.text': list(
      blocks.flatMap((block) => (block.kind === 'reasoning' && block.text !== '' ? [block.text] : [])),
    ),
    'reasoning.proof': list(blocks.flatMap(({ proof }) => (proof === undefined ? [] : [proof.data]))),
    refusal: list(blocks.flatMap((block) => (block.kind === 'refusal' ? [block.text] : []))),
    ...mediaFacts(blocks),
    ...toolFacts(chat.tools),
    toolChoice: chat.toolChoice,
    parallelCalls: chat.parallelCalls,
    output: chat.output?.kind,
    ...(chat.output?.kind === 'schema'
      ? { 'output.schema': chat.output.schema, 'output.name': chat.output.name, 'output.strict': chat.output.strict }
      : {}),
    ...reasoningFacts(chat.reasoning),
    ...settings(chat),
  }
  return new Map(
    Object.entries(facts).flatMap(([fact, value]) =>
      value === undefined ? [] : [[fact as RequestFact, asJson(value)] as const],
    ),
  )
}

const settings = (chat: Chat): Partial<Record<RequestFact, unknown>> => {
  const { outputTokensMax, stops, temperature, topP, topK, presencePenalty, frequencyPenalty, seed, logitBias } = chat
  const { logprobs, choices, verbosity, cacheKey, cacheAutomatic, serviceTier, user, store, metadata } = chat
  const sampling = {
    outputTokensMax,
    stops,
    temperature,
    topP,
    topK,
    presencePenalty,
    frequencyPenalty,
    seed,
    logitBias,
  }
  return { ...sampling, logprobs, choices, verbosity, cacheKey, cacheAutomatic, serviceTier, user, store, metadata }
}

const reasoningFacts = (reasoning: Reasoning = {}): Partial<Record<RequestFact, unknown>> => ({
  'reasoning.mode': typeof reasoning.mode === 'object' ? undefined : reasoning.mode,
  'reasoning.budget': typeof reasoning.mode === 'object' ? reasoning.mode.budgetTokens : undefined,
  'reasoning.effort': reasoning.effort,
  'reasoning.shown': reasoning.text,
})

function toolFacts(tools: readonly Tool[]): Partial<Record<RequestFact, unknown>> {
  const functions = tools.filter((tool) => tool.kind === 'function')
  const customs = tools.filter((tool) => tool.kind === 'custom')
  return {
    tools: list(functions.map(({ name }) => name)),
    'tool.description': named(functions.map(({ name, description }) => [name, description])),
    'tool.schema': named(functions.map(({ name, schema }) => [name, schema])),
    'tool.strict': named(functions.map(({ name, strict }) => [name, strict])),
    'tool.custom': list(customs.map(({ name, description }) => ({ name, description }))),
    'tool.grammar': list(customs.flatMap(({ grammar }) => grammar ?? [])),
    'tool.foreign': list(tools.flatMap((tool) => (tool.kind === 'foreign' ? [tool.type] : []))),
  }
}

/** Texts of each side, one after the other: what is said, not in how many pieces. */
function conversation(turns: readonly Turn[]): readonly (readonly [role: string, text: string])[] {
  const said: [string, string][] = []
  for (const turn of turns) {
    const text = textIn(turn)
    if (turn.role === 'system' || text === '') continue
    const last = said.at(-1)
    if (last?.[0] === turn.role) last[1] = `${last[1]}\n${text}`
    else said.push([turn.role, text])
  }
  return said
}

const textIn = ({ blocks }: Turn): string =>
  blocks.flatMap((block) => (block.kind === 'text' && block.text.trim() !== '' ? [block.text.trim()] : [])).join('\n')

/** Ids are the wire's business: what they tie together stands in `results`. */
const callIn = (block: Block): readonly Json[] =>
  block.kind === 'call'
    ? [[block.name, block.input.kind === 'custom' ? block.input.text : givenIn(block.input.text)]]
    : []

const givenIn = (text: string): Json => (text.trim() === '' ? {} : (parseJson(text) ?? text))

/** Each answer with the number of the call that it answers. */
function resultsIn(blocks: readonly Block[]): readonly Json[] {
  const ids = blocks.flatMap((block) => (block.kind === 'call' ? [block.id] : []))
  const results = blocks.filter((block): block is ResultBlock => block.kind === 'result')
  return results
    .map((result): readonly [number, Json] => [ids.indexOf(result.callId), resultText(result)])
    .toSorted(([a], [b]) => a - b)
}

/** A JSON answer counts as what it says. */
const resultText = ({ blocks }: ResultBlock): Json => {
  const text = blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n')
  return parseJson(text) ?? text
}

function mediaFacts(blocks: readonly Block[]): Partial<Record<RequestFact, unknown>> {
  const all = blocks.filter((block): block is MediaBlock => ['image', 'audio', 'video', 'file'].includes(block.kind))
  const facts = Map.groupBy(all, ({ kind, source }) => featureOf(kind, source.kind))
  return {
    ...Object.fromEntries([...facts].map(([fact, media]) => [fact, media.map(contentOf)])),
    'image.detail': list(all.flatMap(({ kind, detail }) => (kind === 'image' ? (detail ?? []) : []))),
    'file.name': list(all.flatMap(({ kind, name }) => (kind === 'file' ? (name ?? []) : []))),
  }
}

const featureOf = (kind: MediaBlock['kind'], source: MediaBlock['source']['kind']): string =>
  kind === 'video' ? 'video' : kind === 'audio' ? 'audio.data' : `${kind}.${source}`

const mediaIn = (blocks: readonly Block[]): readonly Json[] =>
  blocks.flatMap((block) => ('source' in block ? [contentOf(block)] : []))

const contentOf = ({ source }: MediaBlock): string => {
  switch (source.kind) {
    case 'data':
      return source.base64
    case 'url':
      return source.url
    case 'id':
      return source.id
    case 'text':
      return source.text
  }
}

const some = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim())
const list = <Item>(items: readonly Item[]): readonly Item[] | undefined => (items.length === 0 ? undefined : items)
const named = (entries: readonly (readonly [string, unknown])[]): unknown => {
  const known = entries.filter(([, value]) => value !== undefined)
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** Something that a person or program wrote, and the fields that it stands under. */
export interface Word {
  readonly text: string
  readonly path: readonly string[]
}

/** The words of a body, wherever they stand: what must not vanish, seen without reading the wire. */
export function wordsIn(body: Json): readonly Word[] {
  const words: Word[] = []
  const walk = (value: Json, path: readonly string[]): void => {
    const key = path.findLast((step) => FREE.has(step)) ?? path.at(-1) ?? ''
    if (typeof value === 'string') {
      const inner = WRITTEN_JSON.has(key) ? parseJson(value) : undefined
      if (typeof inner === 'object' && inner !== null) walk(inner, [...path, 'args'])
      else if (WORDS.has(key))
        words.push(...value.split(/\n\n+/).flatMap((text) => (text.trim() === '' ? [] : [{ text: text.trim(), path }])))
      return
    }
    if (Array.isArray(value)) for (const item of value) walk(item, path)
    else for (const [name, item] of Object.entries(asObject(value) ?? {})) walk(item, [...path, name])
  }
  walk(body, [])
  return words
}

const WORDS: ReadonlySet<string> = new Set([
  'text',
  'content',
  'input',
  'output',
  'instructions',
  'system',
  'description',
  'args',
  'result',
  'error',
  'title',
  'thinking',
])
const WRITTEN_JSON: ReadonlySet<string> = new Set(['arguments', 'output', 'content', 'text'])
/** Below these everything is somebody's own. */
const FREE: ReadonlySet<string> = new Set(['args', 'response'])
