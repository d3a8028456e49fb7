import type { WireId } from '../chat.ts'
import { given } from '../given.ts'
import { type Json, parseJson } from '../json.ts'
import type { Note, NotedKey, NotedKeys } from '../json-scan.ts'
import type { AskedFields } from './openai-chat/asked.ts'

/**
 * How much a client allows its answer to have, from what the scan noted. It limits what a request may use, so whatever could be read in two ways
 * is read as the larger one; it decides nothing else, so nothing is refused: a wrong value is the vendor's to refuse.
 */
export function askedOutput(wire: WireId, notes: readonly Note[]): AskedOutput {
  if (notes.length === 0) return NOTHING
  const fields = OUTPUT_FIELDS[wire]
  return fields.within === undefined ? outputOf(fields, notes) : outputWithin(fields, notes)
}

type AskedOutput = Pick<AskedFields, 'outputTokensMax' | 'choices'>

interface OutputFields {
  /** What limits the tokens of one choice. Vendors differ in which they look at, so where several stand there the largest counts. */
  readonly limits: readonly string[]
  /** The least that is a limit. Where zero is none, vendors take it for "not set", or refuse it. */
  readonly limitMin: 0 | 1
  /** What multiplies the output. */
  readonly choices: readonly string[]
  /** The object that all this stands in. Absent: the body itself. */
  readonly within?: string
}

const OUTPUT_FIELDS: { readonly [wire in WireId]: OutputFields } = {
  // Of `best_of` completions all are paid for, though only `n` are shown.
  'openai-chat': { limits: ['max_completion_tokens', 'max_tokens'], limitMin: 1, choices: ['n', 'best_of'] },
  'openai-responses': { limits: ['max_output_tokens'], limitMin: 1, choices: [] },
  anthropic: { limits: ['max_tokens'], limitMin: 0, choices: [] },
  gemini: {
    limits: ['maxOutputTokens'],
    limitMin: 1,
    choices: ['candidateCount'],
    within: 'generationConfig',
  },
}

/** What the scan notes for each wire. */
export const OUTPUT_KEYS: { readonly [wire in WireId]: NotedKeys } = {
  'openai-chat': keysOf(OUTPUT_FIELDS['openai-chat']),
  'openai-responses': keysOf(OUTPUT_FIELDS['openai-responses']),
  anthropic: keysOf(OUTPUT_FIELDS.anthropic),
  gemini: keysOf(OUTPUT_FIELDS.gemini),
}

function keysOf({ limits, choices, within }: OutputFields): NotedKeys {
  const keys = new Map([...limits, ...choices].flatMap((name) => spellings({ name, spelt: name })))
  return within === undefined ? keys : new Map(spellings({ name: within, spelt: within, inside: keys }))
}

/** As it is, and in snake_case where that differs: Gemini takes both. */
function spellings(key: NotedKey): [string, NotedKey][] {
  const snake = key.spelt.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return [key.spelt, snake].map((spelt) => [spelt.toLowerCase(), { ...key, spelt }])
}

const outputOf = (fields: OutputFields, notes: readonly Note[]): AskedOutput =>
  given({ outputTokensMax: limitOf(fields, notes), choices: choicesOf(fields, notes) })

/** Of two such objects a vendor reads one, or both: which limit holds is not known then. */
function outputWithin(fields: OutputFields, objects: readonly Note[]): AskedOutput {
  const [only] = objects
  if (objects.length === 1 && only?.exact === true) return outputOf(fields, only.inside)
  if (objects.some(({ text }) => text === undefined)) return { choices: CHOICES_UNREAD }
  const inside = objects.flatMap((object) => object.inside)
  return given({ choices: choicesOf(fields, inside) })
}

/**
 * The largest of what stands there. A key in other letters can only raise it, because most vendors do not know it. `null` alone says nothing;
 * anything else that is no limit might be read as none (-1 is, by some nodes), and so might a `null` beside another value of its key.
 */
function limitOf({ limits, limitMin }: OutputFields, notes: readonly Note[]): number | undefined {
  let largest: number = limitMin
  let isSaid = false
  for (const name of limits) {
    const said = notes.filter((note) => note.name === name)
    const values = said.map(({ text }) => (text === undefined ? undefined : parseJson(text)))
    if (values.every((value) => value === null)) continue
    for (const value of values) {
      const tokens = countOf(value, limitMin)
      if (tokens === undefined) return undefined
      largest = Math.max(largest, tokens)
    }
    isSaid ||= said.some(({ exact }) => exact)
  }
  return isSaid ? largest : undefined
}

/** The largest of what stands there, in whatever letters. Digits in a string count, because some nodes take them for the number. */
function choicesOf({ choices }: OutputFields, notes: readonly Note[]): number | undefined {
  let largest: number | undefined
  for (const { name, text } of notes) {
    if (!choices.includes(name)) continue
    const value = text === undefined ? CHOICES_UNREAD : parseJson(text)
    const count = countOf(typeof value === 'string' ? Number(value) : value, 1)
    if (count !== undefined) largest = Math.max(largest ?? 1, count)
  }
  return largest
}

const countOf = (value: Json | undefined, least: number): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= COUNT_MAX ? value : undefined

const NOTHING: AskedOutput = {}
/** Above, no vendor means it. */
const COUNT_MAX = 1e9
/** For a number that is too long to be read: the most that OpenAI gives. */
const CHOICES_UNREAD = 128
