import type { Block, CallBlock, ResultBlock, Turn } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import { isMedia } from '../../media.ts'
import { isHome, restored, speltAs } from './kept.ts'
import { laidOut } from './layout.ts'
import { writePart } from './parts-write.ts'
import { type Signed, signedAtHome, signedBlocks } from './proofs-write.ts'
import { FUNCTION_ROLE, NO_PARTS_OF_TURN, NO_ROLE, SYSTEM_ROLE } from './turns-read.ts'
import { lose, type Writing } from './writing.ts'

/** The system prompt: what the leading system turns say. `undefined` where there is none. */
export function writeSystem(writing: Writing): JsonObject | undefined {
  const turns = writing.chat.turns.slice(0, leadingSystem(writing.chat.turns))
  const [first] = turns
  if (first === undefined) return undefined
  const parts = turns.flatMap(({ blocks }) => blocks).flatMap((block) => systemPart(block, writing) ?? [])
  if (parts.length === 0 && !writing.isHome) return undefined
  const role = speltAs(first.own, SYSTEM_ROLE)
  const said = speltAs(first.own, NO_PARTS_OF_TURN) !== undefined && parts.length === 0 ? {} : { parts }
  return restored(role === undefined ? said : { role, ...said }, first.own)
}

/** The conversation behind the system prompt. */
export function writeContents(writing: Writing): readonly JsonObject[] {
  const turns = writing.chat.turns.slice(leadingSystem(writing.chat.turns))
  return isHome(writing.chat.own) ? turns.flatMap((turn) => contentsAtHome(turn, writing)) : translated(turns, writing)
}

const leadingSystem = (turns: readonly Turn[]): number => {
  const first = turns.findIndex(({ role }) => role !== 'system')
  return first < 0 ? turns.length : first
}

function systemPart(block: Block, writing: Writing): JsonObject | undefined {
  if (writing.isHome || (block.kind === 'text' && block.text !== '')) return writePart(block, writing)
  loseOfSystem(block, writing)
  return undefined
}

function loseOfSystem({ kind }: Block, { losses }: Writing): void {
  if (kind !== 'text') losses.add({ field: `system.${kind}`, what: 'dropped', why: 'a system prompt is text' })
}

function contentsAtHome(turn: Turn, writing: Writing): readonly JsonObject[] {
  if (turn.role === 'system') return [{ role: 'user', parts: [{ text: wrapped(turn, writing) }] }]
  const parts = written(signedAtHome(turn.blocks, writing), writing)
  if (speltAs(turn.own, NO_PARTS_OF_TURN) !== undefined && parts.length === 0) return [restored(roleOf(turn), turn.own)]
  return laidOut(parts, turn.own).map((some) => restored({ ...roleOf(turn), parts: some }, turn.own))
}

function roleOf({ role, own }: Turn): JsonObject {
  if (speltAs(own, NO_ROLE) !== undefined) return {}
  if (speltAs(own, FUNCTION_ROLE) !== undefined) return { role: 'function' }
  return { role: role === 'assistant' ? 'model' : 'user' }
}

const written = (blocks: readonly Signed[], writing: Writing): readonly JsonObject[] =>
  blocks.flatMap(({ block, signature }) => {
    const part = writePart(block, writing)
    if (part === undefined) return []
    return [signature === undefined ? part : { ...part, thoughtSignature: signature }]
  })

/** Turns of one side that follow each other. */
interface Run {
  readonly role: 'user' | 'model'
  readonly blocks: readonly Block[]
}

/**
 * The conversation by the vendor's rules (wire-formats 1.5): roles take turns, the user begins, and behind a turn with calls stand
 * first the results, as many as calls and in their order.
 */
function translated(turns: readonly Turn[], writing: Writing): readonly JsonObject[] {
  const contents: { role: string; parts: readonly JsonObject[] }[] = []
  let calls: readonly CallBlock[] = []
  for (const run of runsOf(turns, writing)) {
    const isModel = run.role === 'model'
    const parts = isModel
      ? written(signedBlocks(run.blocks, writing), writing)
      : userParts(run.blocks, { calls, writing })
    calls = isModel ? run.blocks.filter((block) => block.kind === 'call') : []
    const last = contents.at(-1)
    if (parts.length === 0) continue
    if (last?.role === run.role) last.parts = [...last.parts, ...parts]
    else contents.push({ role: run.role, parts })
  }
  if (contents[0]?.role === 'user') return contents
  writing.losses.add({
    field: 'turns',
    what: 'emulated',
    why: 'a conversation must begin with the user: a turn is put in front',
  })
  return [{ role: 'user', parts: [{ text: BEGINNING }] }, ...contents]
}

