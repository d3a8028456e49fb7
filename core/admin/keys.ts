import * as z from 'zod'
import { LOSS_MODES } from '../loss.ts'
import { action } from '../action.ts'
import { displayName, inOrganisation, instant, lineOfText, pageInput, pageOf, publicId } from './fields.ts'

/** Virtual keys: what programs hold to call models through the gateway. */

const keyState = z.enum(['active', 'expired', 'revoked'])

/** A key as an operator sees it. The secret is not among it: nobody can read it again. */
const key = z.object({
  id: publicId,
  name: z.string(),
  state: keyState,
  models: z.array(z.string()).nullable().describe('Patterns of models that it may use, or null for every model'),
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
const secret = z.string().describe('The secret for the client, shown this once')

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
    team: publicId.optional().describe('Id of the team that it belongs to'),
    project: publicId.optional().describe('Id of the project that it belongs to'),
    owner: publicId.optional().describe('Id of the user who owns it: it works as long as they may use models'),
    models: z
      .array(lineOfText(200))
      .min(1)
      .max(100)
      .nullable()
      .default(null)
      .describe('Patterns of models that it may use (`demo/*`); every model when left out'),
    lossy: z
      .enum(LOSS_MODES)
      .nullable()
      .default(null)
      .describe(
        'strict, warn or silent about fields that cannot be said to a provider; as the model has it when left out',
      ),
    expiresInDays: z.int().min(1).max(3_650).optional().describe('Days until it ends; never when left out'),
  }),
  output: key.extend({ key: secret }),
  changes: true,
  secretOutput: ['key'],
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
