import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

// A project of its own for each test, run by the very program behind `npm test`.
const repository = join(import.meta.dirname, '..')
let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'reporter-'))
  symlinkSync(join(repository, 'node_modules'), join(project, 'node_modules'))
})

afterEach(() => rmSync(project, { recursive: true, force: true }))

test('the last line counts, and success exits with 0', async () => {
  writeTests('one', `test('a', () => {}); test('b', () => {})`)
  expect(await run()).toEqual({ code: 0, end: ['2 passed, 0 failed'] })
})

test('a failing test exits with 1', async () => {
  writeTests('one', `test('a', () => {}); test('b', () => { throw new Error('no') })`)
  expect(await run()).toEqual({ code: 1, end: ['1 passed, 1 failed'] })
})

test('a skipped test is counted', async () => {
  writeTests('one', `test('a', () => {}); test['skip']('b', () => {})`)
  expect(await run()).toEqual({ code: 0, end: ['1 passed, 0 failed, 1 skipped'] })
})

test('a file that breaks outside its tests is a failure', async () => {
  writeTests('one', `test('a', () => {})`)
  writeTests('two', `throw new Error('on import')`)
  expect(await run()).toEqual({ code: 1, end: ['1 passed, 1 failed'] })
})

test('a broken hook is a failure', async () => {
  writeTests('one', `afterAll(() => { throw new Error('no') }); test('a', () => {})`)
  expect(await run()).toEqual({ code: 1, end: ['1 passed, 1 failed'] })
})

test('an error that nobody caught is a failure', async () => {
  writeTests(
    'one',
    `test('a', async () => { process.nextTick(() => { throw new Error('no') }); await setImmediate() })`,
  )
  expect(await run()).toEqual({ code: 1, end: ['1 passed, 1 failed'] })
})

test('no test at all is no success', async () => {
  expect(await run()).toEqual({ code: 1, end: ['0 passed, 0 failed'] })
})

test('words narrow the run to files whose path contains one', async () => {
  writeTests('one', `test('a', () => {})`)
  writeTests('two', `test('b', () => { throw new Error('no') })`)
  expect(await run({ words: ['one'] })).toEqual({ code: 0, end: ['1 passed, 0 failed'] })
})

const needing = `test('a', () => {}); suiteNeeding('PostgreSQL 15', 'not installed', () => { test('b', () => {}) })`
const notRun = 'not run: PostgreSQL 15 (not installed)'

test('a suite whose server is missing is named', async () => {
  writeTests('one', needing)
  expect(await run()).toEqual({ code: 0, end: [notRun, '1 passed, 0 failed'] })
})

test.each(['true', '1'])('with CI=%s a suite that was not run is named and a failure', async (CI) => {
  writeTests('one', needing)
  expect(await run({ env: { CI } })).toEqual({ code: 1, end: [notRun, '1 passed, 1 failed'] })
})

test('a suite whose server is there runs', async () => {
  writeTests('one', `suiteNeeding('PostgreSQL 15', null, () => { test('a', () => {}) })`)
  expect(await run({ env: { CI: 'true' } })).toEqual({ code: 0, end: ['1 passed, 0 failed'] })
})

const writeTests = (name: string, body: string): void =>
  writeFileSync(
    join(project, `${name}.test.ts`),
    `import { setImmediate } from 'node:timers/promises'
     import { afterAll, test } from 'vitest'
     import { suiteNeeding } from ${JSON.stringify(join(repository, 'e2e/kit/not-run.ts'))}
     void [setImmediate, afterAll, test, suiteNeeding]
     ${body}`,
  )

/** The exit code and what stands at the end of the output: suites that were not run, then the counts. */
const run = ({ words = [], env = {} }: { words?: readonly string[]; env?: NodeJS.ProcessEnv } = {}) =>
  new Promise<{ code: number | null; end: readonly string[] }>((resolve) => {
    const child = execFile(
      process.execPath,
      [join(repository, 'scripts/test.ts'), ...words],
      { cwd: project, env: { PATH: process.env['PATH'], HOME: project, NO_COLOR: '1', ...env } },
      (_, stdout) => {
        const lines = stdout.trimEnd().split('\n')
        const counts = lines.at(-1) ?? ''
        resolve({ code: child.exitCode, end: [...lines.filter((line) => line.startsWith('not run: ')), counts] })
      },
    )
  })
