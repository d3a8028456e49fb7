import type { Turn } from '../../chat.ts'
import { asList, asObject, asText, type JsonObject } from '../../json.ts'

/**
 * Turns as this wire wants them: one message for what the assistant said before it waits for tools. Other wires tell its thought, its words and
 * each of its calls apart.
 */
export function joinedTurns(turns: readonly Turn[]): readonly Turn[] {
  const joined: Turn[] = []
  for (const turn of turns) {
    const last = joined.at(-1)
    if (last?.role === 'assistant' && turn.role === 'assistant' && isUnfinished(last)) {
      joined[joined.length - 1] = { ...turn, ...last, blocks: [...last.blocks, ...turn.blocks] }
    } else joined.push(turn)
  }
  return joined
}

/** Messages with every tool's answer right behind the calls that it belongs to, where OpenAI wants all of them (wire-formats 1.8, trap 6). */
export function resultsInPlace(messages: readonly JsonObject[]): readonly JsonObject[] {
  const places = resultPlaces(messages)
  const taken = new Set<number>()
  return messages.flatMap((message, index) => {
    if (taken.has(index)) return []
    const ids = callIds(message)
    if (ids.length === 0) return [message]
    const run = runBehind(messages, index).filter((at) => !taken.has(at))
    const there = new Set(run.map((at) => resultId(messages[at])))
    const late = ids.flatMap((id) =>
      there.has(id) ? [] : (places.get(id)?.find((at) => at > index && !taken.has(at)) ?? []),
    )
    for (const at of [...run, ...late]) taken.add(at)
    const results = [...run, ...late].map((at) => messages[at])
    return [message, ...results.filter((result) => result !== undefined)]
  })
}

const isUnfinished = ({ blocks }: Turn): boolean =>
  blocks.some(({ kind }) => kind === 'call') || (blocks.length > 0 && blocks.every(({ kind }) => kind === 'reasoning'))

/** Where the answers stand that follow the calls at `index` already. */
function runBehind(messages: readonly JsonObject[], index: number): readonly number[] {
  const run: number[] = []
  for (let at = index + 1; resultId(messages[at]) !== undefined; at++) run.push(at)
  return run
}

/** Where the answers to each call stand. */
function resultPlaces(messages: readonly JsonObject[]): ReadonlyMap<string, readonly number[]> {
  const byId = new Map<string, number[]>()
  for (const [index, message] of messages.entries()) {
    const id = resultId(message)
    if (id === undefined) continue
    const known = byId.get(id)
    if (known === undefined) byId.set(id, [index])
    else known.push(index)
  }
  return byId
}

const resultId = (message: JsonObject | undefined): string | undefined =>
  message?.['role'] === 'tool' ? asText(message['tool_call_id']) : undefined

const callIds = (message: JsonObject): readonly string[] =>
  (asList(message['tool_calls']) ?? []).flatMap((call) => asText(asObject(call)?.['id']) ?? [])
