import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WireId } from '../../core/chat.ts'
import { eventsIn } from '../../core/contract/streams.ts'
import { asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { ReadReply, StreamEvent } from '../../core/wire.ts'
import { chunksOf, text } from './json-parts.ts'
import { factsOf } from './raw-reply.ts'
import { lastResponse, wholeOf } from './raw-stream.ts'

/** Beside the repository, because it is nobody's of this project: real exchanges with real vendors. */
export const recordingsFolder = fileURLToPath(new URL('../../../shared/recordings/', import.meta.url))

/** Why the recordings cannot be replayed, or `null`. */
export const recordingsMissing = (): string | null =>
  existsSync(join(recordingsFolder, 'INDEX.md')) ? null : 'no folder ../shared/recordings beside the repository'

/** One exchange, as far as it was recorded. */
export interface Recording {
  /** Its place in the folder, for people. */
  readonly name: string
  readonly wire: WireId
  /** Exchanges of one case ask for the same thing, each in its own wire. */
  readonly sameCase: string | null
  /** Whether it begins its case: later ones quote an answer. */
  readonly isFirst: boolean
  readonly request: JsonObject | null
  /** What the path said, on the wire where it does. */
  readonly model: string
  readonly reply: JsonObject | null
  readonly stream: readonly StreamEvent[] | null
  readonly error: RecordedError | null
  readonly flavour: ReadReply['flavour']
}

export interface RecordedError {
  readonly status: number
  readonly body: Json
}

/** Everything that belongs to one of our four wires. */
export const loadRecordings = (): readonly Recording[] => [
  ...files('lingua/cases/*/*.json').flatMap(lingua),
  ...files('vercel-ai/*/*').flatMap(single),
  ...files('anthropic-sdk/**/*.{sse,txt}').flatMap(single),
  ...files('js-genai/*.json').flatMap(sdkRecording),
  ...files('gemini-cli/*.responses').flatMap(cliScript),
]

/** Usage bodies of many vendors with what they mean: one in a line. */
export const loadUsages = (): readonly JsonObject[] =>
  textOf(join(recordingsFolder, 'genai-prices/usages.jsonl'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => asObject(parseJson(line)) ?? {})

const FORMATS: { readonly [format: string]: WireId } = {
  'chat-completions': 'openai-chat',
  responses: 'openai-responses',
  anthropic: 'anthropic',
  'bedrock-anthropic': 'anthropic',
  'vertex-anthropic': 'anthropic',
  google: 'gemini',
}
/** Their bodies are not quite the wire's own: the model stands in the path, and the version in the body. */
const REWRAPPED = ['bedrock-anthropic', 'vertex-anthropic']

const files = (pattern: string): readonly string[] =>
  globSync(pattern, { cwd: recordingsFolder })
    .toSorted()
    .map((path) => join(recordingsFolder, path))
const textOf = (path: string): string => readFileSync(path, 'utf8')
const nameOf = (path: string): string =>
  relative(recordingsFolder, path)
    .split(sep)
    .join('/')
    .replace(/\.(json|txt|sse|responses)$/, '')

/** An error alone has lost its status: OpenAI's own for its type (wire-formats 1.9). */
const STATUSES: { readonly [word: string]: number } = {
  invalid_request_error: 400,
  insufficient_quota: 429,
  server_error: 500,
}

const NOTHING = {
  sameCase: null,
  isFirst: false,
  request: null,
  model: 'model',
  reply: null,
  stream: null,
  error: null,
  flavour: 'openai',
} as const

/** One file holds an exchange and the one that followed it. */
function lingua(path: string): readonly Recording[] {
  const json = asObject(parseJson(textOf(path))) ?? {}
  const format = asText(json['format']) ?? ''
  const wire = FORMATS[format]
  if (wire === undefined) return []
  const exchange = (prefix: string): Recording => {
    const request = REWRAPPED.includes(format) ? null : (asObject(json[`${prefix}request`]) ?? null)
    const chunks = asList(json[`${prefix}response_streaming`])
    return {
      ...NOTHING,
      name: `${nameOf(path)}${prefix === '' ? '' : ' (follow-up)'}`,
      wire,
      sameCase: `${asText(json['case'])}${prefix}`,
      isFirst: prefix === '',
      request,
      model: asText(request?.['model']) ?? 'model',
      reply: asObject(json[`${prefix}response`]) ?? null,
      stream: chunks === undefined ? null : streamOf(wire, eventsOf(wire, chunks)),
      error: prefix === '' ? errorIn(asObject(json['error'])?.['error']) : null,
    }
  }
  return [exchange(''), exchange('followup_')].filter(isAnything)
}

/** An SDK's own words around the vendor's body: `Error: 400 {"type":"error",...}`. */
function errorIn(value: Json | undefined): RecordedError | null {
  const text = asText(value)
  if (text === undefined) return null
  const start = text.indexOf('{')
  const body = start < 0 ? undefined : parseJson(text.slice(start))
  const code = /\b([45]\d\d)\b/.exec(text)?.[1]
  return code === undefined ? null : { status: Number(code), body: body ?? text.replace(/^.*?\d{3} /, '') }
}

/** A body, or the data of a stream, alone. */
function single(path: string): readonly Recording[] {
  const content = textOf(path)
  // How this vendor counts is said by its provider kind, which the folder stands for here.
  const flavour = /xai/.test(nameOf(path)) ? 'openai-reasoning-apart' : 'openai'
  const recording = { ...NOTHING, name: nameOf(path), flavour } as const
  if (path.endsWith('.json')) {
    const body = asObject(parseJson(content)) ?? {}
    const wire = wireOfReply(body)
    if (wire !== undefined) return [{ ...recording, wire, reply: body }]
    const error = asObject(body['error'])
    if (error === undefined) return []
    const status = STATUSES[text(error['code'])] ?? STATUSES[text(error['type'])]
    return status === undefined ? [] : [{ ...recording, wire: 'openai-chat', error: { status, body } }]
  }
  const framed = /^(event|data):/m.test(content)
  const chunks = framed
    ? eventsIn(content).flatMap(({ data }) => parseJson(data) ?? [])
    : content.split('\n').flatMap((line) => parseJson(line) ?? [])
  const wire = wireOfEvent(asObject(chunks[0]) ?? {})
  return wire === undefined
    ? []
    : [{ ...recording, wire, stream: streamOf(wire, framed ? eventsIn(content) : eventsOf(wire, chunks)) }]
}

/** Google's own format: several interactions, each a request and the segments of its answer. */
function sdkRecording(path: string): readonly Recording[] {
  const interactions = asList((asObject(parseJson(textOf(path))) ?? {})['interactions']) ?? []
  return interactions.flatMap((interaction, index): readonly Recording[] => {
    const { request, response } = asObject(interaction) ?? {}
    const url = asText(asObject(request)?.['url']) ?? ''
    const [, model = '', method] = /models\/([^:/]+):(\w+)/.exec(url) ?? []
    if (method !== 'generateContent' && method !== 'streamGenerateContent') return []
    const segments = asList(asObject(response)?.['bodySegments']) ?? []
    const status = Number(asObject(response)?.['statusCode'] ?? 200)
    return [
      {
        ...NOTHING,
        name: `${nameOf(path)} #${index}`,
        wire: 'gemini',
        request: asObject(asList(asObject(request)?.['bodySegments'])?.[0]) ?? null,
        model,
        reply: status < 400 && method === 'generateContent' ? (asObject(segments[0]) ?? null) : null,
        stream:
          status < 400 && method === 'streamGenerateContent' ? streamOf('gemini', eventsOf('gemini', segments)) : null,
        error: status < 400 ? null : { status, body: segments[0] ?? null },
      },
    ]
  })
}

function cliScript(path: string): readonly Recording[] {
  const lines = textOf(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => asObject(parseJson(line)) ?? {})
  return lines.flatMap(({ method, response }, index): readonly Recording[] => {
    const recording = { ...NOTHING, name: `${nameOf(path)} #${index}`, wire: 'gemini' } as const
    const chunks = asList(response)
    if (method === 'generateContent') return [{ ...recording, reply: asObject(response) ?? null }]
    return method === 'generateContentStream' && chunks !== undefined
      ? [{ ...recording, stream: streamOf('gemini', eventsOf('gemini', chunks)) }]
      : []
  })
}

function wireOfReply(body: JsonObject): WireId | undefined {
  if (body['object'] === 'chat.completion') return 'openai-chat'
  if (body['object'] === 'response') return 'openai-responses'
  if (body['type'] === 'message') return 'anthropic'
  return asList(body['candidates']) === undefined ? undefined : 'gemini'
}

function wireOfEvent(chunk: JsonObject): WireId | undefined {
  if (chunk['object'] === 'chat.completion.chunk') return 'openai-chat'
  if (asText(chunk['type'])?.startsWith('response.') === true) return 'openai-responses'
  if (chunk['type'] === 'message_start') return 'anthropic'
  return asList(chunk['candidates']) === undefined ? undefined : 'gemini'
}

/**
 * One reply, or `null` where the file holds none of this wire: some were put together by hand in a form that no vendor sends, and some
 * hold a second reply inside the first, which the vendor's own SDK refuses. Of several replies behind each other the first one counts.
 */
function streamOf(wire: WireId, events: readonly StreamEvent[]): readonly StreamEvent[] | null {
  const chunks = chunksOf(events)
  if (wireOfEvent(chunks[0] ?? {}) !== wire) return null
  if (wire === 'openai-responses') return isShortened(events) ? null : events
  if (wire !== 'anthropic') return events
  const stop = chunks.findIndex(({ type }) => type === 'message_stop')
  const first = stop < 0 ? events : events.slice(0, stop + 1)
  return chunksOf(first).filter(({ type }) => type === 'message_start').length > 1 ? null : first
}

/** Whether somebody left out deltas, so that they no longer add up to what the end of the stream says. */
function isShortened(events: readonly StreamEvent[]): boolean {
  const last = lastResponse(events)
  if (last === undefined) return false
  const [said, added] = [
    factsOf('openai-responses', last).text,
    factsOf('openai-responses', wholeOf('openai-responses', events)).text,
  ]
  return said !== '' && said !== added
}

/** Framed as the vendor does it: named where its events have types, with `[DONE]` on OpenAI's chat wire. */
function eventsOf(wire: WireId, chunks: readonly Json[]): readonly StreamEvent[] {
  const named = wire === 'anthropic' || wire === 'openai-responses'
  const events = chunks.map(
    (chunk): StreamEvent => ({
      name: named ? asText(asObject(chunk)?.['type']) : undefined,
      data: JSON.stringify(chunk),
    }),
  )
  return wire === 'openai-chat' ? [...events, { name: undefined, data: '[DONE]' }] : events
}

const isAnything = ({ request, reply, stream, error }: Recording): boolean =>
  request !== null || reply !== null || stream !== null || error !== null
