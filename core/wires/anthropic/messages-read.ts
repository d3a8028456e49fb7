import type { Block, Turn } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import { asList } from '../../json.ts'
import { isBlank, readBlock } from './blocks-read.ts'
import { type ReadBlock, withCarried } from './carried-proof.ts'
import { keptOf } from './kept.ts'

/** The system prompt as the first turn, or no turn where there is none. */
export function readSystem(fields: Fields): readonly Turn[] {
  const system = fields.any('system')
  if (system === undefined) return []
  if (typeof system !== 'string')
    return [{ role: 'system', blocks: readBlocks(fields, 'system').map(({ block }) => block) }]
  const blocks: readonly Block[] = system === '' ? [] : [{ kind: 'text', text: system }]
  return [{ role: 'system', blocks, ...keptOf(new Fields({}, ''), {}, ['string']) }]
}

/** The messages as turns. Throws when a tool's result has no call before it, as the vendor does. */
export function readMessages(fields: Fields): readonly Turn[] {
  const messages = fields.objects('messages') ?? []
  if (messages.length === 0) throw badField(fields.path('messages'), 'must hold at least one message')
  const called = new Set<string>()
  return messages.map((message, index) => {
    const turn = readMessage(message, { isLast: index === messages.length - 1 })
    checkCalls(turn, message, called)
    return turn
  })
}

/** Marks a system turn that stands among the messages, in front of all others too. */
export const IN_PLACE = 'in-place'

function readMessage(message: Fields, { isLast }: { readonly isLast: boolean }): Turn {
  const role = message.oneOf('role', ['user', 'assistant', 'system'])
  if (role === undefined) throw badField(message.path('role'), 'is required')
  const place = role === 'system' ? [IN_PLACE] : []
  const content = message.any('content')
  if (typeof content !== 'string') {
    const blocks = withCarried(readBlocks(message, 'content', role))
    return { role, blocks, ...keptOf(message, {}, place) }
  }
  const mayBeBlank = isLast && role === 'assistant'
  if (isBlank(content) && !mayBeBlank) throw badField(message.path('content'), 'must not be blank')
  return { role, blocks: [{ kind: 'text', text: content }], ...keptOf(message, {}, [...place, 'string']) }
}

function readBlocks(fields: Fields, key: string, role: Turn['role'] = 'system'): readonly ReadBlock[] {
  if (asList(fields.any(key)) === undefined) throw badField(fields.path(key), 'must be a string or a list of blocks')
  return (fields.objects(key) ?? []).map((block) => {
    const read = readBlock(block)
    check(read.block, block, role)
    return read
  })
}

function check(block: Block, fields: Fields, role: Turn['role']): void {
  if (block.kind === 'text' && isBlank(block.text)) throw badField(fields.path('text'), 'must not be blank')
  const home = HOMES[block.kind]
  if (home !== undefined && home !== role) throw badField(fields.path('type'), `may stand in ${home} messages only`)
}

/** Whose blocks these are. */
const HOMES: { readonly [kind in Block['kind']]?: Turn['role'] } = {
  call: 'assistant',
  reasoning: 'assistant',
  result: 'user',
}

function checkCalls(turn: Turn, message: Fields, called: Set<string>): void {
  for (const [index, block] of turn.blocks.entries()) {
    if (block.kind === 'call') called.add(block.id)
    if (block.kind !== 'result' || called.has(block.callId)) continue
    throw badField(`${message.path('content')}[${index}].tool_use_id`, 'names no tool_use of an earlier message')
  }
}
