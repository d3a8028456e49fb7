import type { WireId } from '../chat.ts'
import { blockParts, type CollectedBlock } from '../collect.ts'
import type { Part, PartContent, StopReason } from '../part.ts'
import { NO_USAGE, type Usage } from '../usage.ts'
import { PNG } from './chat-parts.ts'

/** A reply that some vendor may give, as parts. */
export interface ReplyCase {
  readonly name: string
  readonly parts: readonly Part[]
}

/** Replies of a vendor that speaks `wire`: whatever a client of any wire must be told. */
export const replyCases = (wire: WireId): readonly ReplyCase[] => [
  { name: 'a text', parts: reply([textBlock('Hello, wörld 🎈')]) },
  { name: 'a text in many pieces', parts: inPieces(reply([textBlock('one two three four é日本🎈 "five" \\ \n six')])) },
  { name: 'nothing at all', parts: reply([]) },
  { name: 'an empty text', parts: reply([textBlock('')]) },
  { name: 'two texts', parts: reply([textBlock('one'), textBlock('two')]) },
  { name: 'a thought and a text', parts: reply([thought(wire), textBlock('Rain.')]) },
  {
    name: 'a thought that only its signature came of',
    parts: reply([{ ...thought(wire), text: '' }, textBlock('Rain.')]),
  },
  { name: 'a hidden thought', parts: reply([hidden(wire), textBlock('Rain.')]) },
  { name: 'a thought without a signature', parts: reply([unsigned(), textBlock('Rain.')]) },
  { name: 'a call', parts: reply([call(0)], 'calls') },
  { name: 'a call without arguments', parts: reply([{ ...call(0), text: '' }], 'calls') },
  { name: 'a text and a call', parts: reply([textBlock('I look.'), call(0)], 'calls') },
  { name: 'a thought and two calls', parts: reply([thought(wire), call(0), call(1)], 'calls') },
  { name: 'a signed call', parts: reply([{ ...call(0), proof: proof(wire) }, call(1)], 'calls') },
  {
    name: 'parallel calls that come interleaved',
    parts: interleaved(reply([textBlock('I look.'), call(0), call(1), call(2)], 'calls')),
  },
  { name: 'a custom call', parts: reply([custom()], 'calls') },
  { name: 'calls although the vendor says stop', parts: reply([call(0)], 'stop') },
  {
    name: 'a refusal',
    parts: reply([{ content: { kind: 'refusal' }, text: 'I will not.', citations: [] }], 'refusal'),
  },
  { name: 'a text with its sources', parts: reply([cited()]) },
  { name: 'a picture', parts: reply([textBlock('Here:'), picture()]) },
  { name: 'several choices', parts: severalChoices() },
  { name: 'an answer that was cut by its limit', parts: reply([textBlock('It was a dark and')], 'length') },
  { name: 'a call that was cut by the limit', parts: reply([{ ...call(0), text: '{"city":"Os' }], 'length') },
  { name: 'an answer that the window was too small for', parts: reply([textBlock('It was')], 'context') },
  { name: 'an answer that met a stop string', parts: reply([textBlock('one, two')], 'sequence') },
  { name: 'an answer that pauses', parts: reply([textBlock('I search on.')], 'pause') },
  { name: 'an answer that a filter cut', parts: reply([textBlock('First you')], 'filter') },
  { name: 'a prompt that was blocked', parts: reply([], 'blocked') },
  { name: 'an answer that would have copied', parts: reply([textBlock('It is a truth')], 'recitation') },
  { name: 'a usage of every kind', parts: reply([textBlock('ok')], 'stop', EVERY_KIND) },
  { name: 'no usage', parts: reply([textBlock('ok')]).filter(({ kind }) => kind !== 'usage') },
]

/** The parts of one choice, as a vendor gives them whole. */
export function reply(
  blocks: readonly CollectedBlock[],
  reason: StopReason = 'stop',
  usage: Usage = USED,
): readonly Part[] {
  return [
    { kind: 'start', id: 'reply-1', model: 'served-model', createdAt: 1_790_000_000 },
    ...blocks.flatMap((block, index) => blockParts({ choice: 0, block: index }, block)),
    { kind: 'end', choice: 0, stop: { reason, native: null, ...(reason === 'sequence' ? { sequence: 'three' } : {}) } },
    { kind: 'usage', usage, serviceTier: null },
    { kind: 'finish' },
  ]
}

