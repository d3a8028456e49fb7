import { clients } from './clients.ts'
import { columns } from './columns.ts'
import { throughGateway } from './scenarios.ts'

/** What came of one scenario with one client and one column. */
export interface Outcome {
  readonly client: string
  readonly column: string
  readonly scenario: string
  /** Why it failed, or `null`. */
  readonly fault: string | null
}

/** The matrix as text: a row for each client, a column for each vendor's wire, a letter for each scenario. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const width = Math.max(...clients.map(({ name }) => name.length)) + 2
  const legend = throughGateway.map(({ name }, index) => `${LETTERS[index]} ${name}`).join(', ')
  const heads = columns.map(({ name }) => name.padEnd(throughGateway.length + 2)).join('')
  const rows = clients.map(
    ({ name }) => name.padEnd(width) + columns.map((column) => cell(outcomes, name, column.name)).join(''),
  )
  const good = outcomes.filter(({ fault }) => fault === null).length
  const count = `${good} of ${outcomes.length} hold; a dot is a scenario that does not, a blank one that was not run.`
  return [`${' '.repeat(width)}${heads}`, ...rows, '', legend, count].join('\n')
}

const LETTERS = 'tsTSjplrbEcxan'

function cell(outcomes: readonly Outcome[], client: string, column: string): string {
  const letters = throughGateway.map(({ name }, index) => {
    const outcome = outcomes.find((one) => one.client === client && one.column === column && one.scenario === name)
    if (outcome === undefined) return ' '
    return outcome.fault === null ? LETTERS[index] : '.'
  })
  return `${letters.join('')}  `.padEnd(Math.max(throughGateway.length, ...columns.map(({ name }) => name.length)) + 2)
}
