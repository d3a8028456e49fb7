import { originalCallId } from '../../core/call-id.ts'
import type { WireId } from '../../core/chat.ts'
import { asList } from '../../core/json.ts'
import type { Loss } from '../../core/loss.ts'
import {
  answers,
  areUnique,
  bareCalls,
  idsIn,
  isDefault,
  isNothing,
  looseSchema,
  same,
  speakers,
  squeezed,
  withoutWrites,
} from './alike.ts'
import type { Difference } from './differences.ts'
import type { RequestFact, RequestFacts } from './request-facts.ts'

export interface Comparison {
  readonly from: WireId
  readonly to: WireId
  /** `kept`: what was asked against what was written of it. `native`: the request of the same case in its own wire. `reply`: an answer. */
  readonly kind: 'kept' | 'native' | 'reply'
  readonly losses: readonly Loss[]
  /** What the client asked, where a native request is the measure. */
  readonly asked?: RequestFacts
}

/** A difference that is none by its meaning: the whole list of what this suite looks away from, each with its reason. */
interface Ignored {
  readonly reason: string
  readonly applies: (difference: Difference, comparison: Comparison) => boolean
}

const IGNORED: readonly Ignored[] = [
  {
    reason: 'the target demands a limit for its answer, so there is one where none was asked for',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'outputTokensMax' && expected === undefined && got !== undefined && to === 'anthropic',
  },
  {
    reason: 'what the vendor says about itself, or the recorder added: no client counts on it',
    applies: ({ fact, got }) => got === undefined && VENDORS_OWN.some((field) => fact.endsWith(`.${field}`)),
  },
  {
    reason: 'a piece of a call has only what is new of it',
    applies: ({ fact }) => /^\{chat.completion.chunk\}\.choices\[\]\.delta\.tool_calls\[\].*\.function$/.test(fact),
  },
  {
    reason:
      'counts come with the last event where the vendor says them only then, and not at all where it never says them',
    applies: ({ fact, got }) =>
      got === undefined && ['.usageMetadata', '.usage', '{chat.completion}.usage'].includes(fact),
  },
  {
    reason: 'a call that never had a signature gets the word that the vendor documents for that (wire-formats 1.5.2)',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'reasoning.proof' &&
      to === 'gemini' &&
      same(
        asList(got)?.filter((proof) => proof !== UNSIGNED),
        expected ?? [],
      ),
  },
  {
    reason: 'a source that is cited several times stands in one list there, once',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'citations' && to === 'gemini' && same([...new Set(asList(expected))], [...new Set(asList(got))]),
  },
  {
    reason: 'the vendor is told not to keep a conversation that it would keep otherwise',
    applies: ({ fact, expected, got }) => fact === 'store' && expected === undefined && got === false,
  },
  {
    reason: 'a vendor that keeps no conversation need not be told not to',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'store' && expected === false && got === undefined && to === 'anthropic',
  },
  {
    reason: 'a name that the target demands and nobody gave is made up',
    applies: ({ fact, expected, got }, { from }) =>
      fact === 'output.name' && got !== undefined && (expected === undefined || NAMELESS.includes(from)),
  },
  {
    reason: 'Claude thinks only when it is told so: an amount of reasoning comes with the word for it',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'reasoning.mode' && to === 'anthropic' && expected === undefined && got === 'auto',
  },
  {
    reason: 'Claude shows what it thinks within a budget unless it is told not to',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'reasoning.shown' && to === 'anthropic' && expected === undefined && got === 'shown',
  },
  {
    reason: 'pieces of a text are set apart by line ends where there are no pieces',
    applies: ({ fact, expected, got }) => PIECED.includes(fact) && same(squeezed(expected), squeezed(got)),
  },
  {
    reason: 'free text for a custom tool is the one field of an object where calls are objects',
    applies: ({ fact, expected, got }) => fact === 'calls' && same(bareCalls(expected), bareCalls(got)),
  },
  {
    reason: 'the vendor gave its calls no ids: each gets one of its own',
    applies: ({ fact, expected, got }) =>
      fact === 'call ids' && idsIn(expected).every((id) => id === '') && areUnique(idsIn(got)),
  },
  {
    reason: 'ids of calls are spelt in the letters of the wire, and can be read back',
    applies: ({ fact, expected, got }) =>
      fact === 'call ids' && same([...idsIn(expected)], idsIn(got).map(originalCallId)),
  },
  {
    reason: 'a field that says what is so without it (auto, standard, text, false, an empty list)',
    applies: ({ fact, expected, got }) => isDefault(fact, expected) && isDefault(fact, got),
  },
  {
    reason: 'a JSON schema in the spelling of Gemini: types in capitals, no `additionalProperties: false`',
    applies: ({ fact, expected, got }) => SCHEMAS.includes(fact) && same(looseSchema(expected), looseSchema(got)),
  },
  {
    reason: 'a tool’s answer must be an object there: it stands in a field of one, or is said as text',
    applies: ({ fact, expected, got }) => fact === 'results' && same(answers(expected), answers(got)),
  },
  {
    reason: 'Anthropic has one word for what is asked of strictness in a schema: it is always kept',
    applies: ({ fact }, { from, to }) =>
      fact === 'output.strict' && (to === 'anthropic' || from === 'anthropic' || to === 'gemini' || from === 'gemini'),
  },
  {
    reason:
      'amounts of reasoning have no true conversion: a level and a budget are only compared as being there (wire-formats 1.5.1)',
    applies: ({ fact, got }, { kind, asked }) =>
      kind === 'native' &&
      AMOUNTS.includes(fact) &&
      (got !== undefined || AMOUNTS.some((amount) => asked?.has(amount) === true)),
  },
  {
    reason: 'the case asks for something else in its own wire: what was asked was written as it was asked',
    applies: ({ fact, got }, { kind, asked }) =>
      kind === 'native' && !CONTENT.includes(fact) && same(asked?.get(fact as RequestFact), got),
  },
  {
    reason: 'the case asks for something else in its own wire: what was asked was written in the way of the target',
    applies: ({ fact, got }, comparison) =>
      comparison.kind === 'native' &&
      !CONTENT.includes(fact) &&
      isIgnored({ fact, expected: comparison.asked?.get(fact as RequestFact), got }, { ...comparison, kind: 'kept' }),
  },
  {
    reason: 'the case is put in other words in its own wire: who speaks when is the same',
    applies: ({ fact, expected, got }, { kind, asked }) =>
      kind === 'native' &&
      fact === 'conversation' &&
      same(asked?.get(fact), got) &&
      same(speakers(expected), speakers(got)),
  },
  {
    reason: 'the case asks for something else in its own wire: it was dropped or clamped on the way, and reported',
    applies: ({ fact }, { kind, losses }) => kind === 'native' && isReported(fact, losses),
  },
  {
    reason: 'a wire without a place for usage or model of its own repeats nothing that the vendor did not say',
    applies: ({ fact, expected, got }) =>
      (fact === 'usage' || fact === 'model') && isNothing(expected) && !isNothing(got),
  },
  {
    reason: 'Gemini has no word for tokens that were written to a cache',
    applies: ({ fact, expected, got }, { to }) =>
      fact === 'usage' && to === 'gemini' && same(withoutWrites(expected), withoutWrites(got)),
  },
  {
    reason: 'a field that is there only where somebody asked for it, or that has another spelling',
    applies: ({ fact, got }) => got === undefined && OPTIONAL.some((field) => fact.endsWith(field)),
  },
  {
    reason: 'what was never the vendor’s own has no name and no state there',
    applies: ({ fact, got }) =>
      got === undefined && /^\.(input|messages)\[\].*\.(id|status|description)$|^\.tools\[\].*description$/.test(fact),
  },
]

