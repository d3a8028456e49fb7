import {
  seenAs,
  textOf,
  type Asked,
  type Item,
  type Plan,
  type PlannedCall,
  type Reply,
  type Turn,
} from './wire-vendor-asked.ts'
import { inputFor, sampleOf } from './wire-vendor-schema.ts'

/**
 * The simulated model: a pure function of what it reads. The last text of the user is its instruction:
 *
 *   call get_weather for Paris and Rome, then call get_time for Oslo   calls, and when their results are there says what they were
 *   error 429 retry 7 | error 529 | error in stream                    errors
 *   cut the stream | end the stream early | nonsense                   breaks
 *   refuse | block the prompt | break the call                         odd ends
 *   count slowly                                                       an answer that takes seconds
 *
 * Anything else is repeated, behind the system text and whatever pictures and files came with it.
 */
export function decide(asked: Asked): Plan {
  const { text, items, after } = lastSaid(asked.turns)
  const failing = failure(text)
  if (failing !== undefined) return failing
  const calls = callsNow(asked, text, after)
  const thinking = asked.thinks ? `Thinking about: ${firstLine(text)}.` : null
  if (calls.length > 0) {
    const said = after.length > 0 ? 'Now the next one.' : ''
    return counted(asked, { ...PLAIN, thinking, text: said, calls, stop: 'calls' })
  }
  const odd = ODD_ENDS[text.trim()]
  if (odd !== undefined) return counted(asked, { ...PLAIN, ...odd })
  return counted(asked, { ...PLAIN, thinking, text: answer(asked, { text, items, after }), ...manner(text) })
}

/** What the model would say to this text, when nothing else is asked: for tests to expect. */
export const echo = (text: string): string => `You said: ${text}`

/** A token is four letters, of whatever kind. */
export const tokensIn = (text: string): number => Math.ceil(text.length / 4)

interface Said {
  readonly text: string
  readonly items: readonly Item[]
  /** The results that came since, group by group. */
  readonly after: readonly Extract<Turn, { by: 'tools' }>[]
}

const PLAIN: Reply = {
  kind: 'reply',
  thinking: null,
  text: '',
  calls: [],
  stop: 'end',
  sequence: null,
  usage: { input: 0, cached: 0, output: 0, reasoning: 0 },
  breaks: null,
  paceMs: 0,
}

const ODD_ENDS: { readonly [text: string]: Partial<Reply> } = {
  refuse: { text: 'I will not do that.', stop: 'refusal' },
  'block the prompt': { stop: 'blocked' },
  'break the call': { stop: 'broken-call' },
}

/** Long enough to break in the middle, and without thinking, so that it breaks in the text. */
const UNFINISHED = {
  thinking: null,
  text: 'This answer will not come to its end, because that is what was asked for.',
} as const

function manner(text: string): Partial<Reply> {
  switch (text.trim()) {
    case 'error in stream':
      return { ...UNFINISHED, breaks: 'error' }
    case 'cut the stream':
      return { ...UNFINISHED, breaks: 'cut' }
    case 'end the stream early':
      return { ...UNFINISHED, breaks: 'end' }
    case 'count slowly':
      return { text: Array.from({ length: 400 }, (_, index) => `${index + 1} `).join(''), paceMs: 20 }
  }
  return {}
}

function failure(text: string): Plan | undefined {
  if (text.trim() === 'nonsense') return { kind: 'nonsense' }
  const [, status, retry] = /^error (\d{3})(?: retry (\d+))?$/.exec(text.trim()) ?? []
  if (status === undefined) return undefined
  return { kind: 'refuse', status: Number(status), retrySeconds: retry === undefined ? null : Number(retry) }
}

function lastSaid(turns: readonly Turn[]): Said {
  const at = turns.findLastIndex(({ by }) => by === 'user')
  const last = turns[at]
  const items = last?.by === 'user' ? last.items : []
  const text = items.flatMap((item) => (item.kind === 'text' ? [item.text] : [])).join('\n')
  return { text, items, after: turns.slice(at + 1).filter((turn) => turn.by === 'tools') }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]?.slice(0, 60) ?? ''

