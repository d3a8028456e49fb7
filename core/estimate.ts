import type { Block, Chat } from './chat.ts'

/**
 * A prompt in tokens as far as it can be told without the vendor's tokenizer: letters by their script, pictures and documents by a usual size. Good
 * to about a third; whoever answers with it says that it is an estimate. Source: wire-formats section 4, use (a).
 */
export function estimateTokens(chat: Chat): number {
  let tokens = TURN_TOKENS
  for (const turn of chat.turns) {
    tokens += TURN_TOKENS
    for (const block of turn.blocks) tokens += ofBlock(block)
  }
  for (const tool of chat.tools) tokens += ofText(JSON.stringify(tool))
  if (chat.output?.kind === 'schema') tokens += ofText(JSON.stringify(chat.output.schema))
  return Math.ceil(tokens)
}

/** Letters of Latin text about four to a token, Chinese, Japanese and Korean ones about one, others between. */
function ofText(text: string): number {
  let quarters = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < FIRST_WIDE) quarters += 1
    else quarters += unit >= FIRST_CJK ? 4 : 2
  }
  return quarters / 4
}

function ofBlock(block: Block): number {
  switch (block.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return ofText(block.text)
    case 'call':
      return ofText(block.name) + ofText(block.input.text) + TURN_TOKENS
    case 'result':
      return block.blocks.reduce((sum, inner) => sum + ofBlock(inner), TURN_TOKENS)
    case 'image':
      return IMAGE_TOKENS
    case 'audio':
    case 'video':
    case 'file':
      return block.source.kind === 'text' ? ofText(block.source.text) : FILE_TOKENS
    case 'foreign':
      return ofText(JSON.stringify(block.json))
  }
}

/** What frames a turn, a call or a result. */
const TURN_TOKENS = 4
/** A picture of about a megapixel; a document of a few pages. Nobody knows without opening them. */
const IMAGE_TOKENS = 1_200
const FILE_TOKENS = 3_000
const FIRST_WIDE = 0x80
const FIRST_CJK = 0x2e80
