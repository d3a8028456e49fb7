import * as z from 'zod'
import { LOSS_MODES } from '../loss.ts'
import { action } from '../action.ts'
import { isIpRange } from '../ip-range.ts'
import { OPERATIONS } from '../operation.ts'
import { displayName, inOrganisation, instant, lineOfText, pageInput, pageOf, publicId } from './fields.ts'

/** Virtual keys: what programs hold to call models through the gateway. */

const keyState = z.enum(['active', 'expired', 'revoked'])

/** A key as an operator sees it. The secret is not among it: nobody can read it again. */
const key = z.object({
  id: publicId,
  name: z.string(),
  state: keyState,
  models: z.array(z.string()).nullable().describe('Patterns of models that it may use, or null for every model'),
  deniedModels: z.array(z.string()),
  routes: z.array(z.string()).nullable(),
  operations: z.array(z.string()).nullable(),
  ipRanges: z.array(z.string()).nullable(),
  tags: z.array(z.string()),
  metadata: z.record(z.string(), z.string()),
  environment: z.string().nullable(),
  lastUsedAt: instant.nullable().describe('As far as usage has arrived'),
  createdAt: instant,
  createdBy: z.string().nullable().describe('Name of the administrator, or null for the gateway itself'),
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  lossy: z
    .enum(LOSS_MODES)
    .nullable()
    .describe('What is done about fields that cannot be said to a provider; null: as the model has it'),
  organisation: publicId,
  team: publicId.nullable(),
  project: publicId.nullable(),
  owner: publicId.nullable().describe('Id of the user who owns it'),
  earlierSecretUntil: instant.nullable().describe('After a rotation: how long the secret before still works'),
})
const patterns = z.array(lineOfText(200)).min(1).max(100)

/** What a key may be used for, from where, and what it is. Null says nothing, or no longer anything. */
const rules = {
  models: patterns.nullable().describe('Patterns of models that it may use (`demo/*`); every model when left out'),
  deniedModels: z
    .array(lineOfText(200))
    .max(100)
    .describe('Patterns of models that it may not use, whatever else says that it may'),
  routes: patterns.nullable().describe('Your own names of models that it may ask for, and no other names'),
  operations: z
    .array(z.enum(OPERATIONS))
    .min(1)
    .max(OPERATIONS.length)
    .nullable()
    .describe('Kinds of call that it may make; every kind when left out'),
  ipRanges: z
    .array(lineOfText(50).refine(isIpRange, 'an address or a range (192.0.2.0/24)'))
    .min(1)
    .max(100)
    .nullable()
    .describe('Addresses and ranges (`192.0.2.0/24`) from which it may be used; from anywhere when left out'),
  tags: z.array(lineOfText(50)).max(20).describe('Words to find it by'),
  metadata: z
    .record(z.string().min(1).max(50), z.string().max(500))
    .refine((fields) => Object.keys(fields).length <= 20, 'at most 20 fields')
    .describe('Your own words about it, as JSON'),
  environment: lineOfText(50).nullable().describe('Where it is used: production, test...'),
  lossy: z
    .enum(LOSS_MODES)
    .nullable()
    .describe(
      'strict, warn or silent about fields that cannot be said to a provider; as the model has it when left out',
    ),
}
const secret = z.string().describe('The secret for the client, shown this once')

const rulesOrNone = {
  models: rules.models.default(null),
  deniedModels: rules.deniedModels.default([]),
  routes: rules.routes.default(null),
  operations: rules.operations.default(null),
  ipRanges: rules.ipRanges.default(null),
  tags: rules.tags.default([]),
  metadata: rules.metadata.default({}),
  environment: rules.environment.default(null),
  lossy: rules.lossy.default(null),
}

/** Whose a new key is, and how long. */
const belonging = {
  team: publicId.optional().describe('Id of the team that it belongs to'),
  project: publicId.optional().describe('Id of the project that it belongs to'),
  owner: publicId.optional().describe('Id of the user who owns it: it works as long as they may use models'),
  expiresInDays: z.int().min(1).max(3_650).optional().describe('Days until it ends; never when left out'),
}

export const keysCreate = action({
  name: 'keys.create',
  method: 'POST',
  path: '/keys',
  permission: 'keys:write',
  narrows: true,
  summary: 'Make a virtual key; its secret is shown this once.',
  input: z.strictObject({
    ...inOrganisation,
    name: displayName.describe('What the key is for'),
    ...belonging,
    ...rulesOrNone,
  }),
  output: key.extend({ key: secret }),
  changes: true,
  secretOutput: ['key'],
})

export const keysCreateMany = action({
  name: 'keys.create-many',
  method: 'POST',
  path: '/keys/create-many',
  permission: 'keys:write',
  narrows: true,
  summary: 'Make many virtual keys that are alike; their secrets are shown this once.',
  input: z.strictObject({
    ...inOrganisation,
    name: displayName.describe('What the keys are for; each gets its number behind it'),
    count: z.int().min(1).max(200).describe('How many'),
    ...belonging,
    ...rulesOrNone,
  }),
  output: z.object({
    organisation: publicId,
    ids: z.array(publicId),
    keys: z.array(z.string()).describe('The secrets, in the order of the ids, shown this once'),
  }),
  changes: true,
  secretOutput: ['keys'],
})

export const keysUpdate = action({
  name: 'keys.update',
  method: 'POST',
  path: '/keys/:id/update',
  permission: 'keys:write',
  narrows: true,
  summary: 'Change what a virtual key may be used for, at once; what is not named stays.',
  input: z.strictObject({
    ...inOrganisation,
    id: publicId,
    name: displayName.optional(),
    models: rules.models.optional(),
    deniedModels: rules.deniedModels.optional(),
    routes: rules.routes.optional(),
    operations: rules.operations.optional(),
    ipRanges: rules.ipRanges.optional(),
    tags: rules.tags.optional(),
    metadata: rules.metadata.optional(),
    environment: rules.environment.optional(),
    lossy: rules.lossy.optional(),
  }),
  output: key,
  changes: true,
})

export const keysList = action({
  name: 'keys.list',
  method: 'GET',
  path: '/keys',
  permission: 'keys:read',
  narrows: true,
  summary: 'List virtual keys, newest first.',
  input: z.strictObject({
    ...inOrganisation,
    state: keyState.optional().describe('Only keys of this state'),
    ...pageInput,
  }),
  output: pageOf(key),
  changes: false,
})

export const keysShow = action({
  name: 'keys.show',
  method: 'GET',
  path: '/keys/:id',
  permission: 'keys:read',
  narrows: true,
  summary: 'Show one virtual key.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: key,
  changes: false,
})

export const keysRotate = action({
  name: 'keys.rotate',
  method: 'POST',
  path: '/keys/:id/rotate',
  permission: 'keys:write',
  narrows: true,
  summary: 'Give a virtual key a new secret; the one before goes on working for the overlap.',
  input: z.strictObject({
    ...inOrganisation,
    id: publicId,
    overlapHours: z
      .int()
      .min(0)
      .max(168)
      .default(24)
      .describe('Hours that the secret before still works; 0 ends it at once'),
  }),
  output: key.extend({ key: secret }),
  changes: true,
  secretOutput: ['key'],
})

export const keysRevoke = action({
  name: 'keys.revoke',
  method: 'POST',
  path: '/keys/:id/revoke',
  permission: 'keys:write',
  narrows: true,
  summary: 'Revoke a virtual key for good, with all its secrets.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: key,
  changes: true,
})
