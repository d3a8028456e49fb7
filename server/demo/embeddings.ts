import type { Json, JsonObject } from '../../core/json.ts'
import { readInteger, readWord } from './fields.ts'
import type { DemoModel } from './models.ts'
import { badField } from './refusal.ts'
import type { Reply } from './reply.ts'
import { readTextInputs, type TextInput } from './text-input.ts'

const DIMENSIONS_DEFAULT = 256
const DIMENSIONS_MAX = 1_024
const INPUTS_MAX = 512
/** Of one answer, and of all inputs of one request: what is worked out on the gateway's own event loop stays a matter of milliseconds. */
const NUMBERS_MAX = 131_072
const CHARACTERS_MAX = 200_000
const GRAM_CHARACTERS = 3

/** Answers an embedding request: one unit vector for each input. */
export function embeddings(body: JsonObject, model: DemoModel): Reply {
  const inputs = readInputs(body['input'])
  const dimensions =
    readInteger(body['dimensions'], 'dimensions', { min: 1, max: DIMENSIONS_MAX }) ?? DIMENSIONS_DEFAULT
  const format = readWord(body['encoding_format'], 'encoding_format', ['float', 'base64']) ?? 'float'
  if (inputs.length * dimensions > NUMBERS_MAX)
    throw badField('input', `'input' asks for more than ${NUMBERS_MAX} numbers`)
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0)
  return {
    kind: 'whole',
    waitMs: 0,
    body: {
      object: 'list',
      data: inputs.map((input, index) => {
        const vector = vectorOf(input.text, dimensions)
        return { object: 'embedding', index, embedding: format === 'base64' ? base64(vector) : Array.from(vector) }
      }),
      model: model.id,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    },
  }
}

/**
 * The direction of a text: each run of three letters pushes one dimension up or down, so texts that share runs point the same way.
 * Equal texts give equal vectors; the length is 1.
 */
function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  const padded = ` ${text.toLowerCase()} `
  for (let at = 0; at + GRAM_CHARACTERS <= padded.length; at++) push(vector, hash(padded, at))
  let squares = vector.reduce((sum, value) => sum + value * value, 0)
  if (squares === 0) {
    // Pushes can cancel out in few dimensions; a vector without direction would break every similarity.
    vector[0] = 1
    squares = 1
  }
  return vector.map((value) => value / Math.sqrt(squares))
}

function readInputs(value: Json | undefined): readonly TextInput[] {
  const inputs = readTextInputs(value, 'input', INPUTS_MAX)
  const characters = inputs.reduce((sum, input) => sum + input.text.length, 0)
  if (characters > CHARACTERS_MAX) throw badField('input', `'input' has more than ${CHARACTERS_MAX} characters`)
  if (inputs.some((input) => input.text === '')) throw badField('input', "'input' must not be empty")
  return inputs
}

function push(vector: Float32Array, hashed: number): void {
  const at = hashed % vector.length
  vector[at] = (vector[at] ?? 0) + (hashed & 0x8000_0000 ? -1 : 1)
}

/** FNV-1a over one run of characters, as an unsigned number of 32 bits. */
function hash(text: string, start: number): number {
  let hashed = 0x811c_9dc5
  for (let at = start; at < start + GRAM_CHARACTERS; at++) hashed = Math.imul(hashed ^ text.charCodeAt(at), 0x0100_0193)
  return hashed >>> 0
}

/** Little-endian floats of 32 bits, whatever the machine: what every client of this format reads. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4)
  })
  return bytes.toString('base64')
}
