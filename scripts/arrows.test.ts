import { expect, test } from 'vitest'
import { arrowFaults } from './arrows.ts'

test.each([
  ['core/a.ts', `import { b } from './b.ts'`],
  ['core/a.ts', `import * as z from 'zod'`],
  ['server/a.ts', `import { b } from '../core/b.ts'`],
  ['server/a.ts', `import { createServer } from 'node:http'`],
  ['server/a.ts', `import { Pool } from 'undici'`],
  ['server/a.ts', `import type { JSONSchema } from '@scope/types/deep'`],
  ['server/hops/call.ts', `import { b } from '../world.ts'`],
  ['server/hops/call.ts', `import { b } from './call-attempt.ts'`],
  ['cli/a.ts', `import { b } from '../core/b.ts'`],
  ['core/providers/a.ts', `import { b } from '../wires/b.ts'`],
  ['core/a.test.ts', `import { b } from '../server/b.ts'\nimport { test } from 'vitest'`],
  ['server/world/ledger-test-kit.ts', `import { expect } from 'vitest'`],
  ['core/contract/wire.ts', `import { expect } from 'vitest'`],
  ['bench/a.ts', `import { b } from '../server/b.ts'`],
  ['core/a.ts', `export const from = 'x'\nexport { from }`],
])('%s may say: %s', (path, text) => {
  expect(faults({ [path]: text })).toEqual([])
})

test.each([
  ['core/a.ts', `import { b } from '../server/b.ts'`, 'core may import only core'],
  ['core/a.ts', `import { readFile } from 'node:fs'`, 'core is pure and knows only zod'],
  ['core/a.ts', `import type { Pool } from 'undici'`, 'core is pure and knows only zod'],
  ['core/a.ts', `export * from '../cli/b.ts'`, 'core may import only core'],
  ['core/a.ts', `import '../server/b.ts'`, 'core may import only core'],
  ['core/a.ts', `const b = await import('../server/b.ts')`, 'core may import only core'],
  ['core/a.ts', `import {\n  b,\n  type C,\n} from '../server/b.ts'`, 'core may import only core'],
  ['cli/a.ts', `import type { B } from '../server/b.ts'`, 'cli may import only core, cli'],
  ['web/a.tsx', `import { b } from '../server/b.ts'`, 'web may import only core, web'],
  ['server/a.ts', `import { b } from '../cli/b.ts'`, 'server may import only core, server, catalog'],
  ['server/a.ts', `import { b } from './b.test.ts'`, 'it is for tests'],
  ['server/a.ts', `import { b } from './b-test-kit.ts'`, 'it is for tests'],
  ['server/a.ts', `import { b } from '@scope/tool/deep'`, 'it is not in the dependencies of package.json'],
  ['core/wires/a.ts', `import { b } from '../providers/b.ts'`, 'a wire knows no provider'],
  ['server/hops/call.ts', `import { b } from './send.ts'`, 'a hop knows no other hop'],
  ['server/hops/call-attempt.ts', `import type { B } from './send/b.ts'`, 'a hop knows no other hop'],
])('%s may not say: %s', (path, text, why) => {
  expect(faults({ [path]: text })).toEqual([expect.stringContaining(`: ${why}`)])
})

test('a circle of imports is told once, with its way', () => {
  const files = {
    'core/a.ts': `import { b } from './b.ts'`,
    'core/b.ts': `import { c } from './c.ts'`,
    'core/c.ts': `import { b } from './b.ts'`,
  }
  expect(faults(files)).toEqual(['imports go in a circle: core/b.ts -> core/c.ts -> core/b.ts'])
})

test('a circle of types alone is none', () => {
  expect(faults({ 'core/a.ts': `import type { B } from './b.ts'`, 'core/b.ts': `import { a } from './a.ts'` })).toEqual(
    [],
  )
})

const faults = (texts: { readonly [path: string]: string }): readonly string[] =>
  arrowFaults(
    Object.entries(texts).map(([path, text]) => ({ path, text })),
    ['undici', 'zod'],
  )
