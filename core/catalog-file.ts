import * as z from 'zod'
import type { ModelFacts } from './capabilities.ts'
import { EFFORTS } from './chat.ts'
import { OPERATIONS } from './operation.ts'
import { vendorPriceSchema } from './price-row.ts'

/**
 * The shape of `catalog/*.json` (catalog/README.md explains it to people). It is checked by `node scripts/catalog.ts check`
 * and by the tests, not at start: the files are part of the program, and `readCatalog` refuses a price that is not exact.
 */

const day = z.iso.date()
const tokens = z.int().min(1)

const modality = z.enum(['text', 'image', 'audio', 'video', 'file', 'embedding'])

export const modelSchema = z.strictObject({
  id: z.string().min(1).max(200),
  aliases: z.array(z.string().min(1).max(200)).min(1).exactOptional(),
  operations: z.array(z.enum(OPERATIONS)).min(1),
  contextTokens: tokens.nullable(),
  outputTokensMax: tokens.nullable(),
  input: z.array(modality).min(1),
  output: z.array(modality).min(1),
  released: day.exactOptional(),
  sources: z.array(z.string()).min(1),
  /** The vendor's own page that a source names for the row, for a person who checks it. */
  page: z.url({ protocol: /^https$/ }).exactOptional(),
  note: z.string().min(1).exactOptional(),
  prices: z.array(vendorPriceSchema),
})

/** One vendor's file: `catalog/<provider kind>.json`. */
export const vendorFileSchema = z.strictObject({ provider: z.string(), models: z.array(modelSchema) })

/** `catalog/sources.json`: what the rows name, each so exactly that anyone can open it. */
export const sourcesFileSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      registry: z.enum(['npm', 'pypi']),
      package: z.string(),
      version: z.string(),
      file: z.string(),
      license: z.string(),
      read: day,
    }),
    z.strictObject({ title: z.string(), url: z.url({ protocol: /^https$/ }), read: day }),
  ]),
)

const effort = z.enum(EFFORTS)
const settable = z.enum(['any', 'none', 'unless-reasoning'])
const budget = z.strictObject({ min: tokens, max: tokens.nullable() })

/** Every fact stands here: one that is missing is an error of the compiler. */
const facts = {
  reasons: z.boolean().exactOptional(),
  reasoningAmount: z.enum(['level', 'budget']).exactOptional(),
  reasoningOff: z.enum(['yes', 'no', 'up-to-high', 'between-tools']).exactOptional(),
  reasoningDefault: z.enum(['on', 'off']).exactOptional(),
  reasoningAuto: z.enum(['yes', 'no', 'needed']).exactOptional(),
  budget: budget.nullable().exactOptional(),
  efforts: z.array(effort).exactOptional(),
  effortDefault: effort.exactOptional(),
  effortMaxOnChat: effort.exactOptional(),
  sampling: z.enum([...settable.options, 'not-both']).exactOptional(),
  samplingWithReasoning: z.enum(['any', 'default']).exactOptional(),
  samplingVersion: day.exactOptional(),
  penalties: settable.exactOptional(),
  logprobs: settable.exactOptional(),
  logitBias: settable.exactOptional(),
  stops: settable.exactOptional(),
  choicesMax: z.int().min(1).exactOptional(),
  forcedTool: z.enum(['yes', 'no', 'not-with-budget']).exactOptional(),
  prefill: z.enum(['yes', 'no', 'not-with-reasoning']).exactOptional(),
  schemaOutput: z.boolean().exactOptional(),
  responsesOnly: z.enum(['always', 'tools']).exactOptional(),
  outputLimitField: z.enum(['max_completion_tokens']).exactOptional(),
  laterSystem: z.boolean().exactOptional(),
  resultMedia: z.boolean().exactOptional(),
  prefixCheck: z.enum(['yes', 'no', 'recorded']).exactOptional(),
  reasoningBound: z.enum(['account']).exactOptional(),
  storesByDefault: z.boolean().exactOptional(),
  outputTokensMaxWhole: tokens.exactOptional(),
} satisfies { readonly [fact in keyof ModelFacts]-?: z.ZodType<ModelFacts[fact]> }

/** `catalog/capabilities.json`: what models take, where that differs. */
export const capabilitiesFileSchema = z.strictObject({
  rows: z.array(
    z.strictObject({
      models: z.array(z.string().min(1).max(200)).min(1),
      facts: z.strictObject(facts) satisfies z.ZodType<ModelFacts>,
      sources: z.array(z.string()).min(1),
      note: z.string().min(1).exactOptional(),
    }),
  ),
})

export type CapabilitiesFile = z.output<typeof capabilitiesFileSchema>
export type VendorFile = z.output<typeof vendorFileSchema>
export type SourcesFile = z.output<typeof sourcesFileSchema>
export type ModelRow = VendorFile['models'][number]
