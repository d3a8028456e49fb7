/**
 * `npm run verify`: format, lint with types, type check, dead code, import arrows, house rules and lock file, all at once. Prints a
 * line for each and, below it, what it found. Exits with 1 when one found something.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { arrowFaults } from './arrows.ts'
import { houseFaults } from './house-rules.ts'
import { lockfileFaults } from './lockfile-rules.ts'
import { sourceFiles } from './source-files.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const commandMsMax = 120_000

/** Gives what is wrong, or an empty text. */
type Check = () => Promise<string> | string

const checks: { readonly [name: string]: Check } = {
  format: command('biome', 'format', '--reporter=summary'),
  lint: command('oxlint', '--deny-warnings', '--report-unused-disable-directives'),
  types: command('tsc', '-p', '.'),
  'dead code': command('knip', '--no-progress', '--no-config-hints'),
  arrows: texts(() => arrowFaults(sourceFiles(root), productionPackages())),
  'house rules': texts(() => houseFaults(sourceFiles(root))),
  'lock file': texts(() => lockfileFaults(textOf('package-lock.json'), textOf('package.json'))),
}

const found = await Promise.all(Object.entries(checks).map(([name, check]) => report(name, check)))
const failed = found.filter((one) => one === 'faults').length
console.log(`${found.length - failed} checks passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function report(name: string, check: Check): Promise<'nothing' | 'faults'> {
  const startedAt = performance.now()
  const faults = await answerOf(check)
  const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  console.log(`${faults === '' ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${took}`)
  if (faults !== '') console.log(`${faults.replace(/^/gm, '       ')}\n`)
  return faults === '' ? 'nothing' : 'faults'
}

/** A program of node_modules; what it prints counts only when it fails. */
function command(program: string, ...words: readonly string[]): Check {
  const programs = join(root, 'node_modules', '.bin')
  // First on the PATH as in an npm script, so that each runs on the Node that the repository brings.
  const env = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    PATH: `${programs}${delimiter}${process.env['PATH']}`,
  }
  return () =>
    new Promise((resolve) => {
      execFile(
        join(programs, program),
        words,
        { cwd: root, env, timeout: commandMsMax, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => resolve(error === null ? '' : `${stdout}${stderr}`.trim() || error.message),
      )
    })
}

function texts(faults: () => readonly string[]): Check {
  return () => faults().join('\n')
}

/** A check that breaks has failed, and the others still say what they found. */
async function answerOf(check: Check): Promise<string> {
  try {
    return await check()
  } catch (error) {
    return String(error)
  }
}

function productionPackages(): readonly string[] {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(textOf('package.json')))
  return Object.keys(dependencies)
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
