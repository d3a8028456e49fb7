/** Writes `docs/sekisho.schema.json` from the schema of the configuration. A test says when it must be run again. */
import { writeFileSync } from 'node:fs'
import { configJsonSchema } from '../server/config/json-schema.ts'

writeFileSync(new URL('../docs/sekisho.schema.json', import.meta.url), configJsonSchema())