/** A user's turn that says nothing; blank ones are refused. */
const BEGINNING = '.'

function runsOf(turns: readonly Turn[], writing: Writing): readonly Run[] {
  const runs: { role: Run['role']; blocks: Block[] }[] = []
  for (const turn of turns) {
    if (turn.name !== undefined) lose(writing.losses, 'turn.name')
    const role = turn.role === 'assistant' ? 'model' : 'user'
    const blocks =
      turn.role === 'system' ? [{ kind: 'text' as const, text: wrapped(turn, writing) }] : sayable(turn.blocks)
    const last = runs.at(-1)
    if (last?.role === role) last.blocks.push(...blocks)
    else runs.push({ role, blocks: [...blocks] })
  }
  return runs
}

/** Empty texts are refused. */
const sayable = (blocks: readonly Block[]): readonly Block[] =>
  blocks.filter((block) => block.kind !== 'text' || block.text !== '' || block.proof !== undefined)

/** A system message in the middle keeps its place, in a turn that the vendor takes (wire-formats 1.5). */
function wrapped({ blocks }: Turn, writing: Writing): string {
  lose(writing.losses, 'system.later')
  for (const block of blocks) {
    loseOfSystem(block, writing)
    if (block.cacheMark !== undefined) lose(writing.losses, 'text.cacheMark')
  }
  const text = blocks.flatMap((block) => (block.kind === 'text' ? [block.text] : [])).join('\n')
  return `<system>\n${text}\n</system>`
}

interface Asked {
  /** Of the turn before. */
  readonly calls: readonly CallBlock[]
  readonly writing: Writing
}

function userParts(blocks: readonly Block[], { calls, writing }: Asked): readonly JsonObject[] {
  const results = blocks.filter((block) => block.kind === 'result')
  const found = calls.map(({ id }) => results.find(({ callId }) => callId === id))
  const answers = calls.map((call, index) => answerOf(call, found[index], writing))
  const pictures =
    writing.target.dialect.resultMedia === false ? answers.flatMap((answer) => picturesOf(answer, writing)) : []
  const words = pictures.length === 0 ? answers : answers.map(withoutPictures)
  const others = blocks.flatMap((block): readonly Block[] => {
    if (block.kind !== 'result') return [block]
    return found.includes(block) ? [] : asText(block, writing)
  })
  return written(
    [...words, ...pictures, ...others].map((block) => ({ block })),
    writing,
  )
}

/** The vendor knows a result by its function's name, and refuses a call that nobody answers. */
function answerOf({ id, name }: CallBlock, result: ResultBlock | undefined, { losses }: Writing): ResultBlock {
  if (result !== undefined) return { ...result, name }
  losses.add({ field: 'result', what: 'emulated', why: 'a call without a result is answered with an error' })
  return {
    kind: 'result',
    callId: id,
    name,
    blocks: [{ kind: 'text', text: 'The tool gave no result' }],
    isError: true,
  }
}

/** The pictures of a result that a model does not take inside of it: they stand behind all results, with a label. */
function picturesOf({ name = '', blocks }: ResultBlock, { losses }: Writing): readonly Block[] {
  const pictures = blocks.filter(isMedia)
  if (pictures.length === 0) return []
  losses.add({
    field: 'result.media',
    what: 'emulated',
    why: 'the model takes no pictures in results: they stand behind them',
  })
  return [{ kind: 'text', text: `Result of ${name}:` }, ...pictures]
}

const withoutPictures = (result: ResultBlock): ResultBlock => ({
  ...result,
  blocks: result.blocks.filter((block) => !isMedia(block)),
})

/** A result that answers no call of the turn before, which the vendor refuses. */
function asText(result: ResultBlock, { losses }: Writing): readonly Block[] {
  losses.add({ field: 'result', what: 'emulated', why: 'a result without its call is sent as a text' })
  return [{ kind: 'text', text: `Result of ${result.name ?? 'a tool'}:` }, ...sayable(result.blocks)]
}
