import type { SerializedError } from 'vitest'
import type { Reporter, TestModule } from 'vitest/node'
import { notRunMark } from '../e2e/kit/not-run.ts'

/** What a test run came to. `failed` is zero only when everything that should hold did. */
export interface Outcome {
  readonly passed: number
  /** Tests, and files or hooks that broke outside any test, and errors that nobody caught. */
  readonly failed: number
  readonly skipped: number
  /** Suites whose server cannot be had here, as `not run: <suite> (<why>)`. */
  readonly notRun: readonly string[]
}

/** Counts a run for `outcome()`; Vitest's own reporter beside it shows each failure. */
export class CountingReporter implements Reporter {
  #outcome: Outcome = { passed: 0, failed: 0, skipped: 0, notRun: [] }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const counted = modules.map(countOf)
    this.#outcome = {
      passed: sum(counted.map((count) => count.passed)),
      failed: sum(counted.map((count) => count.failed)) + unhandled.length,
      skipped: sum(counted.map((count) => count.skipped)),
      notRun: counted.flatMap((count) => count.notRun).toSorted(),
    }
  }

  outcome(): Outcome {
    return this.#outcome
  }
}

/** The end of the output, the counts last: `412 passed, 0 failed`, or `412 passed, 0 failed, 3 skipped`. */
export function linesOf(outcome: Outcome): readonly string[] {
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : ''
  return [...outcome.notRun, `${outcome.passed} passed, ${outcome.failed} failed${skipped}`]
}

function countOf(module: TestModule): Outcome {
  const tests = [...module.children.allTests()]
  const inState = (state: string) => tests.filter((test) => test.result().state === state)
  const notRun = tests.map((test) => test.name).filter((name) => name.startsWith(notRunMark))
  // A broken import or hook belongs to no test: without its own count such a file would pass with nothing run.
  const broken = [module, ...module.children.allSuites()].filter((suite) => suite.errors().length > 0).length
  const unfinished = inState('pending').length
  const failed = inState('failed')
  return {
    passed: inState('passed').length,
    failed: failed.length + broken + unfinished,
    skipped: inState('skipped').filter((test) => !test.name.startsWith(notRunMark)).length,
    notRun,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
