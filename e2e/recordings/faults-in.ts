import { asObject, parseJson } from '../../core/json.ts'

/** Enough to see what is wrong. */
const SHOWN_MAX = 10
/** Runs a check on every case; what it found, in a few lines with the name of the case. */
export const faultsIn = <Case extends { readonly name: string }>(
  cases: readonly Case[],
  check: (one: Case) => void,
): readonly string[] => {
  const faults = cases.flatMap((one) => {
    try {
      check(one)
      return []
    } catch (error) {
      return [`${one.name}: ${error instanceof Error ? briefly(error) : String(error)}`]
    }
  })
  return faults.length <= SHOWN_MAX ? faults : [...faults.slice(0, SHOWN_MAX), `... ${faults.length} in all`]
}

/** Of two long texts the lines that differ; of an error of ours where it came from. */
function briefly(error: Error): string {
  const { expected, actual } = error as { readonly expected?: unknown; readonly actual?: unknown } & Error
  if (typeof expected === 'string' && typeof actual === 'string')
    return shortened(fromFirstDifference(expected, actual))
  if (expected !== undefined || actual !== undefined) {
    return shortened(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
  }
  return shortened((error.stack ?? error.message).split('\n').slice(0, 3).join(' | '))
}

function fromFirstDifference(expected: string, actual: string): string {
  const [want, have] = [expected.split('\n'), actual.split('\n')]
  const at = want.findIndex((line, index) => line !== have[index])
  const some = (lines: readonly string[]) =>
    lines
      .slice(at, at + 3)
      .map((line) => line.trim())
      .join(' ')
  return `expected ${some(want)}, got ${some(have)}`
}

const shortened = (text: string): string => text.slice(0, 400)

/** What a vendor's error says, in the place of any wire. */
export function messageIn(body: unknown): string {
  if (typeof body === 'string') return body
  const json = asObject(parseJson(JSON.stringify(body)))
  const error = asObject(json?.['error']) ?? json
  return typeof error?.['message'] === 'string' ? error['message'] : ''
}
