import { countTokens, tokensOf } from './tokens.ts'

/** What a choice would say if nothing limited it. */
export interface Draft {
  readonly reasoning: string
  readonly text: string
  readonly calls: readonly CallDraft[]
}

export interface CallDraft {
  readonly id: string
  readonly name: string
  /** JSON text for a function, plain text for a custom tool. */
  readonly input: string
  readonly kind: 'function' | 'custom'
}

/** What a choice says, token by token. */
export interface Choice {
  readonly reasoning: readonly string[]
  readonly text: readonly string[]
  readonly calls: readonly Call[]
  readonly finish: 'stop' | 'length' | 'tool_calls'
}

export interface Call extends Omit<CallDraft, 'input'> {
  readonly input: readonly string[]
}

export interface Limits {
  readonly stop: readonly string[]
  /** Most tokens, or `null` for no limit. */
  readonly tokensMax: number | null
}

/** Cuts a draft where its stop texts and its number of tokens say; reasoning is spent first, then text, then calls. */
export function generate(draft: Draft, { stop, tokensMax }: Limits): Choice {
  let left = tokensMax ?? Number.POSITIVE_INFINITY
  let cut = false
  const take = (text: string): readonly string[] => {
    const tokens = tokensOf(text)
    cut ||= tokens.length > left
    const taken = cut ? tokens.slice(0, left) : tokens
    left -= taken.length
    return taken
  }

  const reasoning = take(draft.reasoning)
  const text = take(stopped(draft.text, stop))
  const calls: Call[] = []
  for (const { input, ...call } of draft.calls) {
    // A name that does not fit leaves no call at all: half a name would be another tool.
    cut ||= countTokens(call.name) >= left
    if (cut) break
    left -= countTokens(call.name)
    calls.push({ ...call, input: take(input) })
  }
  return { reasoning, text, calls, finish: finishOf({ cut, calls }) }
}

/** The tokens of a choice: reasoning, text, and the names and inputs of its calls. */
export const tokensIn = (choice: Choice): number =>
  choice.reasoning.length +
  choice.text.length +
  choice.calls.reduce((sum, call) => sum + countTokens(call.name) + call.input.length, 0)

function finishOf({ cut, calls }: { cut: boolean; calls: readonly Call[] }): Choice['finish'] {
  if (cut) return 'length'
  return calls.length > 0 ? 'tool_calls' : 'stop'
}

function stopped(text: string, stop: readonly string[]): string {
  const places = stop.map((one) => text.indexOf(one)).filter((place) => place >= 0)
  return places.length === 0 ? text : text.slice(0, Math.min(...places))
}
