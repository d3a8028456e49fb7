import * as z from 'zod'
import { action } from '../action.ts'
import { ROLES } from '../rights.ts'
import { displayName, inOrganisation, instant, pageInput, pageOf, publicId } from './fields.ts'

/** People, programs that act for an organisation, and which roles they have where. */

const user = z.object({
  id: publicId,
  name: z.string(),
  email: z.string().nullable(),
  isOperator: z.boolean().describe('Whether they may do everything in this installation'),
  createdAt: instant,
  disabledAt: instant.nullable(),
})

const serviceAccount = z.object({
  id: publicId,
  organisation: publicId,
  name: z.string(),
  createdAt: instant,
  disabledAt: instant.nullable(),
})

const member = z.object({
  id: publicId.describe('Of the membership'),
  organisation: publicId,
  team: publicId.nullable(),
  project: publicId.nullable(),
  user: publicId.nullable(),
  serviceAccount: publicId.nullable(),
  name: z.string().describe('Of the person or the program'),
  role: z.enum(ROLES),
  createdAt: instant,
})

export const usersCreate = action({
  name: 'users.create',
  method: 'POST',
  path: '/users',
  permission: 'operator',
  summary: 'Make a user, who may do nothing until they are a member somewhere.',
  input: z.strictObject({
    name: displayName,
    email: z.email().max(254).optional().describe('Where they can be written to; nobody else has the same'),
  }),
  output: user,
  changes: true,
})

export const usersList = action({
  name: 'users.list',
  method: 'GET',
  path: '/users',
  permission: 'members:read',
  summary: 'List the users of an organisation; for an operator who names none, all of them.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(user),
  changes: false,
})

export const usersDisable = action({
  name: 'users.disable',
  method: 'POST',
  path: '/users/:id/disable',
  permission: 'operator',
  summary: 'End everything that a user may do: their service tokens, and the keys that they own.',
  input: z.strictObject({ id: publicId }),
  output: user,
  changes: true,
})

export const membersAdd = action({
  name: 'members.add',
  method: 'POST',
  path: '/members',
  permission: 'members:write',
  narrows: true,
  summary:
    'Give a user or a service account a role in an organisation, a team or a project; nobody can give more than they have.',
  input: z.strictObject({
    ...inOrganisation,
    user: publicId.optional().describe('Id of the user'),
    serviceAccount: publicId.optional().describe('Id of the service account'),
    role: z.enum(ROLES).describe('The role'),
    team: publicId.optional().describe('Only in this team'),
    project: publicId.optional().describe('Only in this project'),
  }),
  output: member,
  changes: true,
})

export const membersList = action({
  name: 'members.list',
  method: 'GET',
  path: '/members',
  permission: 'members:read',
  summary: 'List who has which role where, newest first.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(member),
  changes: false,
})

export const membersRemove = action({
  name: 'members.remove',
  method: 'POST',
  path: '/members/:id/remove',
  permission: 'members:write',
  narrows: true,
  summary: 'Take a role away; the last owner of an organisation stays.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: member,
  changes: true,
})

export const serviceAccountsCreate = action({
  name: 'service-accounts.create',
  method: 'POST',
  path: '/service-accounts',
  permission: 'members:write',
  summary: 'Make a service account: a program that acts in one organisation, with the roles that it is given.',
  input: z.strictObject({ ...inOrganisation, name: displayName }),
  output: serviceAccount,
  changes: true,
})

export const serviceAccountsList = action({
  name: 'service-accounts.list',
  method: 'GET',
  path: '/service-accounts',
  permission: 'members:read',
  summary: 'List service accounts, newest first.',
  input: z.strictObject({ ...inOrganisation, ...pageInput }),
  output: pageOf(serviceAccount),
  changes: false,
})

export const serviceAccountsToken = action({
  name: 'service-accounts.token',
  method: 'POST',
  path: '/service-accounts/:id/token',
  permission: 'members:write',
  summary: 'Make a service token for a service account; it is shown this once.',
  input: z.strictObject({
    ...inOrganisation,
    id: publicId,
    expiresInDays: z.int().min(1).max(3_650).optional().describe('Days until it ends; never when left out'),
  }),
  output: serviceAccount.extend({
    tokenId: publicId,
    token: z.string().describe('The service token, shown this once'),
  }),
  changes: true,
  secretOutput: ['token'],
})

export const serviceAccountsDisable = action({
  name: 'service-accounts.disable',
  method: 'POST',
  path: '/service-accounts/:id/disable',
  permission: 'members:write',
  summary: 'End everything that a service account may do.',
  input: z.strictObject({ ...inOrganisation, id: publicId }),
  output: serviceAccount,
  changes: true,
})
