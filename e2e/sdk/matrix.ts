/**
 * Prints the matrix of official clients and vendors' wires: `node e2e/sdk/matrix.ts [words of a client's, column's or scenario's name ...]`.
 * A cell that fails is told with the error and the last request that the vendor got for it. The same cells are tests in
 * matrix.test.ts. Ends with 1 when any cell fails.
 */
import { clients } from './clients.ts'
import { columns, type Column } from './columns.ts'
import { throughGateway, type Scenario } from './scenarios.ts'
import type { SdkClient } from './client.ts'
import { startMatrixStage, type MatrixStage } from './stage.ts'
import { tableOf, type Outcome } from './table.ts'

interface Cell {
  readonly client: SdkClient
  readonly column: Column
  readonly scenario: Scenario
}

const wanted = process.argv.slice(2)
const stage = await startMatrixStage()
try {
  const outcomes: Outcome[] = []
  for (const cell of cells()) outcomes.push(await outcomeOf(cell, stage))
  for (const { fault, ...cell } of outcomes)
    if (fault !== null) console.log(`${Object.values(cell).join(' | ')}\n${fault}\n`)
  console.log(tableOf(outcomes))
  process.exitCode = outcomes.some(({ fault }) => fault !== null) ? 1 : 0
} finally {
  await stage.close()
}

function cells(): readonly Cell[] {
  return clients
    .flatMap((client) => columns.map((column) => ({ client, column })))
    .flatMap((pair) => throughGateway.map((scenario) => ({ ...pair, scenario })))
    .filter(({ client, column, scenario }) =>
      wanted.every((word) => [client.name, column.name, scenario.name].some((name) => name.includes(word))),
    )
}

async function outcomeOf({ client, column, scenario }: Cell, { vendor, on }: MatrixStage): Promise<Outcome> {
  const from = vendor.seen.length
  const outcome = { client: client.name, column: column.name, scenario: scenario.name }
  try {
    await scenario.run(on(client, column))
    return { ...outcome, fault: null }
  } catch (error) {
    const last = vendor.seen.slice(from).at(-1)
    const told =
      last === undefined
        ? 'the vendor got nothing'
        : `${last.status} ${last.complaint ?? ''}\n  ${last.path} ${JSON.stringify(last.body)}`
    return { ...outcome, fault: `  ${error instanceof Error ? error.message : String(error)}\n  vendor: ${told}` }
  }
}
