import { Refusal, type Complaints, type Path, type RefusalOptions } from './wire-vendor-check.ts'

/** How Anthropic complains, and what its parts must know of each other. */
export const anthropicComplaints: Complaints = {
  spellings: (name) => [name],
  missing: (path) => complain(path, 'Field required'),
  unknown: (path) => complain(path, 'Extra inputs are not permitted'),
  wrongType: (path, wanted) => complain(path, TYPE_WORDS[wanted]),
  wrongValue: (path, _, allowed) => complain(path, `Input should be ${allowed.map((one) => `'${one}'`).join(' or ')}`),
}

const TYPE_WORDS = {
  'an object': 'Input should be a valid dictionary',
  'a list': 'Input should be a valid list',
  'a string': 'Input should be a valid string',
  'a number': 'Input should be a valid number',
  'an integer': 'Input should be a valid integer',
  'a boolean': 'Input should be a valid boolean',
}

/** Anthropic puts the path in front of the sentence: `messages.0.content.1.text: Field required`. */
export const complain = (path: Path, sentence: string, options: RefusalOptions = {}): Refusal =>
  new Refusal(`${path.join('.')}: ${sentence}`, { field: path.join('.'), ...options })

/** What a request says about thinking. */
export interface Thinking {
  readonly on: boolean
  readonly shown: boolean
  /** Within a fixed budget: then the turn that calls tools must begin with its thinking. */
  readonly fixed: boolean
}
