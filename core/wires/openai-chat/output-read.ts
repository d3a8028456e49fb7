import type { OutputFormat } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import type { JsonObject } from '../../json.ts'
import { keep, spellings } from './kept.ts'

/** How the client wants its answer, and what of that only this wire knows. */
export interface Formatted {
  readonly output?: OutputFormat
  readonly kept: JsonObject
}

/** A format that is not known (grammars and patterns of nodes) is kept as it is. */
export function readOutput(body: Fields): Formatted {
  const format = body.object('response_format')
  if (format === undefined) return { kept: {} }
  switch (format.textNeeded('type')) {
    case 'text':
      return { output: { kind: 'text' }, kept: format.rest() }
    case 'json_object':
      return { output: { kind: 'json' }, kept: format.rest() }
    case 'json_schema':
      return { output: schemaOutput(format), kept: {} }
    default:
      return { kept: format.json }
  }
}

function schemaOutput(format: Fields): OutputFormat {
  const inner = format.objectNeeded('json_schema')
  const name = inner.text('name')
  const description = inner.text('description')
  const strict = inner.flag('strict')
  const schema = inner.object('schema')?.json
  return {
    kind: 'schema',
    schema: schema ?? {},
    ...given({ name, description, strict }),
    ...keep(format.restWith({ json_schema: inner.rest() }), spellings({ schemaless: schema === undefined })),
  }
}
