import * as z from 'zod'
import { action } from '../action.ts'
import { displayName, publicId } from './fields.ts'

/** The way in: who holds the setup token that the first start printed becomes the first administrator, once. */
export const setupAdministrator = action({
  name: 'setup.administrator',
  method: 'POST',
  path: '/setup/administrator',
  permission: 'setup',
  summary: 'Make the first administrator with the setup token; the service token is shown this once.',
  input: z.strictObject({ name: displayName.describe('Your name, as the audit log shall show it') }),
  output: z.object({
    id: publicId.describe('Of the service token'),
    administrator: z.string(),
    token: z.string().describe('The service token for the admin API, shown this once'),
  }),
  changes: true,
  secretOutput: ['token'],
})
