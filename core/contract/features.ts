import type {
  Block,
  Chat,
  MediaBlock,
  Reasoning,
  ReasoningBlock,
  ResultBlock,
  Source,
  Tool,
  ToolChoice,
  Turn,
  WireId,
} from '../chat.ts'
import type { JsonObject } from '../json.ts'
import type { Feature } from '../loss.ts'
import { asking, assistant, PDF, PERSON, PNG, system, text, user, weather } from './chat-parts.ts'

/** A request that asks for one feature, and how to see in any Chat whether it is asked for. */
export interface FeatureCase {
  readonly chat: (wire: FeatureWire) => Chat
  /** The feature as it stands in a Chat; `undefined` where it does not. */
  readonly shown: (chat: Chat) => unknown
}

/** What differs by wire: whose proofs it may give back, and a tool that it alone knows, in its own spelling. */
export interface FeatureWire {
  readonly id: WireId
  readonly foreignTool: { readonly type: string; readonly json: JsonObject }
}

/** One case for each feature: the compiler asks for it. */
export const FEATURE_CASES: { readonly [feature in Feature]: FeatureCase } = {
  system: {
    chat: () => asking({ turns: [system('Be brief.'), user(text('Hello'))] }),
    shown: ({ turns }) => present(turns[0]?.role === 'system' ? textsOf(turns[0]) : []),
  },
  'system.later': {
    chat: () =>
      asking({ turns: [user(text('Hello')), assistant(text('Hi')), system('Now in French.'), user(text('Go on'))] }),
    shown: ({ turns }) => {
      const at = turns.findIndex(({ role }) => role === 'system')
      return at > 0 ? turns.slice(0, at + 1).map((turn) => [turn.role, ...textsOf(turn)]) : undefined
    },
  },
  'turn.name': {
    chat: () => asking({ turns: [{ ...user(text('Hello')), name: 'ada' }] }),
    shown: ({ turns }) => turns.find(({ name }) => name !== undefined)?.name,
  },
  'turn.assistantLast': {
    chat: () => asking({ turns: [user(text('Name a colour')), assistant(text('The colour is'))] }),
    shown: ({ turns }) => present(turns.at(-1)?.role === 'assistant' ? textsOf(turns.at(-1)) : []),
  },
  'text.cacheMark': {
    chat: () => asking({ turns: [user({ kind: 'text', text: 'Long', cacheMark: {} }, text('Short'))] }),
    shown: (chat) =>
      present(blocksOf(chat).flatMap((block) => (block.kind === 'text' && block.cacheMark ? [block.text] : []))),
  },
  'text.citations': {
    chat: () =>
      asking({
        turns: [
          user(text('Who?')),
          assistant({
            kind: 'text',
            text: 'She did.',
            citations: [{ url: 'https://example.com/she', title: 'She', quote: 'it was she', start: 0, end: 8 }],
          }),
          user(text('Why?')),
        ],
      }),
    shown: (chat) =>
      present(
        blocksOf(chat).flatMap((block) => (block.kind === 'text' ? (block.citations ?? []).map(({ url }) => url) : [])),
      ),
  },
  'image.data': mediaCase('image', { kind: 'data', mediaType: 'image/png', base64: PNG }),
  'image.url': mediaCase('image', { kind: 'url', url: 'https://example.com/cat.png', mediaType: 'image/png' }),
  'image.id': mediaCase('image', { kind: 'id', id: 'file-abc123' }),
  'image.detail': {
    chat: () =>
      asking({
        turns: [
          user(text('What?'), {
            kind: 'image',
            source: { kind: 'data', mediaType: 'image/png', base64: PNG },
            detail: 'high',
          }),
        ],
      }),
    shown: (chat) => mediaOf(chat, 'image')?.detail,
  },
  'audio.data': mediaCase('audio', { kind: 'data', mediaType: 'audio/wav', base64: 'UklGRiQAAABXQVZF' }),
  video: mediaCase('video', { kind: 'data', mediaType: 'video/mp4', base64: 'AAAAIGZ0eXBpc29t' }),
  'file.data': mediaCase('file', { kind: 'data', mediaType: 'application/pdf', base64: PDF }),
  'file.url': mediaCase('file', { kind: 'url', mediaType: 'application/pdf', url: 'https://example.com/report.pdf' }),
  'file.id': mediaCase('file', { kind: 'id', id: 'file-abc123' }),
  'file.text': mediaCase('file', { kind: 'text', mediaType: 'text/plain', text: 'All is well.' }),
  'file.name': {
    chat: () =>
      asking({
        turns: [
          user(text('Sum up'), {
            kind: 'file',
            source: { kind: 'data', mediaType: 'application/pdf', base64: PDF },
            name: 'report.pdf',
          }),
        ],
      }),
    shown: (chat) => mediaOf(chat, 'file')?.name,
  },
  'call.custom': {
    chat: () =>
      asking({
        tools: [{ kind: 'custom', name: 'patch', description: 'Applies a patch' }],
        turns: [
          user(text('Fix it')),
          assistant({ kind: 'call', id: 'call_1', name: 'patch', input: { kind: 'custom', text: '*** begin\n+ "x"' } }),
          user({ kind: 'result', callId: 'call_1', name: 'patch', blocks: [text('done')], custom: true }),
        ],
      }),
    shown: (chat) => {
      const call = blocksOf(chat).find((block) => block.kind === 'call')
      return call?.kind === 'call' && call.input.kind === 'custom' ? [call.name, call.input.text] : undefined
    },
  },
  'result.media': {
    chat: () =>
      asking(
        answered({
          blocks: [text('a cat'), { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: PNG } }],
        }),
      ),
    shown: (chat) => mediaIn(resultOf(chat)?.blocks ?? [], 'image')?.source,
  },
  'result.isError': {
    chat: () => asking(answered({ blocks: [text('no such city')], isError: true })),
    shown: (chat) => (resultOf(chat)?.isError === true ? textOfBlocks(resultOf(chat)?.blocks) : undefined),
  },
  'reasoning.text': {
    chat: (wire) => asking(reasoned(wire.id)),
    shown: (chat) => reasoningOf(chat)?.text,
  },
  'reasoning.proof': {
    chat: (wire) => asking(reasoned(wire.id)),
    shown: (chat) => blocksOf(chat).find(({ proof }) => proof !== undefined)?.proof?.data,
  },
  refusal: {
    chat: () =>
      asking({ turns: [user(text('Do it')), assistant({ kind: 'refusal', text: 'I will not.' }), user(text('Why?'))] }),
    shown: (chat) => blocksOf(chat).find((block) => block.kind === 'refusal'),
  },
  'tool.strict': {
    chat: () => asking({ tools: [{ ...weather(), strict: true }] }),
    shown: ({ tools }) =>
      tools.flatMap((tool) => (tool.kind === 'function' && tool.strict === true ? [tool.name] : []))[0],
  },
  'tool.custom': {
    chat: () => asking({ tools: [{ kind: 'custom', name: 'patch', description: 'Applies a patch' }] }),
    shown: ({ tools }) => tools.find(({ kind }) => kind === 'custom'),
  },
  'tool.grammar': {
    chat: () =>
      asking({ tools: [{ kind: 'custom', name: 'sum', grammar: { syntax: 'lark', definition: 'start: /[0-9]+/' } }] }),
    shown: ({ tools }) => tools.flatMap((tool) => (tool.kind === 'custom' && tool.grammar ? [tool.grammar] : []))[0],
  },
  'tool.foreign': {
    chat: ({ id, foreignTool }) => asking({ tools: [{ kind: 'foreign', wire: id, ...foreignTool }] }),
    shown: ({ tools }) => tools.flatMap((tool) => (tool.kind === 'foreign' ? [tool.json] : []))[0],
  },
  'toolChoice.none': choiceCase({ kind: 'none' }),
  'toolChoice.required': choiceCase({ kind: 'required' }),
  'toolChoice.named': choiceCase({ kind: 'named', name: 'get_weather' }),
  'toolChoice.allowed': choiceCase({ kind: 'allowed', names: ['get_weather', 'get_time'], required: true }),
  parallelCalls: {
    chat: () => asking({ tools: [weather()], parallelCalls: false }),
    shown: ({ parallelCalls }) => parallelCalls,
  },
  'output.json': {
    chat: () => asking({ output: { kind: 'json' } }),
    shown: ({ output }) => (output?.kind === 'json' ? output : undefined),
  },
  'output.schema': {
    chat: () => asking({ output: { kind: 'schema', schema: PERSON, name: 'person', strict: true } }),
    shown: ({ output }) => (output?.kind === 'schema' ? output.schema : undefined),
  },
  'output.name': {
    chat: () => asking({ output: { kind: 'schema', schema: PERSON, name: 'somebody' } }),
    shown: ({ output }) => (output?.kind === 'schema' ? output.name : undefined),
  },
  'output.strict': {
    chat: () => asking({ output: { kind: 'schema', schema: PERSON, name: 'person', strict: true } }),
    shown: ({ output }) => (output?.kind === 'schema' ? output.strict : undefined),
  },
  outputTokensMax: scalarCase('outputTokensMax', 4_321),
  stops: scalarCase('stops', ['END', 'STOP']),
  temperature: scalarCase('temperature', 0.5),
  topP: scalarCase('topP', 0.9),
  topK: scalarCase('topK', 40),
  presencePenalty: scalarCase('presencePenalty', 0.5),
  frequencyPenalty: scalarCase('frequencyPenalty', 0.25),
  seed: scalarCase('seed', 7),
  logitBias: scalarCase('logitBias', { '50256': -100 }),
  logprobs: scalarCase('logprobs', { alternatives: 2 }),
  choices: scalarCase('choices', 2),
  'reasoning.off': reasoningCase({ mode: 'off' }, ({ mode }) => mode),
  'reasoning.auto': reasoningCase({ mode: 'auto' }, ({ mode }) => mode),
  'reasoning.betweenTools': reasoningCase({ mode: 'between-tools' }, ({ mode }) => mode),
  'reasoning.budget': reasoningCase({ mode: { budgetTokens: 2_048 } }, ({ mode }) =>
    typeof mode === 'object' ? mode : undefined,
  ),
  'reasoning.effort': reasoningCase({ effort: 'high' }, ({ effort }) => effort),
  'reasoning.shown': reasoningCase({ effort: 'high', text: 'shown' }, ({ text }) => text),
  verbosity: scalarCase('verbosity', 'low'),
  cacheKey: scalarCase('cacheKey', 'team-7'),
  cacheAutomatic: scalarCase('cacheAutomatic', {}),
  serviceTier: scalarCase('serviceTier', 'fast'),
  user: scalarCase('user', 'user-17'),
  store: scalarCase('store', true),
  metadata: scalarCase('metadata', { ticket: '4711' }),
}

