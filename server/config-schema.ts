import { LOSS_MODES } from '../core/loss.ts'
import { WIRE_IDS } from '../core/chat.ts'
import * as z from 'zod'
import { fullRatesSchema, hoursSchema, stepsSchema, tiersSchema, unitsSchema } from '../core/price-row.ts'
import { PROVIDER_KIND_IDS } from '../core/providers/index.ts'

/**
 * The shape of `sekisho.yaml`. Every field has a default that works; its description is the operator's reference and
 * what editors show. Durations are milliseconds, sizes bytes; the unit ends the name.
 */

const duration = (text: string) => z.int().min(1).max(86_400_000).describe(`${text} (milliseconds)`)
const milliseconds = (fallback: number, text: string) => duration(text).default(fallback)
const count = (fallback: number, text: string) => z.int().min(1).max(1_000_000).default(fallback).describe(text)
/** `${NAME}` or `file:/path`: a secret is never written into the file itself. */
const secretReference = z
  .string()
  .regex(
    /^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|file:.+)$/,
    'a secret is given as ${NAME} (environment) or file:/path, never in plain text',
  )
const httpUrl = z.url({ protocol: /^https?$/ })
const modelName = z
  .string()
  .max(200)
  .regex(/^[^\s\p{C}]+$/u, 'text without spaces, at most 200 characters')
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'small letters, digits, dot, underscore and hyphen, at most 63')

const listen = z.strictObject({
  host: z.string().default('127.0.0.1').describe('Address to listen on; loopback unless you say otherwise'),
  port: z.int().min(0).max(65_535).default(4100).describe('Port to listen on; 0 takes a free one'),
  corsOrigins: z
    .array(z.string())
    .max(100)
    .default([])
    .describe('Origins of browser programs that may call the data plane, or "*"'),
})

const limits = z.strictObject({
  bodyBytesMax: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(33_554_432)
    .describe('Largest request body (bytes); 413 beyond'),
  jsonDepthMax: z.int().min(8).max(1_000).default(64).describe('Deepest nesting of a request body'),
  jsonKeysMax: z.int().min(100).max(10_000_000).default(100_000).describe('Most object keys in a request body'),
  largeBodiesBytesMax: z
    .int()
    .min(1_048_576)
    .max(1_099_511_627_776)
    .default(536_870_912)
    .describe('Memory for request bodies above 64 KiB, over all requests (bytes); 503 beyond'),
  inFlightMax: count(2_000, 'Requests in flight in this process'),
  queueMax: count(1_000, 'Requests that wait for a free place, for each provider and for the process'),
  queueWaitMs: milliseconds(10_000, 'Longest wait for a free place, then 503'),
})

const waits = z.strictObject({
  connectMs: duration('Reaching a vendor: DNS, TCP and TLS'),
  firstByteMs: duration('From the request sent to the first byte of the answer'),
  idleMs: duration('Silence between bytes of a stream'),
  totalMs: duration('The whole answer'),
  clientStallMs: duration('A client that does not read'),
})
const timeouts = z.strictObject({
  connectMs: waits.shape.connectMs.default(5_000),
  firstByteMs: waits.shape.firstByteMs.default(300_000),
  idleMs: waits.shape.idleMs.default(90_000),
  totalMs: waits.shape.totalMs.default(1_800_000),
  clientStallMs: waits.shape.clientStallMs.default(60_000),
})

const provider = z.strictObject({
  kind: z.enum(PROVIDER_KIND_IDS).describe('Which vendor this is'),
  credential: secretReference.optional().describe('The key that the vendor gave you, as ${NAME} or file:/path'),
  baseUrl: httpUrl.optional().describe("Address of the API when it is not the vendor's usual one"),
  nodes: z
    .array(httpUrl)
    .min(1)
    .max(64)
    .optional()
    .describe('Several addresses that serve the same models, used in turn'),
  models: z.array(modelName).max(10_000).optional().describe('Models that it serves beside those of the catalogue'),
  inFlightMax: count(100, 'Requests in flight at this provider'),
  // Without defaults of its own: one would hide the general time that the operator set.
  timeouts: waits.partial().optional().describe('Where this provider needs other times than the general ones'),
  apiVersion: z.string().optional().describe('Azure OpenAI: the api-version of the deployments paths'),
  wires: z
    .array(z.enum(WIRE_IDS))
    .min(1)
    .max(WIRE_IDS.length)
    .optional()
    .describe(
      'API formats that it speaks where those are more or others than usual; what comes in another one is translated to the first',
    ),
  store: z
    .boolean()
    .optional()
    .describe('Gemini: whether it may keep conversations of clients that do not say; the API itself keeps them'),
  region: name
    .optional()
    .describe('Where it serves, when the vendor charges by region or data residency: prices of that region are used'),
  pathStyle: z
    .enum(['v1', 'deployments'])
    .optional()
    .describe('Azure OpenAI: /openai/v1 or /openai/deployments/<name>'),
})

