import type { Block, CallBlock, Proof, ReasoningBlock, ResultBlock, Turn } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { asList, asObject, asText, type Json } from '../../json.ts'
import { readParts, type TextType } from './parts-read.ts'
import { type Seal, unsealed } from './seal.ts'
import { bothOwn, keep, label, MESSAGE, WIRE } from './spelling.ts'

/** An item of `input` or of `output`, and how it stands among its neighbours. */
export type Item =
  | { readonly kind: 'turn'; readonly turn: Turn }
  /** Of the assistant: one after the other they make one turn. */
  | { readonly kind: 'said'; readonly blocks: readonly Block[] }
  /** What tools gave back: likewise. */
  | { readonly kind: 'results'; readonly blocks: readonly Block[] }
  /** Belongs to the block before it. */
  | { readonly kind: 'proof'; readonly proof: Proof }

/**
 * Reads one item. One of a kind that is not known, or that the vendor's own tools made, is kept whole. `unseal` says what stands in
 * `encrypted_content`: of a client something that it was given once, of a vendor its own proof.
 */
export function readItem(item: Fields, unseal: Unseal = unsealed): Item {
  const type = item.text('type') ?? typeOfUntyped(item)
  return READERS.get(type)?.(item, unseal) ?? foreignItem(item, type)
}

/** Reads `encrypted_content`: whose proof it is depends on who sent it. */
export type Unseal = (text: string) => Seal

/** Between the texts of one thought. */
export const PIECE_GAP = '\n\n'

type Read = (item: Fields, unseal: Unseal) => Item

// A map, so that a type like `constructor` finds nothing.
const READERS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['message', readMessage],
  ['reasoning', readReasoning],
  ['function_call', (item) => said(readCall(item, 'function'))],
  ['custom_tool_call', (item) => said(readCall(item, 'custom'))],
  ['function_call_output', (item) => results(readResult(item))],
  ['custom_tool_call_output', (item) => results({ ...readResult(item), custom: true })],
  ['image_generation_call', readPicture],
])

const said = (block: Block): Item => ({ kind: 'said', blocks: [block] })
const results = (block: Block): Item => ({ kind: 'results', blocks: [block] })

/** The two kinds of item that may leave out their type. */
function typeOfUntyped(item: Fields): string {
  if (item.has('role')) return 'message'
  if (item.has('id')) return 'item_reference'
  throw badField(item.path('type'), 'is required')
}

function foreignItem(item: Fields, type: string): Item {
  const block: Block = { kind: 'foreign', wire: WIRE, type, json: item.json }
  // Nothing says that the model made it.
  if (!KNOWN_TYPE.test(type)) return results({ ...block, unknownAt: item.path('type') })
  return ANSWER_TYPE.test(type) ? results(block) : said(block)
}

/** Items that mean something to this vendor only: those that stand for others, and what its own tools were asked and said. */
const KNOWN_TYPE =
  /^(?:item_reference|compaction|compaction_trigger|program|additional_tools|mcp_list_tools|mcp_approval_request|\w+_(?:call|output|response))$/
/** What the client did for a tool of the vendor's. */
const ANSWER_TYPE = /_(?:output|response)$/

function readMessage(item: Fields): Item {
  const said = item.textNeeded('role')
  const role = ROLES.get(said)
  if (role === undefined) throw badField(item.path('role'), `must be one of ${[...ROLES.keys()].join(', ')}`)
  const blocks = readContent(item, 'content', role === 'assistant' ? 'output_text' : 'input_text')
  const spelt = [
    'message',
    ...(item.has('type') ? ['typed'] : []),
    ...(typeof item.json['content'] === 'string' ? ['string'] : []),
    ...(said === 'developer' ? ['developer'] : []),
  ]
  const own = keep(item.rest(), { spelt, under: MESSAGE })
  const [first, ...more] = blocks
  if (first === undefined) return { kind: 'turn', turn: { role, blocks, ...given({ own }) } }
  const marked = [{ ...first, ...given({ own: bothOwn(own, first.own) }) }, ...more]
  return role === 'assistant' ? { kind: 'said', blocks: marked } : { kind: 'turn', turn: { role, blocks: marked } }
}

const ROLES: ReadonlyMap<string, Turn['role']> = new Map([
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['system', 'system'],
  ['developer', 'system'],
])

/** A text, or parts. */
function readContent(item: Fields, key: string, usual: TextType): readonly Block[] {
  const content = item.any(key)
  if (content === undefined) throw badField(item.path(key), 'is required')
  if (typeof content === 'string') return [{ kind: 'text', text: content }]
  if (asList(content) === undefined) throw badField(item.path(key), 'must be a string or a list')
  return readParts(item.objects(key) ?? [], usual)
}

