import * as z from 'zod'
import { expect, test } from 'vitest'
import { action, type Permission } from '../../core/action.ts'
import { checkServed, servedActions } from './index.ts'
import { served } from './served.ts'

const all = servedActions({ providers: () => [], config: () => [] })

test('every declared action has one body and a permission', () => {
  expect(() => checkServed(all)).not.toThrow()
})

test.each([undefined, '', 'everybody', '__proto__', 'toString'])(
  'a list with an action of the permission %j is refused',
  (permission) => {
    const open = action({
      name: 'keys.leak',
      method: 'GET',
      path: '/leak',
      // What a declaration looks like that was made without the compiler's help.
      permission: permission as Permission,
      summary: 'Leaks.',
      input: z.strictObject({}),
      output: z.object({}),
      changes: false,
    })
    expect(() => checkServed([...all, served(open, () => ({}))])).toThrow('the action keys.leak has no permission')
  },
)

test('a list with an action without a body, or with one that has two, is refused', () => {
  expect(() => checkServed(all.slice(1))).toThrow('has 0 bodies')
  expect(() => checkServed([...all, ...all.slice(0, 1)])).toThrow('has 2 bodies')
})