const alias = z.strictObject({
  targets: z
    .array(z.string().regex(/^[^/]+\/.+$/, 'provider/model'))
    .min(1)
    .max(32)
    .describe('As provider/model, tried in order'),
  order: z.enum(['in-order', 'round-robin']).default('in-order').describe('How the first target is chosen'),
  lossy: z
    .enum(LOSS_MODES)
    .default('warn')
    .describe(
      'What to do when a field cannot be said in the API format of the provider: strict refuses the request with 400, warn answers and lists it in x-sekisho-lossy, silent only records it',
    ),
})

const price = z.strictObject({
  model: z
    .string()
    .regex(/^[^/]+\/.+$/, 'provider/model')
    .describe('Which model, as provider/model'),
  from: z.iso.date().default('1970-01-01').describe('Day (UTC) from which it holds'),
  until: z.iso
    .date()
    .exactOptional()
    .describe(
      'Day (UTC) on which it ends: the first one on which it holds no more. For ever, or until your next one, when left out',
    ),
  hours: hoursSchema.exactOptional(),
  rates: fullRatesSchema,
  steps: stepsSchema.exactOptional(),
  tiers: tiersSchema.exactOptional(),
  units: unitsSchema.exactOptional(),
})

const journal = z.strictObject({
  durability: z
    .enum(['group', 'strict'])
    .default('group')
    .describe(
      'group: safe against a killed process, and against power loss after 20 ms; strict: also in between, slower',
    ),
  intent: z
    .boolean()
    .default(true)
    .describe('Write down each attempt before it is sent. Off loses open requests in a crash'),
  reserveBytes: z
    .int()
    .min(1_048_576)
    .default(33_554_432)
    .describe('Disk set aside so that running requests can settle when the disk is full'),
  bytesMax: z
    .int()
    .min(16_777_216)
    .default(4_294_967_296)
    .describe('Largest journal on disk while the database is away; new billable requests are refused beyond'),
})

const idempotency = z.strictObject({
  keep: z
    .boolean()
    .default(true)
    .describe(
      'Keep the answers of requests with an Idempotency-Key, encrypted, to give them again. Off: a repeat gets 409 idempotency_not_replayable',
    ),
  hours: z.int().min(1).max(168).default(24).describe('How long such a key is remembered, and its answer kept (hours)'),
})

const admin = z.strictObject({
  reach: z
    .enum(['loopback', 'anywhere'])
    .default('loopback')
    .describe(
      'Who may reach the admin API: programs on this machine, or whoever reaches the port (have TLS in front of it)',
    ),
  hosts: z
    .array(z.string())
    .default([])
    .describe('Host names under which a proxy on this machine passes admin requests on'),
})

export const configSchema = z.strictObject({
  listen: listen.prefault({}),
  admin: admin.prefault({}),
  limits: limits.prefault({}),
  timeouts: timeouts.prefault({}),
  providers: z.record(name, provider).default({}).describe('Vendors and own nodes, by the name that you give them'),
  demo: z.boolean().default(true).describe('Whether the built-in demo vendor is there'),
  models: z.record(modelName, alias).default({}).describe('Your own names for models'),
  prices: z.array(price).max(10_000).default([]).describe('Prices that win over the catalogue, on their days'),
  journal: journal.prefault({}),
  idempotency: idempotency.prefault({}),
  usage: z
    .strictObject({
      keepDays: z
        .int()
        .min(7)
        .max(36_500)
        .optional()
        .describe(
          'Days before today (UTC) whose records are kept one by one; sums by day stay. For ever when left out',
        ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe line that is written'),
    })
    .prefault({}),
  drain: z
    .strictObject({
      readinessMs: z
        .int()
        .min(0)
        .max(600_000)
        .default(0)
        .describe('After SIGTERM: how long new requests are still taken while /readyz already says no (milliseconds)'),
      deadlineMs: milliseconds(600_000, 'After that: how long running streams may take to finish'),
    })
    .prefault({}),
})

/** The configuration as it runs: every default filled in. */
export type Config = z.output<typeof configSchema>
export type ProviderConfig = Config['providers'][string]