/** One Chat that asks for many features at once. */
export function saturated(cases: readonly FeatureCase[], wire: FeatureWire): Chat {
  const chats = cases.map(({ chat }) => chat(wire))
  const tools = new Map<string, Tool>()
  for (const tool of chats.flatMap((chat) => chat.tools))
    tools.set(nameOf(tool), { ...tools.get(nameOf(tool)), ...tool })
  const turns = chats.flatMap((chat, index) => [
    ...chat.turns.map((turn) => renumbered(turn, index)),
    user(text('And?')),
  ])
  return { ...Object.assign({}, ...chats), tools: [...tools.values()], turns }
}

const nameOf = (tool: Tool): string => (tool.kind === 'foreign' ? ` ${tool.type}` : tool.name)

/** Ids of calls are unique in a conversation. */
function renumbered(turn: Turn, index: number): Turn {
  const blocks = turn.blocks.map((block): Block => {
    if (block.kind === 'call') return { ...block, id: `${block.id}_${index}` }
    return block.kind === 'result' ? { ...block, callId: `${block.callId}_${index}` } : block
  })
  return { ...turn, blocks }
}

function mediaCase(kind: MediaBlock['kind'], source: Source): FeatureCase {
  return {
    chat: () => asking({ turns: [user(text('What is this?'), { kind, source })] }),
    shown: (chat) => {
      const found = mediaOf(chat, kind, source.kind)?.source
      return found === undefined ? undefined : { ...found, mediaType: found.mediaType ?? source.mediaType }
    },
  }
}

