import type { Citation, Own, Proof } from './chat.ts'
import { given } from './given.ts'
import type { Part, PartContent, Stop } from './part.ts'
import type { Usage } from './usage.ts'

/** A reply with every block in one piece: what a whole body is written from. */
export interface Collected {
  readonly id: string
  readonly model: string
  readonly createdAt?: number
  readonly own?: Own
  /** In the order of their index. */
  readonly choices: readonly CollectedChoice[]
  readonly usage?: { readonly usage: Usage; readonly serviceTier: string | null; readonly own?: Own }
  /** Whether the wire's terminal was read. */
  readonly finished: boolean
  readonly finishOwn?: Own
}

export interface CollectedChoice {
  readonly index: number
  /** In the order in which they opened. */
  readonly blocks: readonly CollectedBlock[]
  readonly stop?: Stop
  readonly own?: Own
}

/** A block of a reply in one piece. */
export interface WholeBlock {
  readonly content: PartContent
  readonly text: string
  readonly citations: readonly Citation[]
  readonly proof?: Proof
  /** What the wire kept where the block opened. */
  readonly own?: Own
}

/** The same of a reply that is put together. */
export interface CollectedBlock extends WholeBlock {
  /** What the wire kept where the block closed. */
  readonly closeOwn?: Own
}

type Open<Whole> = { -readonly [key in keyof Whole]: Whole[key] }
interface OpenBlock extends Omit<Open<CollectedBlock>, 'citations'> {
  readonly citations: Citation[]
}
interface OpenChoice extends Omit<Open<CollectedChoice>, 'blocks'> {
  readonly blocks: OpenBlock[]
  readonly byNumber: Map<number, OpenBlock>
}

/** Puts parts together. Of several `usage` parts the last one holds; a `fault` among them is the caller's to see before. */
export function collect(parts: readonly Part[]): Collected {
  const whole: Omit<Open<Collected>, 'choices'> = { id: '', model: '', finished: false }
  const choices = new Map<number, OpenChoice>()
  for (const part of parts) {
    switch (part.kind) {
      case 'start': {
        const { kind: _, ...start } = part
        Object.assign(whole, start)
        break
      }
      case 'usage': {
        const { kind: _, ...usage } = part
        whole.usage = usage
        break
      }
      case 'finish':
        whole.finished = true
        if (part.own !== undefined) whole.finishOwn = part.own
        break
      case 'fault':
        break
      case 'open':
      case 'delta':
      case 'cite':
      case 'prove':
      case 'close':
      case 'end':
        addTo(choiceOf(choices, part.choice), part)
    }
  }
  return { ...whole, choices: [...choices.values()].sort((a, b) => a.index - b.index).map(closed) }
}

function choiceOf(choices: Map<number, OpenChoice>, index: number): OpenChoice {
  const known = choices.get(index)
  if (known !== undefined) return known
  const choice: OpenChoice = { index, blocks: [], byNumber: new Map() }
  choices.set(index, choice)
  return choice
}

function addTo(choice: OpenChoice, part: Extract<Part, { readonly choice: number }>): void {
  switch (part.kind) {
    case 'open': {
      const block: OpenBlock = { content: part.content, text: '', citations: [] }
      if (part.own !== undefined) block.own = part.own
      choice.blocks.push(block)
      choice.byNumber.set(part.block, block)
      return
    }
    case 'end':
      choice.stop = part.stop
      if (part.own !== undefined) choice.own = part.own
      return
    case 'delta':
    case 'cite':
    case 'prove':
    case 'close': {
      const block = choice.byNumber.get(part.block)
      if (block !== undefined) addToBlock(block, part)
    }
  }
}

function addToBlock(
  block: OpenBlock,
  part: Extract<Part, { readonly kind: 'delta' | 'cite' | 'prove' | 'close' }>,
): void {
  switch (part.kind) {
    case 'delta':
      block.text += part.text
      return
    case 'cite':
      block.citations.push(part.citation)
      return
    case 'prove':
      block.proof = part.proof
      return
    case 'close':
      if (part.own !== undefined) block.closeOwn = part.own
  }
}

const closed = ({ index, blocks, stop, own }: OpenChoice): CollectedChoice => ({
  index,
  blocks,
  ...given({ stop, own }),
})

/** The parts of a block that came in one piece. */
export function blockParts(
  at: { readonly choice: number; readonly block: number },
  { content, text, citations = [], proof, own, closeOwn }: Partial<CollectedBlock> & { readonly content: PartContent },
): readonly Part[] {
  return [
    { kind: 'open', ...at, content, ...(own === undefined ? {} : { own }) },
    ...(text === undefined || text === '' ? [] : [{ kind: 'delta' as const, ...at, text }]),
    ...citations.map((citation) => ({ kind: 'cite' as const, ...at, citation })),
    ...(proof === undefined ? [] : [{ kind: 'prove' as const, ...at, proof }]),
    { kind: 'close', ...at, ...(closeOwn === undefined ? {} : { own: closeOwn }) },
  ]
}
