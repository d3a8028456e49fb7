import * as z from 'zod'
import { action } from '../action.ts'
import { nothing } from './fields.ts'

export const providersList = action({
  name: 'providers.list',
  method: 'GET',
  path: '/providers',
  permission: 'operator',
  summary: 'List the vendors and nodes that are configured, and whether they can be used.',
  input: nothing,
  output: z.object({
    items: z.array(
      z.object({
        name: z.string(),
        kind: z.string().describe('Which vendor this is'),
        state: z.enum(['ready', 'unavailable']),
        notice: z.string().nullable().describe('Why it cannot be used, or what to know about it'),
      }),
    ),
  }),
  changes: false,
})