/** The calls of the step that comes next: each group of results that is there ends one step. */
function callsNow(asked: Asked, text: string, after: Said['after']): readonly PlannedCall[] {
  if (asked.choice === 'none' || asked.tools.length === 0) return []
  const steps = text
    .split(/,?\s*then\s+/)
    .map((step) => stepCalls(asked, step))
    .filter((calls) => calls.length > 0)
  const plan = asked.parallel ? steps : steps.flatMap((calls) => calls.map((call) => [call]))
  const now = plan[after.length]
  if (now !== undefined) return now
  if (asked.choice === 'free' || after.length > 0) return []
  const forced = asked.choice === 'forced' ? asked.tools[0]?.name : asked.choice.name
  return asked.tools
    .filter(({ name }) => name === forced)
    .map((tool) => ({ name: tool.name, input: inputFor(tool, null) }))
}

function stepCalls(asked: Asked, step: string): readonly PlannedCall[] {
  return [...step.matchAll(/\bcall ([\w.:-]+)(?: for ([^\n]*?))?(?=$|\n|, call )/g)].flatMap(([, name, wishes]) => {
    const tool = asked.tools.find((one) => one.name === name)
    if (tool === undefined) return []
    const subjects = wishes === undefined ? [null] : wishes.split(/,\s*|\s+and\s+/)
    return subjects.map((subject) => ({ name: tool.name, input: inputFor(tool, subject) }))
  })
}

function answer(asked: Asked, { text, items, after }: Said): string {
  if (asked.schema !== undefined)
    return JSON.stringify(asked.schema === 'object' ? { said: text } : sampleOf(asked.schema))
  if (after.length > 0) return resultsTold(asked.turns, after)
  const system = asked.system.length === 0 ? '' : `[${asked.system.join(' | ')}] `
  const seen = items.flatMap((item) => (item.kind === 'text' ? [] : [`I see ${seenAs(item)}. `]))
  return `${system}${seen.join('')}${echo(text)}`
}

/** Each result with the call that it belongs to, so that a test sees when they were mixed up. */
function resultsTold(turns: readonly Turn[], after: Said['after']): string {
  const calls = turns.flatMap((turn) => (turn.by === 'assistant' ? turn.calls : []))
  const told = after
    .flatMap(({ results }) => results)
    .map(({ callId, items, isError }) => {
      const call = calls.findLast(({ id }) => id === callId)
      const input = typeof call?.input === 'string' ? call.input : Object.values(call?.input ?? {}).join(', ')
      return `${call?.name}(${input}) ${isError ? 'failed' : 'gave'} ${unwrapped(textOf(items))}`
    })
  return `Results: ${told.join('; ')}.`
}

/** Vercel's Google client puts every result into an object with its tool's name; a model reads through that. */
const unwrapped = (text: string): string => {
  const [, content] = /^\{"name":"[^"]*","content":"([^"]*)"\}$/.exec(text) ?? []
  return content ?? text
}

/** Stop strings and limits cut what was planned; then it is counted. */
function counted(asked: Asked, reply: Reply): Reply {
  const stopped = atStop(reply, asked.stops)
  const reasoning = tokensIn(stopped.thinking ?? '')
  const room = (asked.outputTokensMax ?? Number.POSITIVE_INFINITY) - reasoning
  const tooLong = tokensIn(stopped.text) > room
  const done: Reply = tooLong
    ? { ...stopped, text: stopped.text.slice(0, Math.max(0, room) * 4), calls: [], stop: 'length' }
    : stopped
  const input = tokensIn(JSON.stringify([asked.system, asked.turns, asked.tools]))
  const called = tokensIn(done.calls.map((call) => call.name + JSON.stringify(call.input)).join(''))
  const output = reasoning + tokensIn(done.text) + called
  return { ...done, usage: { input, cached: Math.floor(input / 3), output, reasoning } }
}

function atStop(reply: Reply, stops: readonly string[]): Reply {
  const met = stops.map((stop) => ({ stop, at: reply.text.indexOf(stop) })).filter(({ at }) => at >= 0)
  const first = met.toSorted((one, other) => one.at - other.at)[0]
  if (first === undefined || reply.stop !== 'end') return reply
  return { ...reply, text: reply.text.slice(0, first.at), stop: 'sequence', sequence: first.stop }
}
