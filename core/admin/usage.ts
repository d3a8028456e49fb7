import * as z from 'zod'
import { action } from '../action.ts'
import { inOrganisation, instant, lineOfText, pageInput, pageOf } from './fields.ts'

/** What was used and what it cost. Money is in nano-dollars, and in dollars as text for people. */

/** Sums may pass what a double holds exactly; then the last digits are rounded. */
const sum = z.number()
const day = z.iso.date().regex(/^2/, 'a day from 2000 on')
const status = z.enum(['complete', 'partial', 'canceled', 'failed', 'interrupted'])

export const usageTotals = action({
  name: 'usage.totals',
  method: 'GET',
  path: '/usage/totals',
  permission: 'usage:read',
  narrows: true,
  summary: 'Sum up usage and cost by key, model, provider or day.',
  input: z.strictObject({
    ...inOrganisation,
    by: z.enum(['key', 'model', 'provider', 'day']).default('model').describe('What to sum up by'),
    from: day.optional().describe('First day (UTC); 30 days back when left out'),
    to: day.optional().describe('Last day (UTC); today when left out'),
    limit: z.int().min(1).max(500).default(100).describe('Most groups to return'),
  }),
  output: z.object({
    from: z.iso.date(),
    to: z.iso.date(),
    items: z
      .array(
        z.object({
          group: z.string(),
          name: z.string().nullable().describe('Of a key'),
          requests: sum,
          attempts: sum,
          failed: sum.describe('Attempts without any content'),
          inputTokens: sum,
          cacheReadTokens: sum,
          cacheWriteTokens: sum,
          outputTokens: sum,
          reasoningTokens: sum,
          searches: sum,
          costNano: sum,
          cost: z.string().describe('Dollars'),
          unpriced: sum.describe('Attempts whose cost is unknown, which is not zero'),
        }),
      )
      .describe('The dearest first, or the newest day first'),
    more: z.boolean().describe('Whether the limit left some out'),
  }),
  changes: false,
})

export const usageList = action({
  name: 'usage.list',
  method: 'GET',
  path: '/usage',
  permission: 'usage:read',
  narrows: true,
  summary: 'List attempts one by one, newest first.',
  input: z.strictObject({
    ...inOrganisation,
    key: lineOfText(100).optional().describe('Only of this key id'),
    provider: lineOfText(100).optional().describe('Only at this provider'),
    model: lineOfText(300).optional().describe('Only of this model, as it was sent to the provider'),
    modelAsked: lineOfText(300).optional().describe('Only of this model, as the client wrote it'),
    status: status.optional().describe('Only attempts that ended so'),
    ...pageInput,
  }),
  output: pageOf(
    z.object({
      id: z.string(),
      requestId: z.string(),
      at: instant,
      keyId: z.string(),
      operation: z.string(),
      provider: z.string(),
      model: z.string().describe('As it was sent to the provider'),
      modelAsked: z.string(),
      modelAnswered: z.string().nullable(),
      attempt: z.number(),
      stream: z.boolean(),
      status,
      reason: z.string().nullable(),
      httpStatus: z.number().nullable(),
      inputTokens: z.number().nullable().describe('All kinds together; null when it is unknown, which is not zero'),
      outputTokens: z.number().nullable(),
      usage: z.record(z.string(), z.number()).nullable().describe('Tokens by kind; no token is in two kinds'),
      usageSource: z.string().nullable(),
      costNano: z.number().nullable(),
      cost: z.string().nullable().describe('Dollars'),
      priceVersion: z.string().nullable(),
      wire: z.string().nullable().describe('API format of the client'),
      vendorWire: z
        .string()
        .nullable()
        .describe('API format of the provider; another one means that the request was translated'),
      losses: z.string().nullable().describe('What could not be said to the provider, as field=what'),
      queueUs: z.number(),
      gatewayUs: z.number(),
      firstByteUs: z.number().nullable(),
      totalUs: z.number(),
    }),
  ),
  changes: false,
})
