import { Refusal, type Complaints, type Path } from './wire-vendor-check.ts'
import { geminiModel, type GeminiRules } from './wire-vendor-models.ts'

/** How the Gemini API complains and what its paths say. */

/** Fields have two spellings, and complaints name the second one. */
export const geminiComplaints: Complaints = {
  spellings: (name) => [name, snake(name)],
  missing: (path) => invalid(`* GenerateContentRequest.${spelt(path)}: ${String(path.at(-1))} is not specified`, path),
  unknown: (path) =>
    invalid(
      `Invalid JSON payload received. Unknown name "${String(path.at(-1))}"${path.length > 1 ? ` at '${spelt(path.slice(0, -1))}'` : ''}: Cannot find field.`,
      path.slice(0, -1),
    ),
  wrongType: (path, wanted, value) =>
    invalid(`Invalid value at '${spelt(path)}' (${TYPE_WORDS[wanted]}), ${JSON.stringify(value)}`, path),
  wrongValue: (path, value) =>
    invalid(
      `Invalid value at '${spelt(path)}' (type.googleapis.com/google.ai.generativelanguage.v1beta), ${JSON.stringify(value)}`,
      path,
    ),
}

const TYPE_WORDS = {
  'an object': 'type.googleapis.com/google.protobuf.Struct',
  'a list': 'TYPE_LIST',
  'a string': 'TYPE_STRING',
  'a number': 'TYPE_DOUBLE',
  'an integer': 'TYPE_INT32',
  'a boolean': 'TYPE_BOOL',
}

export const invalid = (message: string, path: Path = []): Refusal =>
  new Refusal(message, { field: spelt(path) || null })

export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** `contents[0].parts[1].function_call`. */
export const spelt = (path: Path): string =>
  path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${snake(step)}`))
    .join('')

/** The model and method of a path: `/v1beta/models/{model}:{method}`. */
export function calledIn(path: string): { readonly model: string; readonly method: string } {
  const [, model = '', method = ''] = /\/models\/([^:]+):(\w+)$/.exec(path) ?? []
  return { model: decodeURIComponent(model), method }
}

export function modelRules(model: string, method: string): GeminiRules {
  const rules = geminiModel(model)
  if (rules !== undefined) return rules
  throw new Refusal(
    `models/${model} is not found for API version v1beta, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
    { status: 404 },
  )
}