/** What differs and is neither ignored nor reported, and what was reported. `counts` gets how often each reason applied. */
export function judged(
  differences: readonly Difference[],
  comparison: Comparison,
  counts: Map<string, number>,
): { readonly disagree: readonly Difference[]; readonly reported: readonly Difference[] } {
  const left = differences.filter((difference) => {
    const rule = IGNORED.find(({ applies }) => applies(difference, comparison))
    if (rule !== undefined) counts.set(rule.reason, (counts.get(rule.reason) ?? 0) + 1)
    return rule === undefined
  })
  return {
    reported: left.filter(({ fact }) => isReported(fact, comparison.losses)),
    disagree: left.filter(({ fact }) => !isReported(fact, comparison.losses)),
  }
}

/** Every reason, also those that never applied: a rule that nothing needs should go. */
export const IGNORED_REASONS: readonly string[] = IGNORED.map(({ reason }) => reason)

/** Fields whose absence this suite cannot notice, by writer and path, each with the reason why that may be. */
export const MAY_MISS: readonly { readonly field: RegExp; readonly reason: string }[] = [
  { field: /service_?tier$|\.n$|detail$|strict$/i, reason: 'it was written with the value that holds without it' },
  {
    field: /(presence|frequency)_penalty$|completed_at$|native_finish_reason$|\.logprobs$|stop_details/,
    reason: 'not every answer of the vendor has it',
  },
  { field: /^openai-responses request \.input\[\]<message>\.type$/, reason: 'a message is one without it' },
  {
    field: /encrypted_content$|content_block<thinking>\.signature$/,
    reason: 'it is said again in a later event of the same item',
  },
  {
    field: /delta\.refusal$|usage\.output_tokens_details|message_delta>\.usage\.cache_creation/,
    reason: 'a null or a zero of the first event, which a later one says for good',
  },
  {
    field: /reasoning_details\[\]|images\[\]|image_tokens$|server_tool_use|web_search_requests$/,
    reason: 'not of the wire’s own API: nodes have added it, and it says what stands elsewhere too',
  },
  {
    field:
      /(start|end)_?index$|startIndex$|endIndex$|cited_text$|encrypted_index$|citation.*(type|title)$|groundingSupports/i,
    reason: 'where exactly a source is cited is held by fixtures',
  },
  {
    field: /^(gemini|anthropic) request .*(includeThoughts|display)$/,
    reason: 'how much of a thought is shown comes with a loss anyway, because there are fewer ways',
  },
  {
    field: /^gemini request .*function(Call|Response)\.id$/,
    reason: 'calls and answers belong together by their order as well',
  },
  {
    field: /stream .*tool_calls\[\]<custom>\.(index|custom\.input)$/,
    reason: 'the first piece of a call, which is empty, and the only call of its answer',
  },
]

