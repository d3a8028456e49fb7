import type { Json } from '../../core/json.ts'
import { same } from './alike.ts'
import type { ReplyFacts } from './raw-reply.ts'
import type { RequestFacts } from './request-facts.ts'

/** One fact that is not the same on both sides; `undefined`: it is not there. */
export interface Difference {
  readonly fact: string
  readonly expected: Json | undefined
  readonly got: Json | undefined
}

/** The facts of two requests that are not the same. */
export function differencesOfRequests(expected: RequestFacts, got: RequestFacts): readonly Difference[] {
  const facts = new Set([...expected.keys(), ...got.keys()])
  return [...facts]
    .map((fact) => ({ fact, expected: expected.get(fact), got: got.get(fact) }))
    .filter(({ expected, got }) => !same(expected, got))
}

/** The facts of two replies that are not the same. */
export function differencesOfReplies(expected: ReplyFacts, got: ReplyFacts): readonly Difference[] {
  const sides = { expected: replyFacts(expected), got: replyFacts(got) }
  return REPLY_FACTS.map((fact) => ({ fact, expected: sides.expected[fact], got: sides.got[fact] })).filter(
    ({ expected, got }) => !same(expected, got),
  )
}

/** A reply fact by fact; ids of calls are one of their own. */
export function replyFacts(facts: ReplyFacts): { readonly [fact in (typeof REPLY_FACTS)[number]]: Json } {
  const { text, reasoning, refusal, stop, model, citations, pictures, usage, calls } = facts
  const said = calls.map(({ name, given }): Json => ({ name, given }))
  return {
    text,
    reasoning,
    refusal,
    stop,
    model,
    citations,
    pictures,
    usage: plain(usage),
    calls: said,
    'call ids': calls.map(({ id }) => id),
  }
}

const REPLY_FACTS = [
  'text',
  'reasoning',
  'refusal',
  'calls',
  'call ids',
  'stop',
  'usage',
  'model',
  'citations',
  'pictures',
] as const

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value) ?? 'null')
