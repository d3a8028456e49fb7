import { expect, test } from 'vitest'
import { houseFaults } from './house-rules.ts'

test.each([
  ['core/retry-delay.ts', 'export const retryDelay = 1'],
  ['core/admin/service-tokens.ts', ''],
  ['core/a.ts', 'const a = b as const'],
  ['core/a.ts', "import * as z from 'zod'"],
  ['core/a.ts', "import {\n  one as two,\n} from './b.ts'"],
  ['core/a.ts', "const a = 'known as Such'"],
  ['core/a.ts', 'const a = `\n  select b as c`'],
  ['core/a.ts', '/** Such\n * as this */'],
  ['core/a.ts', "export { one as two } from './b.ts'"],
  ['core/a.ts', '// the same as Before'],
  ['core/a.ts', '// Read by the schema just above.\nconst a = b as C'],
  ['core/a.ts', '/** The border: JSON.parse gives any. */\nconst a = call(\n  b as C,\n)'],
  ['server/store/migrations/0001-a.sql', 'select b as c'],
  ['core/a.test.ts', 'let folder: string\nconst a = b as C'],
  ['core/a.ts', 'function f() {\n  let a = 1\n}'],
  ['core/a.test.ts', "// Only Linux tells.\ntest.skipIf(mac)('a', f)"],
  ['server/a.ts', "const path = '/var/lib/sekisho'"],
  ['core/a.test.ts', "test.skipIf(mac)('a', () => {\n  // Only Linux tells."],
])('%s is fine with: %s', (path, text) => {
  expect(houseFaults([{ path, text }])).toEqual([])
})

// Put together here, so that this file keeps the rules itself.
const [only, skip, home, tmp, registry, todo] = ['.only', '.skip', '/home', '/tmp', 'registry.', ['TO', 'DO'].join('')]
test.each([
  ['core/utils.ts', '', 'name the file'],
  ['server/string-helpers.ts', '', 'name the file'],
  ['server/common/a.ts', '', 'name the file'],
  ['server/key.service.ts', '', 'name the file'],
  ['core/a.ts', 'const a = b as C', 'a cast'],
  ['core/a.ts', '// Not about it.\n\nconst a = (b as { c: string }).c', 'a cast'],
  ['core/a.ts', 'let count = 0', 'what a module keeps'],
  ['core/a.ts', 'export let count = 0', 'what a module keeps'],
  ['core/a.test.ts', `test${only}('a', f)`, 'a test runs alone'],
  ['core/a.test.ts', `test${skip}('a', f)`, 'switched off'],
  ['core/a.test.ts', `describe${skip}If(x)('a', f)`, 'switched off'],
  ['core/a.ts', `// ${todo}: later`, 'unfinished'],
  ['docs/guides/a.md', `cd ${home}/someone/sekisho`, 'a path of one machine'],
  ['server/a.ts', `const folder = '${tmp}/x'`, 'os.tmpdir()'],
  ['.github/workflows/ci.yml', `registry-url: https://${registry}npmjs.org`, 'package registry'],
])('%s is not fine with: %s', (path, text, says) => {
  expect(houseFaults([{ path, text }])).toEqual([expect.stringContaining(says)])
})

test('a fault says its line', () => {
  expect(houseFaults([{ path: 'core/a.ts', text: '\n\nlet a = 1' }])).toEqual([
    expect.stringMatching(/^core\/a\.ts:3: /),
  ])
})