function choiceCase(toolChoice: ToolChoice): FeatureCase {
  return {
    chat: () => asking({ tools: [weather(), { ...weather(), name: 'get_time' }], toolChoice }),
    shown: (chat) => (chat.toolChoice?.kind === toolChoice.kind ? chat.toolChoice : undefined),
  }
}

function scalarCase<Key extends keyof Chat>(key: Key, value: Chat[Key]): FeatureCase {
  return { chat: () => asking({ [key]: value }), shown: (chat) => chat[key] }
}

function reasoningCase(reasoning: Reasoning, shown: (reasoning: Reasoning) => unknown): FeatureCase {
  return {
    chat: () => asking({ reasoning }),
    shown: (chat) => (chat.reasoning === undefined ? undefined : shown(chat.reasoning)),
  }
}

/** A loop of one call, whose answer is the given one. */
const answered = (result: Partial<ResultBlock>): Partial<Chat> => ({
  tools: [weather()],
  turns: [
    user(text('How is the weather in Oslo?')),
    assistant(weatherCall()),
    user({ kind: 'result', callId: 'call_1', name: 'get_weather', blocks: [], ...result }),
  ],
})

/** The same with a signed thought before the call, as the wire's own vendor gave it. */
const reasoned = (wire: WireId): Partial<Chat> => ({
  tools: [weather()],
  turns: [
    user(text('How is the weather in Oslo?')),
    assistant(
      {
        kind: 'reasoning',
        text: 'I should look.',
        id: 'rs_1',
        proof: { wire, account: null, data: 'RXJVQkNrWUlCUmdDSWtEYQ==' },
      },
      weatherCall(),
    ),
    user({ kind: 'result', callId: 'call_1', name: 'get_weather', blocks: [text('Rain')] }),
  ],
})

