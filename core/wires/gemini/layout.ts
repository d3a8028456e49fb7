import type { Block, Own, Turn } from '../../chat.ts'
import type { Json, JsonObject } from '../../json.ts'
import { speltAs, WIRE } from './kept.ts'

/**
 * How texts that belong together were cut into parts and contents. A client that streams keeps every chunk as a part or even a content
 * of its own, and sends them back so: for other wires that is one turn with one text, at home it is written as it came.
 *
 * One word for each part: `*` a whole block; `n` the first n letters of a text block, `+n` its next n, `-` an empty text that belongs to
 * no block; `|` before the first part of a further content.
 */
export class Layout {
  readonly #words: string[] = []
  #isPlain = true
  readonly #keeps: 'every part' | 'nothing'

  /** `nothing`: for a stream, whose pieces are nobody's way of writing. */
  constructor(keeps: 'every part' | 'nothing') {
    this.#keeps = keeps
  }

  whole(): void {
    this.#add('*', true)
  }

  text(length: number): void {
    this.#add(String(length), true)
  }

  more(length: number): void {
    this.#add(`+${length}`, false)
  }

  blank(): void {
    this.#add('-', false)
  }

  nextContent(): void {
    this.#add('|', false)
  }

  /** For `own.spelt`; nothing where every block is one part of one content anyway. */
  spelt(): readonly string[] {
    return this.#isPlain ? [] : [LAYOUT + this.#words.join(' ')]
  }

  #add(word: string, isPlain: boolean): void {
    if (this.#keeps === 'nothing') return
    this.#words.push(word)
    this.#isPlain &&= isPlain
  }
}

/** Parts of whole blocks, cut again as they came: the parts of each content. As they are where nothing is known or it no longer fits. */
export function laidOut(parts: readonly JsonObject[], own: Own | undefined): readonly (readonly JsonObject[])[] {
  const layout = speltAs(own, LAYOUT)
  return (layout === undefined ? undefined : cut(parts, layout.split(' '))) ?? [parts]
}

/** Turns of the assistant that follow each other are one, and its texts that follow each other too. */
export function joinedTurns(turns: readonly Turn[]): readonly Turn[] {
  const result: Turn[] = []
  let run: Turn[] = []
  const close = () => {
    if (run.length > 0) result.push(joinedRun(run))
    run = []
  }
  for (const turn of turns) {
    if (turn.role === 'assistant' && turn.own === undefined) {
      run.push(turn)
      continue
    }
    close()
    result.push(turn)
  }
  close()
  return result
}

const LAYOUT = 'layout '

function joinedRun(run: readonly Turn[]): Turn {
  const layout = new Layout('every part')
  const blocks: Block[] = []
  for (const [index, turn] of run.entries()) {
    if (index > 0) layout.nextContent()
    for (const block of turn.blocks) addBlock(blocks, block, layout)
  }
  const spelt = layout.spelt()
  const [only] = run
  if (only !== undefined && run.length === 1 && spelt.length === 0) return only
  return { role: 'assistant', blocks, ...(spelt.length === 0 ? {} : { own: { wire: WIRE, fields: {}, spelt } }) }
}

function addBlock(blocks: Block[], block: Block, layout: Layout): void {
  if ((block.kind !== 'text' && block.kind !== 'reasoning') || block.own !== undefined || 'redacted' in block) {
    layout.whole()
    blocks.push(block)
    return
  }
  const before = blocks.at(-1)
  if (before === undefined || before.kind !== block.kind || before.own !== undefined || before.proof !== undefined) {
    layout.text(block.text.length)
    blocks.push(block)
    return
  }
  layout.more(block.text.length)
  blocks[blocks.length - 1] = { ...block, text: before.text + block.text }
}

/** `undefined` where the words are not about these parts. */
function cut(parts: readonly JsonObject[], words: readonly string[]): JsonObject[][] | undefined {
  const contents: JsonObject[][] = [[]]
  let at = -1
  let letters = 0
  for (const [index, word] of words.entries()) {
    if (word === '|') {
      contents.push([])
      continue
    }
    if (word === '-') {
      contents.at(-1)?.push({ text: '' })
      continue
    }
    if (!word.startsWith('+')) {
      at++
      letters = 0
    }
    const part = parts[at]
    if (part === undefined) return undefined
    const piece =
      word === '*' ? part : pieceOf(part, { from: letters, length: Number(word), isLast: endsBlock(words, index) })
    if (piece === undefined) return undefined
    letters += Number(word)
    contents.at(-1)?.push(piece)
  }
  return at === parts.length - 1 ? contents : undefined
}

function endsBlock(words: readonly string[], index: number): boolean {
  let next = index + 1
  while (words[next] === '|' || words[next] === '-') next++
  return words[next]?.startsWith('+') !== true
}

/** The signature stands with the last piece. */
function pieceOf(
  part: JsonObject,
  { from, length, isLast }: { readonly from: number; readonly length: number; readonly isLast: boolean },
): JsonObject | undefined {
  const text = part['text']
  if (typeof text !== 'string' || text.length < from + length || (isLast && text.length !== from + length))
    return undefined
  const { thoughtSignature, ...rest } = part
  const signature: { readonly thoughtSignature?: Json } =
    thoughtSignature === undefined || !isLast ? {} : { thoughtSignature }
  return { ...rest, text: text.slice(from, from + length), ...signature }
}
