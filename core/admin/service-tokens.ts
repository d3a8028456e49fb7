import * as z from 'zod'
import { action } from '../action.ts'
import { displayName, instant, pageInput, pageOf, publicId } from './fields.ts'

/** Service tokens: what administrators and their programs call this API with. */

const serviceToken = z.object({
  id: publicId,
  administrator: z.string().describe('Name of the one for whom it stands'),
  state: z.enum(['active', 'expired', 'revoked']),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
})

export const serviceTokensCreate = action({
  name: 'service-tokens.create',
  method: 'POST',
  path: '/service-tokens',
  permission: 'operator',
  summary:
    'Make a service token for an administrator, who is made too when the name is new, or for a user; it is shown this once.',
  input: z.strictObject({
    administrator: displayName.optional().describe('Name of the administrator'),
    user: publicId.optional().describe('Or id of the user, who stays what they are'),
    expiresInDays: z.int().min(1).max(3_650).optional().describe('Days until it ends; never when left out'),
  }),
  output: serviceToken.extend({ token: z.string().describe('The service token, shown this once') }),
  changes: true,
  secretOutput: ['token'],
})

export const serviceTokensList = action({
  name: 'service-tokens.list',
  method: 'GET',
  path: '/service-tokens',
  permission: 'operator',
  summary: 'List service tokens, newest first.',
  input: z.strictObject(pageInput),
  output: pageOf(serviceToken),
  changes: false,
})

export const serviceTokensRevoke = action({
  name: 'service-tokens.revoke',
  method: 'POST',
  path: '/service-tokens/:id/revoke',
  permission: 'operator',
  summary: 'Revoke a service token; the last one that never expires must stay.',
  input: z.strictObject({ id: publicId }),
  output: serviceToken,
  changes: true,
})
