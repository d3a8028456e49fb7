import { collect, type CollectedBlock } from '../collect.ts'
import { asObject, type Json, parseJson } from '../json.ts'
import type { Part, Stop } from '../part.ts'

/**
 * What a reply says, without the ways of saying it: no ids of the reply and its pieces, no pieces of text, no fields that one wire
 * alone knows. Two replies that mean the same are equal in it.
 */
export function meaning(parts: readonly Part[]): Json {
  const { choices, usage, finished, model } = collect(parts)
  const fault = parts.find(({ kind }) => kind === 'fault')
  return asData({
    model,
    finished,
    fault: fault?.kind === 'fault' ? fault.fault.code : null,
    usage: usage === undefined ? null : usage.usage,
    serviceTier: usage?.serviceTier ?? null,
    choices: choices.map(({ index, blocks, stop }) => ({
      index,
      stop: stopMeaning(stop),
      blocks: joinedTexts(blocks.map(blockMeaning)).filter(saysSomething),
    })),
  })
}

/** The call's arguments as data: a cut text stays recognizable as cut, and none at all are no arguments. */
export function argumentsOf(text: string): Json {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return asObject(value) ?? '(no object)'
}

interface BlockMeaning {
  readonly kind: string
  readonly text?: string
  readonly [detail: string]: unknown
}

function blockMeaning({ content, text, citations, proof }: CollectedBlock): BlockMeaning {
  const marks = {
    ...(proof === undefined ? {} : { proof: proof.data }),
    ...(citations.length === 0 ? {} : { citations: citations.map(({ url, title }) => ({ url, title })) }),
  }
  switch (content.kind) {
    case 'text':
    case 'refusal':
      return { kind: content.kind, text, ...marks }
    case 'reasoning':
      return { kind: 'reasoning', text, redacted: content.redacted === true, ...marks }
    case 'call': {
      const { id, name, input } = content
      return { kind: 'call', id, name, input, given: input === 'custom' ? text : argumentsOf(text), ...marks }
    }
    case 'media':
    case 'foreign':
      return { ...content, ...marks }
  }
}

/** Wires with one text for each answer give several in one: only what is said counts. */
function joinedTexts(blocks: readonly BlockMeaning[]): readonly BlockMeaning[] {
  const out: BlockMeaning[] = []
  for (const block of blocks) {
    const last = out.at(-1)
    const joins =
      block.kind === 'text' && last?.kind === 'text' && last['proof'] === undefined && last['citations'] === undefined
    if (joins) out[out.length - 1] = { ...last, ...block, text: `${last.text}${block.text}` }
    else out.push(block)
  }
  return out
}

const saysSomething = (block: BlockMeaning): boolean => Object.keys(block).length > 2 || block.text !== ''

const stopMeaning = (stop: Stop | undefined) =>
  stop === undefined ? null : { reason: stop.reason, sequence: stop.sequence ?? null }

const asData = (value: unknown): Json => JSON.parse(JSON.stringify(value))