const isIgnored = (difference: Difference, comparison: Comparison): boolean =>
  IGNORED.some(({ applies }) => applies(difference, comparison))

/** Losses are reported by the names of features; some facts are several of them. */
const isReported = (fact: string, losses: readonly Loss[]): boolean =>
  losses.some(
    ({ field }) =>
      field === fact ||
      (fact === 'tool.schema' && /^tools\..*schema/.test(field)) ||
      (fact === 'output.schema' && /^output\..*schema/.test(field)) ||
      (REPORTED_AS[fact] ?? []).some((name) => field === name || field.startsWith(`${name}.`)),
  )

const REPORTED_AS: { readonly [fact: string]: readonly string[] } = {
  conversation: [
    'turn.assistantLast',
    'system.later',
    'content',
    'file.text',
    'output.json',
    'output.schema',
    'toolChoice',
    'refusal',
    'result.media',
    'reasoning.text',
  ],
  system: ['output.json', 'output.schema', 'toolChoice', 'system.later'],
  calls: ['call.custom'],
  results: ['result.isError', 'result.media', 'call.custom'],
  tools: ['tool.custom', 'toolChoice.allowed'],
  'tool.description': ['tool.custom', 'tool.grammar', 'tool.schema'],
  'tool.schema': ['tool.custom'],
  toolChoice: ['toolChoice.none', 'toolChoice.required', 'toolChoice.named', 'toolChoice.allowed'],
  'reasoning.mode': [
    'reasoning.off',
    'reasoning.auto',
    'reasoning.betweenTools',
    'reasoning.effort',
    'reasoning.budget',
  ],
  'reasoning.effort': ['reasoning.budget', 'reasoning.auto', 'reasoning.off', 'reasoning.betweenTools'],
  'reasoning.budget': ['reasoning.effort', 'reasoning.auto'],
  output: ['output.json', 'output.schema'],
  reasoning: ['reasoning.text', 'reasoning.shown'],
  citations: ['text.citations', 'citations'],
  pictures: ['media', 'content.media', 'image'],
  text: ['content'],
}

const AMOUNTS = [
  'reasoning.mode',
  'reasoning.effort',
  'reasoning.budget',
  'reasoning.shown',
] as const satisfies readonly RequestFact[] as readonly RequestFact[] & readonly string[]
/** Wires whose schemas for output have no name. */
const NAMELESS: readonly WireId[] = ['anthropic', 'gemini']
/** What the cases have in common in every wire. */
const CONTENT = [
  'calls',
  'results',
  'tools',
  'tool.schema',
  'tool.description',
  'system',
  'conversation',
  'toolChoice',
  'output',
  'output.schema',
]
const PIECED = ['reasoning', 'reasoning.text', 'system', 'conversation']
const UNSIGNED = 'skip_thought_signature_validator'
/** Always there in what was recorded, which is little. */
const OPTIONAL = ['functionDeclarations[].parameters', 'json_schema.strict', 'format<json_schema>.strict']
const VENDORS_OWN = [
  'promptTokensDetails',
  'service_tier',
  'system_fingerprint',
  'billing',
  'obfuscation',
  'output_text',
]
const SCHEMAS = ['tool.schema', 'output.schema']
