/**
 * `npm run reference`: writes what is made from declarations and never by hand: the JSON Schema of `sekisho.yaml`, and the two reference
 * pages. Tests say when it must be run again.
 */
import { writeFileSync } from 'node:fs'
import { configJsonSchema } from '../server/config/json-schema.ts'
import { apiReference } from './api-reference.ts'
import { configReference } from './config-reference.ts'
import { lossReference } from './loss-reference.ts'

const pages = {
  'sekisho.schema.json': configJsonSchema(),
  'configuration.md': configReference(),
  'api.md': apiReference(),
  'losses.md': lossReference(),
}
for (const [name, text] of Object.entries(pages)) writeFileSync(new URL(`../docs/${name}`, import.meta.url), text)