export const textBlock = (words: string): CollectedBlock => ({ content: { kind: 'text' }, text: words, citations: [] })

export const call = (index: number): CollectedBlock => ({
  content: { kind: 'call', id: `call_${index}`, name: index === 0 ? 'get_weather' : 'get_time', input: 'function' },
  text: JSON.stringify({ city: ['Oslo', 'Rome', '東京'][index] }),
  citations: [],
})

const USED: Usage = { ...NO_USAGE, input: 40, output: 20 }
const EVERY_KIND: Usage = {
  ...NO_USAGE,
  input: 100,
  cacheRead: 50,
  cacheWrite5m: 20,
  cacheWrite1h: 10,
  inputAudio: 7,
  inputImage: 6,
  output: 30,
  reasoning: 12,
  outputAudio: 5,
  outputImage: 4,
  searches: 2,
}

const proof = (wire: WireId) => ({ wire, account: 'main', data: 'RXJVQkNrWUlCUmdDSWtEYQ==' })
const thought = (wire: WireId): CollectedBlock => ({
  content: { kind: 'reasoning', id: 'rs_1' },
  text: 'I should look out of the window.',
  citations: [],
  proof: proof(wire),
})
const hidden = (wire: WireId): CollectedBlock => ({
  content: { kind: 'reasoning', redacted: true },
  text: '',
  citations: [],
  proof: proof(wire),
})
const unsigned = (): CollectedBlock => ({ content: { kind: 'reasoning' }, text: 'I should look.', citations: [] })
const custom = (): CollectedBlock => ({
  content: { kind: 'call', id: 'call_9', name: 'patch', input: 'custom' },
  text: '*** begin\n+ "x"',
  citations: [],
})
const cited = (): CollectedBlock => ({
  content: { kind: 'text' },
  text: 'Oslo is a city 🎈 in Norway.',
  citations: [{ url: 'https://example.com/oslo', title: 'Oslo', quote: 'a city', start: 8, end: 14 }],
})
const picture = (): CollectedBlock => ({
  content: { kind: 'media', mediaType: 'image/png', base64: PNG },
  text: '',
  citations: [],
})

/** Every delta cut into its letters. */
const inPieces = (parts: readonly Part[]): readonly Part[] =>
  parts.flatMap((part): readonly Part[] =>
    part.kind === 'delta' ? Array.from(part.text).map((text) => ({ ...part, text })) : [part],
  )

/** Blocks of the reply as OpenAI streams parallel calls: all open, then a letter of each in turn. */
function interleaved(parts: readonly Part[]): readonly Part[] {
  const first = parts.findIndex(({ kind }) => kind === 'open')
  const last = parts.findLastIndex(({ kind }) => kind === 'close')
  const blocks = Map.groupBy(inPieces(parts.slice(first, last + 1)), (part) => ('block' in part ? part.block : -1))
  const queues = [...blocks.values()]
  const longest = Math.max(...queues.map(({ length }) => length))
  const mixed = Array.from({ length: longest }, (_, at) => queues.flatMap((queue) => queue.slice(at, at + 1))).flat()
  return [...parts.slice(0, first), ...mixed, ...parts.slice(last + 1)]
}

function severalChoices(): readonly Part[] {
  const words = ['red', 'green', 'blue']
  const text: PartContent = { kind: 'text' }
  return [
    { kind: 'start', id: 'reply-1', model: 'served-model', createdAt: 1_790_000_000 },
    ...words.map((_, choice): Part => ({ kind: 'open', choice, block: 0, content: text })),
    ...words.flatMap((word, choice) =>
      Array.from(word).map((letter): Part => ({ kind: 'delta', choice, block: 0, text: letter })),
    ),
    ...words.map((_, choice): Part => ({ kind: 'close', choice, block: 0 })),
    ...words.map((_, choice): Part => ({ kind: 'end', choice, stop: { reason: 'stop', native: null } })),
    { kind: 'usage', usage: USED, serviceTier: null },
    { kind: 'finish' },
  ]
}
