import { describe, test } from 'vitest'

/** What the name of a test begins with that stands for a suite which could not run; the reporter looks for it. */
export const notRunMark = 'not run: '

/**
 * A suite that needs something of the machine, such as an older PostgreSQL. `missing` is null when it is there, otherwise the
 * reason in a few words: the suite is then printed as `not run: <title> (<missing>)`, and with `CI` set that is a failure, because
 * nobody would see a suite that quietly stopped running.
 */
export function suiteNeeding(title: string, missing: string | null, body: () => void): void {
  if (missing === null) {
    describe(title, body)
    return
  }
  const name = `${notRunMark}${title} (${missing})`
  if (mustRunEverything(process.env['CI'])) {
    test(name, () => {
      throw new Error(`${title} could not run: ${missing}. With CI set, everything must run.`)
    })
    return
  }
  // Not quietly: the reporter prints the name, and CI does not come here.
  test.skip(name)
}

const mustRunEverything = (ci: string | undefined): boolean => ci === 'true' || ci === '1'
