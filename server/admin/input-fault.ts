import type * as z from 'zod'
import { Fault } from '../../core/fault.ts'

/** What is wrong with an input, by its first wrong field. Values are not repeated: they may be secrets in the wrong place. */
export function inputFault(error: z.ZodError): Fault {
  const [issue] = error.issues
  if (issue === undefined) return new Fault('bad_request', 'The input is not valid')
  if (issue.code === 'unrecognized_keys') {
    const field = pathText([...issue.path, issue.keys[0] ?? '']).slice(0, FIELD_LENGTH_MAX)
    return new Fault('bad_request', `Unknown field '${field}'`, { field })
  }
  const field = pathText(issue.path).slice(0, FIELD_LENGTH_MAX)
  return new Fault(
    'bad_request',
    field === '' ? issue.message : `${field}: ${issue.message}`,
    field === '' ? {} : { field },
  )
}

const FIELD_LENGTH_MAX = 100

/** `messages[0].role` */
const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  )
