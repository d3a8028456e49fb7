/**
 * `npm test`: every `*.test.ts`, or those whose path contains one of the words given (`npm test -- core/money`); Vitest's own
 * options work too (`npm test -- -t 'a title'`). The last line says `N passed, N failed`.
 */
import { parseCLI, startVitest } from 'vitest/node'
import { CountingReporter, linesOf } from './reporter.ts'

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)])
const reporter = new CountingReporter()
const vitest = await startVitest(filter, { ...options, watch: false, reporters: ['default', reporter] })
await vitest.close()

const outcome = reporter.outcome()
if (outcome.failed > 0 || outcome.passed === 0) process.exitCode = 1
console.log(linesOf(outcome).join('\n'))
