import * as z from 'zod'
import { action } from '../action.ts'
import { inOrganisation, instant, lineOfText, pageInput, pageOf } from './fields.ts'

export const auditList = action({
  name: 'audit.list',
  method: 'GET',
  path: '/audit',
  permission: 'audit:read',
  summary: 'List what was changed, by whom and from where, newest first.',
  input: z.strictObject({
    ...inOrganisation,
    action: lineOfText(100).optional().describe('Only this action (`keys.revoke`)'),
    target: lineOfText(100).optional().describe('Only changes of this id'),
    ...pageInput,
  }),
  output: pageOf(
    z.object({
      id: z.string(),
      at: instant,
      administrator: z.string().nullable().describe('Name, or null for the gateway itself'),
      action: z.string(),
      target: z.string().nullable(),
      outcome: z.string().describe('`done`, or the code of the refusal'),
      ip: z.string().nullable(),
      requestId: z.string(),
      input: z.record(z.string(), z.unknown()).describe('What was asked for'),
      organisation: z.string().nullable().describe('Id of the organisation, or null for the installation itself'),
      before: z.record(z.string(), z.unknown()).nullable().describe('What was there before, where the change says'),
      result: z.record(z.string(), z.unknown()).nullable().describe('What came of it, without secrets'),
    }),
  ),
  changes: false,
})