function readCall(item: Fields, kind: 'function' | 'custom'): CallBlock {
  const [id, name] = [item.textNeeded('call_id'), item.textNeeded('name')]
  const text = item.textNeeded(kind === 'function' ? 'arguments' : 'input')
  return { kind: 'call', id, name, input: { kind, text }, ...given({ own: keep(item.rest()) }) }
}

function readResult(item: Fields): ResultBlock {
  const callId = item.textNeeded('call_id')
  const blocks = readContent(item, 'output', 'input_text')
  const spelt = typeof item.json['output'] === 'string' ? ['string'] : []
  return { kind: 'result', callId, blocks, ...given({ own: keep(item.rest(), { spelt }) }) }
}

/** A picture that the vendor's own tool made, which another model can see as well. One that is not there yet is nothing to see. */
function readPicture(item: Fields): Item {
  const base64 = asText(item.json['result'])
  if (base64 === undefined || base64 === '') return foreignItem(item, 'image_generation_call')
  item.any('result')
  const mediaType = `image/${asText(item.json['output_format']) ?? 'png'}`
  const own = keep(item.rest(), { spelt: ['item'] })
  return said({ kind: 'image', source: { kind: 'data', mediaType, base64 }, ...given({ own }) })
}

/**
 * What is shown of a thought are its summaries, or, where the vendor shows all of it, its contents. Only the lengths of several are
 * remembered, so that a text that was changed on its way does not come back.
 */
function readReasoning(item: Fields, unseal: Unseal): Item {
  const seal = readSeal(item, unseal)
  if (seal?.kind === 'before') return { kind: 'proof', proof: seal.proof }
  const { text, spelt } = readThought(item)
  const id = item.text('id')
  const proven =
    seal === undefined || seal.kind === 'unsigned'
      ? {}
      : { proof: seal.proof, redacted: seal.kind === 'redacted' ? true : undefined }
  const own = keep(item.rest(), { spelt: seal?.kind === 'unsigned' ? [...spelt, OF_ANOTHER] : spelt })
  const block: ReasoningBlock = { kind: 'reasoning', text, ...given({ id, ...proven, own }) }
  return said(block)
}

/** How a thought was spelt that came from another vendor, who had signed nothing. */
export const OF_ANOTHER = 'of another'

function readSeal(item: Fields, unseal: Unseal): Seal | undefined {
  if (item.json['encrypted_content'] === '') return undefined
  const text = item.text('encrypted_content')
  return text === undefined ? undefined : unseal(text)
}

function readThought(item: Fields): { readonly text: string; readonly spelt: readonly string[] } {
  const summaries = piecesOf(item, 'summary', 'summary_text')
  const contents = piecesOf(item, 'content', 'reasoning_text')
  const fromContents = (summaries?.length ?? 0) === 0 && contents !== undefined && contents.length > 0
  const pieces = (fromContents ? contents : summaries) ?? []
  if (summaries !== undefined) item.any('summary')
  const isContentsRead = fromContents || contents?.length === 0
  if (isContentsRead) item.any('content')
  const spelt = [
    ...(summaries === undefined ? ['no summary'] : []),
    ...(summaries !== undefined && (summaries.length > 1 || summaries[0] === '')
      ? [lengths('summary', summaries)]
      : []),
    ...(isContentsRead ? [lengths('content', contents)] : []),
  ]
  return { text: pieces.join(PIECE_GAP), spelt }
}

const lengths = (key: string, pieces: readonly string[]): string =>
  label(
    key,
    pieces.map(({ length }) => length),
  )

/** The texts of a list, or `undefined` when there is more to it: then it stays unread. */
function piecesOf(item: Fields, key: string, type: string): readonly string[] | undefined {
  const value = item.json[key]
  if (value === undefined || value === null) return undefined
  const list = asList(value)
  if (list === undefined) throw badField(item.path(key), 'must be a list')
  const texts = list.map((piece, at) => pieceText(piece, { type, path: `${item.path(key)}[${at}]` }))
  const plain = texts.filter((text) => text !== undefined)
  return plain.length === texts.length ? plain : undefined
}

function pieceText(piece: Json, { type, path }: { readonly type: string; readonly path: string }): string | undefined {
  const fields = asObject(piece)
  if (fields === undefined) throw badField(path, 'must be an object')
  if (fields['type'] === type && typeof fields['text'] !== 'string') throw badField(`${path}.text`, 'must be a string')
  return fields['type'] === type && Object.keys(fields).length === 2 ? asText(fields['text']) : undefined
}
