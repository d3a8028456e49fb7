import { asList, type Json } from '../../core/json.ts'
import { isAbsent, readList, readText } from './fields.ts'
import { badField } from './refusal.ts'
import { countTokens } from './tokens.ts'

const NUMBERS_MAX = 65_536

/** A text to be continued or embedded. */
export interface TextInput {
  /** The text; of token numbers, their digits. */
  readonly text: string
  readonly tokens: number
}

/** Text, several texts, token numbers, or several lists of those: what completions and embeddings take. A number counts as one token. */
export function readTextInputs(value: Json | undefined, param: string, inputsMax: number): readonly TextInput[] {
  if (isAbsent(value) || typeof value === 'string') return [textInput(readText(value, param))]
  const list = readList(value, param, { min: 1, max: NUMBERS_MAX })
  if (typeof list[0] === 'number') return [numbered(list, param)]
  return readList(value, param, { min: 1, max: inputsMax }).map((one, index) => {
    const numbers = asList(one)
    return numbers === undefined
      ? textInput(readText(one, `${param}[${index}]`))
      : numbered(numbers, `${param}[${index}]`)
  })
}

const textInput = (text: string): TextInput => ({ text, tokens: countTokens(text) })

function numbered(list: readonly Json[], param: string): TextInput {
  const numbers = list.filter((one) => typeof one === 'number' && Number.isInteger(one))
  if (numbers.length === 0 || numbers.length < list.length) {
    throw badField(param, `'${param}' must be text or a list of token numbers`)
  }
  return { text: numbers.map(String).join(' '), tokens: numbers.length }
}
