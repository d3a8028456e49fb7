import * as z from 'zod'
import { action } from '../action.ts'
import { nothing } from './fields.ts'

export const configShow = action({
  name: 'config.show',
  method: 'GET',
  path: '/config',
  permission: 'operator',
  summary: 'Show the configuration as it runs, each value with where it comes from.',
  input: nothing,
  output: z.object({
    items: z.array(
      z.object({
        path: z.string().describe('As in the file: `listen.port`'),
        value: z.union([z.string(), z.number(), z.boolean()]).nullable(),
        origin: z.string().describe('Where the value comes from: the file, the environment or the default'),
      }),
    ),
  }),
  changes: false,
})
