import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients } from './clients.ts'
import { columns, type Column } from './columns.ts'
import { conversations } from './moves.ts'
import { oddRequests } from './odd-requests.ts'
import { askRaw, faultOf } from './raw.ts'
import { throughGateway } from './scenarios.ts'
import { startMatrixStage, type MatrixStage } from './stage.ts'
import { tableOf, type Outcome } from './table.ts'

/**
 * Every client through the gateway to every vendor's wire, and below them raw requests that no client makes every day. One gateway and one
 * vendor serve all of it. `node e2e/sdk/matrix.ts` prints the clients' part as a table, with what the vendor got where a cell fails;
 * here the table stands at the end of the output.
 */

const running: { stage?: MatrixStage } = {}
const outcomes: Outcome[] = []

beforeAll(async () => {
  running.stage = await startMatrixStage()
})
afterAll(async () => {
  console.log(tableOf(outcomes))
  await running.stage?.close()
})

const stage = (): MatrixStage => {
  if (running.stage === undefined) throw new Error('no stage')
  return running.stage
}

for (const client of clients) {
  describe.each(columns)(`${client.name} to $name ($model)`, (column) => {
    test.each(throughGateway)('$name', async ({ name, run }) => {
      const outcome = { client: client.name, column: column.name, scenario: name }
      try {
        await run(stage().on(client, column))
        outcomes.push({ ...outcome, fault: null })
      } catch (error) {
        outcomes.push({ ...outcome, fault: String(error) })
        throw error
      }
    })
  })
}

describe('what a wire allows is said to every other one, or refused by the gateway itself', () => {
  test.each(oddRequests)('$wire: $name', async ({ wire, body, refusal }) => {
    const faults: Record<string, string | undefined> = {}
    for (const { name, model } of columns.filter(({ wires }) => !wires.includes(wire))) {
      const reply = await askRaw(stage(), { wire, model, body })
      const refusedHere =
        refusal !== undefined && reply.status === 400 && reply.seen.length === 0 && refusal.test(reply.text)
      faults[name] = refusedHere ? undefined : faultOf(reply)
    }
    expect(Object.entries(faults).filter(([, fault]) => fault !== undefined)).toEqual([])
  })
})

describe.each(conversations)('a conversation of $wire moves from vendor to vendor', ({ wire, begin, goOn, textOf }) => {
  // Where both are at home in this wire, or one of them wants thinking back that the other does not have, bytes pass and it is between the program and its vendor.
  const isHome = ({ wires }: Column): boolean => wires.includes(wire)
  const isPlain = (from: Column, to: Column): boolean =>
    (isHome(from) && isHome(to)) || [from, to].some((column) => isHome(column) && column.needsThoughtsBack)
  const moves = columns.flatMap((from) =>
    columns.filter((to) => to !== from && !isPlain(from, to)).map((to) => ({ from, to })),
  )
  test.each(moves)('from $from.name to $to.name, and back', async ({ from, to }) => {
    let body = begin(from.thinking === 'budget' ? 'budget' : 'level')
    let answer: unknown
    for (const { model, thinking } of [from, to, from]) {
      body = answer === undefined ? body : goOn(body, answer)
      // A program that changes the model changes how that one is told to think.
      const asked = wire === 'anthropic' ? { ...body, ...thinkingOf(begin, thinking) } : body
      const reply = await askRaw(stage(), { wire, model, body: asked })
      expect(faultOf(reply)).toBeUndefined()
      answer = JSON.parse(reply.text)
    }
    expect(textOf(answer)).toMatch(/^Results: get_weather\(Paris\) gave fine for .*Paris.*Rome.*Oslo/)
  })
})

function thinkingOf(begin: (thinking: 'level' | 'budget') => object, thinking: Column['thinking']): object {
  const [, said] =
    Object.entries(begin(thinking === 'budget' ? 'budget' : 'level')).find(([name]) => name === 'thinking') ?? []
  return { thinking: said as unknown }
}
