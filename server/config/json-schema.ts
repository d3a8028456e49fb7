import * as z from 'zod'
import { configSchema } from '../config-schema.ts'

/** The JSON Schema of `sekisho.yaml`, so that editors complete it: as the operator writes it, defaults left out. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' })
  const about = {
    title: 'sekisho.yaml',
    description: 'The configuration of Sekisho. Secrets are given as ${NAME} or file:/path, never in plain text.',
  }
  return `${JSON.stringify({ ...schema, ...about }, null, 2)}\n`
}
