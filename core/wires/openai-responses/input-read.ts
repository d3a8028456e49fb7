import type { Block, Turn } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { asList, asText } from '../../json.ts'
import { type Item, readItem } from './items-read.ts'
import { WIRE } from './spelling.ts'

/** The conversation of a body, and how it was spelt. */
export interface ReadInput {
  readonly turns: readonly Turn[]
  readonly spelt: readonly string[]
}

/** `instructions` are the first turn; then comes what stands in `input`, a text or items. */
export function readInput(body: Fields): ReadInput {
  const instructions = body.text('instructions')
  const { turns, spelt } = readSaid(body)
  if (instructions === undefined) return { turns, spelt }
  const own = { wire: WIRE, fields: {}, spelt: ['instructions'] } as const
  return { turns: [{ role: 'system', blocks: [{ kind: 'text', text: instructions }], own }, ...turns], spelt }
}

function readSaid(body: Fields): ReadInput {
  const input = body.any('input')
  if (input === undefined) {
    if (!STATEFUL.some((key) => body.has(key))) throw badField('input', 'is required')
    return { turns: [], spelt: ['no input'] }
  }
  if (typeof input === 'string') {
    return { turns: [{ role: 'user', blocks: [{ kind: 'text', text: input }] }], spelt: ['input string'] }
  }
  if (asList(input) === undefined) throw badField('input', 'must be a string or a list')
  const items = body.objects('input') ?? []
  checkResults(items, body)
  return { turns: turnsOf(items.map((item) => readItem(item))), spelt: [] }
}

/** Fields that bring in earlier items which only the vendor has. */
const STATEFUL = ['previous_response_id', 'conversation', 'prompt'] as const

/** Items that stand for others. */
const STAND_INS: ReadonlySet<string | undefined> = new Set(['item_reference', 'compaction', undefined])

/** The vendor refuses an answer to a call that it does not know. A call that may stand in what only the vendor has is not missed. */
function checkResults(items: readonly Fields[], body: Fields): void {
  if (STATEFUL.some((key) => body.has(key))) return
  const types = items.map(({ json }) => asText(json['type']))
  const isStandIn = (type: string | undefined, at: number) => STAND_INS.has(type) && items[at]?.has('role') === false
  if (types.some(isStandIn)) return
  const called = new Set(items.flatMap(({ json }, at) => (isResult(types[at]) ? [] : [json['call_id']])))
  for (const [at, item] of items.entries()) {
    if (!isResult(types[at]) || called.has(item.textNeeded('call_id'))) continue
    throw badField(item.path('call_id'), 'answers no call of the input')
  }
}

const isResult = (type: string | undefined): boolean =>
  type === 'function_call_output' || type === 'custom_tool_call_output'

/** Items of one side that follow each other are one turn, as the other wires have it. */
function turnsOf(items: readonly Item[]): readonly Turn[] {
  const turns: Turn[] = []
  let run: { readonly kind: Item['kind']; readonly blocks: Block[] } = { kind: 'turn', blocks: [] }
  for (const item of items) {
    if (item.kind === 'turn') {
      run = { kind: 'turn', blocks: [] }
      turns.push(item.turn)
    } else if (item.kind === 'proof') {
      const last = run.blocks.pop()
      if (last !== undefined) run.blocks.push({ ...last, proof: last.proof ?? item.proof })
    } else if (run.kind === item.kind) {
      run.blocks.push(...item.blocks)
    } else {
      run = { kind: item.kind, blocks: [...item.blocks] }
      turns.push({ role: item.kind === 'said' ? 'assistant' : 'user', blocks: run.blocks })
    }
  }
  return turns
}
