import * as z from 'zod'
import { action } from '../action.ts'
import { inOrganisation, instant, lineOfText, pageInput, pageOf, publicId } from './fields.ts'

/** What was used and what it cost. Money is in nano-dollars, and in dollars as text for people. */

/** Sums may pass what a double holds exactly; then the last digits are rounded. */
const sum = z.number()
const day = z.iso.date().regex(/^2/, 'a day from 2000 on')
/** A UTC day, or a moment. */
const dayOrInstant = z.union([day, instant.regex(/^2/, 'a moment from 2000 on')])
const statuses = ['complete', 'partial', 'canceled', 'failed', 'interrupted'] as const
const status = z.enum(statuses)

/** A page of what may be rare: it comes after two seconds at most, with what was found by then. */
const searchOf = <Row extends z.ZodType>(row: Row) =>
  pageOf(row).extend({
    searchedTo: instant
      .nullable()
      .describe(
        'Not null when the time for one page was over: everything back to this moment was looked at, and next goes on there',
      ),
  })

export const usageTotals = action({
  name: 'usage.totals',
  method: 'GET',
  path: '/usage/totals',
  permission: 'usage:read',
  narrows: true,
  summary: 'Sum up usage and cost by key, model, provider, day, project, team, user or organisation.',
  input: z.strictObject({
    ...inOrganisation,
    by: z
      .enum(['key', 'model', 'provider', 'day', 'project', 'team', 'user', 'organisation'])
      .default('model')
      .describe('What to sum up by'),
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
          group: z.string().describe('Empty for what is of no project, team or user'),
          name: z.string().nullable().describe('Of a key, project, team, user or organisation'),
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

const groupings = ['key', 'user', 'team', 'project', 'organisation', 'provider', 'model', 'day'] as const

export const usageExport = action({
  name: 'usage.export',
  method: 'GET',
  path: '/usage/export',
  permission: 'usage:read',
  narrows: true,
  summary: 'Export attempts, or sums by any of their sides, as lines of JSON or as CSV.',
  input: z.strictObject({
    ...inOrganisation,
    format: z
      .enum(['ndjson', 'csv'])
      .default('ndjson')
      .describe('A JSON object on each line, or a table with a line of names first'),
    by: z
      .array(z.enum(groupings))
      .max(groupings.length)
      .optional()
      .describe('What to sum up by, together; each attempt by itself when left out'),
    from: day.optional().describe('First day; 30 days back when left out'),
    to: day.optional().describe('Last day; today when left out'),
    timeZone: lineOfText(64)
      .default('UTC')
      .describe(
        'Where days begin and end, as Europe/Berlin; others than UTC are summed up from the attempts that are kept',
      ),
  }),
  output: z.object({}),
  streams: true,
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
    project: publicId.optional().describe('Only of keys of this project'),
    provider: lineOfText(100).optional().describe('Only at this provider'),
    model: lineOfText(300).optional().describe('Only of this model, as it was sent to the provider'),
    modelAsked: lineOfText(300).optional().describe('Only of this model, as the client wrote it'),
    status: z
      .enum([...statuses, 'incomplete'])
      .optional()
      .describe('Only attempts that ended so; incomplete: in any way but complete'),
    from: dayOrInstant.optional().describe('First day (UTC) or moment; 30 days back when left out'),
    to: dayOrInstant.optional().describe('Last day (UTC), or the moment before which; now when left out'),
    ...pageInput,
  }),
  output: searchOf(
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
