import { type Capabilities, isReasoning } from '../capabilities.ts'
import type { Block, Chat, MediaBlock } from '../chat.ts'
import { Fault } from '../fault.ts'

/** Throws `bad_request` for what the model cannot take and nothing can stand for. */
export function refuse(chat: Chat, capabilities: Capabilities): void {
  refusePrefill(chat, capabilities)
  const { input } = capabilities
  if (input === undefined) return
  for (const [index, turn] of chat.turns.entries()) refuseMedia(turn.blocks, input, `turns[${index}].blocks`)
}

/**
 * A turn that ends with a block of the vendor's own tools is no unfinished answer: the vendor paused there, and goes on when it
 * gets the turn back.
 */
function refusePrefill(chat: Chat, capabilities: Capabilities): void {
  const last = chat.turns.at(-1)
  if (last?.role !== 'assistant' || last.blocks.at(-1)?.kind === 'foreign' || !isPrefillRefused(chat, capabilities))
    return
  const field = `turns[${chat.turns.length - 1}]`
  throw new Fault(
    'bad_request',
    'This model does not continue an assistant turn: the conversation must end with a user turn',
    { field },
  )
}

const isPrefillRefused = (chat: Chat, capabilities: Capabilities): boolean =>
  capabilities.prefill === 'no' ||
  (capabilities.prefill === 'not-with-reasoning' && isReasoning(chat, capabilities) === true)

type Modalities = NonNullable<Capabilities['input']>

function refuseMedia(blocks: readonly Block[], input: Modalities, path: string): void {
  for (const [index, block] of blocks.entries()) {
    if (block.kind === 'result') refuseMedia(block.blocks, input, `${path}[${index}].blocks`)
    if (!isMedia(block) || input.includes(block.kind) || isPlainText(block)) continue
    const field = `${path}[${index}]`
    throw new Fault('bad_request', `This model does not take ${NAMES[block.kind]}`, { field })
  }
}

const NAMES: { readonly [kind in MediaBlock['kind']]: string } = {
  image: 'images',
  audio: 'audio',
  video: 'video',
  file: 'files',
}

const isMedia = (block: Block): block is MediaBlock => Object.hasOwn(NAMES, block.kind)

/** A document of plain text can be written into the turn. */
const isPlainText = ({ source }: MediaBlock): boolean =>
  source.kind === 'text' || source.mediaType?.startsWith('text/') === true
