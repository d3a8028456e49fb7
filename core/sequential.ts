import type { Part } from './part.ts'

type BlockPart = Extract<Part, { readonly block: number }>

/** Waiting blocks of one choice, oldest first; the first one is open at the client. */
type Queue = { readonly block: number; readonly parts: BlockPart[]; closed: boolean }[]

/**
 * Puts the blocks of a reply one behind the other, for wires whose blocks never overlap (Anthropic, and Gemini's whole calls): parts of the oldest open
 * block pass, those of others wait until it closes. Nothing is lost and nothing stands in another block's place (wire-formats 1.8, trap 2).
 * Choices do not wait for each other.
 */
export function sequential(): (part: Part) => readonly Part[] {
  const queues = new Map<number, Queue>()
  return (part) => {
    switch (part.kind) {
      case 'open':
      case 'delta':
      case 'cite':
      case 'prove':
      case 'close':
        return pushBlock(queueOf(queues, part.choice), part)
      case 'end':
        return [...flush(part.choice, queueOf(queues, part.choice)), part]
      case 'finish':
        return [...[...queues].flatMap(([choice, queue]) => flush(choice, queue)), part]
      case 'start':
      case 'usage':
      case 'fault':
        return [part]
    }
  }
}

function queueOf(queues: Map<number, Queue>, choice: number): Queue {
  const known = queues.get(choice)
  if (known !== undefined) return known
  const queue: Queue = []
  queues.set(choice, queue)
  return queue
}

function pushBlock(queue: Queue, part: BlockPart): readonly Part[] {
  if (part.kind === 'open') queue.push({ block: part.block, parts: [], closed: false })
  const entry = queue.find((waiting) => waiting.block === part.block && !waiting.closed)
  if (entry === undefined) return []
  if (part.kind === 'close') entry.closed = true
  if (entry !== queue[0]) {
    entry.parts.push(part)
    return []
  }
  return entry.closed ? [part, ...next(queue)] : [part]
}

/** The first block is done: the next ones follow as far as they have come. */
function next(queue: Queue): readonly Part[] {
  const out: Part[] = []
  while (queue[0]?.closed === true) {
    queue.shift()
    const entry = queue[0]
    if (entry === undefined) break
    out.push(...entry.parts.splice(0))
  }
  return out
}

/** Blocks that nobody closed are closed where the answer ends. */
function flush(choice: number, queue: Queue): readonly Part[] {
  const out: Part[] = []
  for (const { block, parts, closed } of queue.splice(0)) {
    out.push(...parts)
    if (!closed) out.push({ kind: 'close', choice, block })
  }
  return out
}
