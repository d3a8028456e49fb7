import type { Own, Proof, ReasoningBlock } from '../../chat.ts'
import { filled, without } from '../../json-object.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { WIRE, keep, overlay, spellings, speltValue } from './kept.ts'
import type { ProofOf } from './proof.ts'

/**
 * Reasoning in a message of this wire. OpenAI has no field for it; nodes have `reasoning_content` or `reasoning` (a text), and
 * OpenRouter `reasoning_details` (a list, with signatures and encrypted pieces). All are read; `spelt` are the fields that were.
 */
export interface Thoughts {
  readonly blocks: readonly ReasoningBlock[]
  readonly spelt: readonly string[]
}

/** Of several fields that say the same the details say most. */
export function readThoughts(message: JsonObject, proofOf: ProofOf): Thoughts {
  const details = detailsOf(message['reasoning_details'])
  const blocks = details.map((detail) => readDetail(detail, proofOf))
  const fields = TEXT_FIELDS.filter((field) => typeof message[field] === 'string')
  const said = blocks.map(({ text }) => text).join('')
  if (details.length > 0) {
    // A client that got our own details may hold any part of the text beside them: the details are the whole.
    const isTunnelled = blocks.some(({ proof }) => proof !== undefined && proof.wire !== WIRE)
    const echoes = fields.filter((field) => isTunnelled || message[field] === said)
    return { blocks, spelt: [DETAILS, ...echoes] }
  }
  const [first] = fields
  const text = first === undefined ? undefined : asText(message[first])
  const same = fields.filter((field) => message[field] === text)
  return { blocks: text === undefined || text === '' ? [] : [{ kind: 'reasoning', text }], spelt: same }
}

/** The reasoning of one message in the fields that are named; a text field holds all of it. */
export function writeThoughts(
  blocks: readonly ReasoningBlock[],
  fields: readonly string[],
  secretOf: (proof: Proof) => string,
): JsonObject {
  const text = blocks.map((block) => block.text).join('')
  const written = fields.map((field): readonly [string, Json] =>
    field === DETAILS
      ? [field, blocks.flatMap((block, index) => writeDetail(block, { index, secretOf }))]
      : [field, text],
  )
  return Object.fromEntries(written)
}

/** One entry of `reasoning_details`. Its number asks for nothing: it is a spelling. */
export function readDetail(detail: JsonObject, proofOf: ProofOf): ReasoningBlock {
  const type = asText(detail['type']) ?? TEXT
  const textKey = type === SUMMARY ? 'summary' : 'text'
  const secretKey = type === ENCRYPTED ? 'data' : 'signature'
  const text = type === ENCRYPTED ? undefined : asText(detail[textKey])
  const secret = asText(detail[secretKey]) || undefined
  const id = asText(detail['id']) || undefined
  const index = asCount(detail['index'])
  const said = { type, [textKey]: text, [secretKey]: secret, id, index }
  const rest = without(
    detail,
    Object.entries(said).flatMap(([key, value]) => (value === undefined ? [] : [key])),
  )
  const proof = secret === undefined ? undefined : proofOf(secret)
  const isFramed = proof?.wire === WIRE && (id !== undefined || Object.keys(rest).length > 0)
  const ways = spellings({ summary: type === SUMMARY, textless: text === undefined && type !== ENCRYPTED })
  return {
    kind: 'reasoning',
    text: text ?? '',
    ...(type === ENCRYPTED ? { redacted: true } : {}),
    ...(id === undefined ? {} : { id }),
    ...(proof === undefined ? {} : { proof: isFramed ? { ...proof, data: frameOf(detail) } : proof }),
    ...keep(isFramed ? {} : rest, [...numbered(index), ...ways]),
  }
}

/** The block as an entry of `reasoning_details`, or nothing where only a proof was there to be said and may not be. */
export function writeDetail(
  block: ReasoningBlock,
  { index, secretOf }: { readonly index: number; readonly secretOf: (proof: Proof) => string },
): readonly JsonObject[] {
  const { proof, text, id, redacted, own } = block
  if (proof === undefined && redacted === true) return []
  const secret = proof === undefined ? undefined : secretOf(proof)
  const frame = proof?.wire === WIRE ? framed(secret) : undefined
  const usual = redacted === true ? ENCRYPTED : isSpelt(own, WIRE, 'summary') ? SUMMARY : TEXT
  const type = asText(frame?.['type']) ?? usual
  const isTextless = type === ENCRYPTED || isSpelt(own, WIRE, 'textless')
  const said = filled({
    type,
    ...(isTextless ? {} : { [type === SUMMARY ? 'summary' : 'text']: text }),
    ...(frame ?? { [type === ENCRYPTED ? 'data' : 'signature']: secret }),
    ...(id === undefined ? {} : { id }),
    index: isSpelt(own, WIRE, 'detail') ? speltIndex(own) : index,
  })
  return [overlay(ownFields(own, WIRE), said)]
}

/** Where a message may carry its reasoning as one text. */
export const TEXT_FIELDS = ['reasoning_content', 'reasoning'] as const
/** The list of thoughts with their proofs. */
export const DETAILS = 'reasoning_details'

const TEXT = 'reasoning.text'
const SUMMARY = 'reasoning.summary'
const ENCRYPTED = 'reasoning.encrypted'
const TYPES: readonly (string | undefined)[] = [TEXT, SUMMARY, ENCRYPTED]

/** The entries, or none when one of them is not known: then the list is kept as it is. */
export function detailsOf(value: Json | undefined): readonly JsonObject[] {
  const list = asList(value) ?? []
  const known = list.map(asObject).filter((detail) => detail !== undefined && TYPES.includes(asText(detail['type'])))
  return known.length === list.length ? known.filter((detail) => detail !== undefined) : []
}

/** An entry says more than its secret where it has a name, or where several vendors stand behind one (`format`): then the whole of it is the proof. */
const frameOf = (detail: JsonObject): string => JSON.stringify(without(detail, ['text', 'summary']))

/** How an entry of the list is spelt that has this number. */
export const numbered = (index: number | undefined): readonly string[] =>
  index === undefined ? ['detail'] : ['detail', `index ${index}`]

const speltIndex = (own: Own | undefined): number | undefined => {
  const index = speltValue(own, 'index')
  return index === undefined ? undefined : Number(index)
}

const framed = (data: string | undefined): JsonObject | undefined => {
  if (data?.startsWith('{') !== true) return undefined
  const frame = asObject(parseJson(data))
  return asText(frame?.['type']) === undefined ? undefined : frame
}