const weatherCall = (): Block => ({
  kind: 'call',
  id: 'call_1',
  name: 'get_weather',
  input: { kind: 'function', text: '{"city":"Oslo"}' },
})

const present = <Item>(items: readonly Item[]): readonly Item[] | undefined => (items.length === 0 ? undefined : items)
const blocksOf = ({ turns }: Chat): readonly Block[] => turns.flatMap(({ blocks }) => blocks)
const textOfBlocks = (blocks: readonly Block[] = []): string =>
  blocks.map((block) => (block.kind === 'text' ? block.text : '')).join('')
const textsOf = (turn: Turn | undefined): readonly string[] => {
  const words = textOfBlocks(turn?.blocks)
  return words === '' ? [] : [words]
}
const mediaOf = (chat: Chat, kind: MediaBlock['kind'], source?: Source['kind']): MediaBlock | undefined =>
  mediaIn(blocksOf(chat), kind, source)
const mediaIn = (blocks: readonly Block[], kind: MediaBlock['kind'], source?: Source['kind']): MediaBlock | undefined =>
  blocks.find(
    (block): block is MediaBlock => block.kind === kind && (source === undefined || block.source.kind === source),
  )
const resultOf = (chat: Chat): ResultBlock | undefined =>
  blocksOf(chat).find((block): block is ResultBlock => block.kind === 'result')
const reasoningOf = (chat: Chat): ReasoningBlock | undefined =>
  blocksOf(chat).find((block): block is ReasoningBlock => block.kind === 'reasoning')
