import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role } from '../../core/rights.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'

const postgres = withPostgres()
let plane: TestPlane
let operator: string
beforeAll(async () => {
  plane = await startPlane(await postgres.freshDatabase())
  operator = await administrator(plane)
})
afterAll(() => plane.close())

let names = 0
const name = () => `name ${++names}`
const post = (path: string, body: object, token = operator) => plane.call(`/api${path}`, { token, body })
const make = async (path: string, body: object): Promise<string> => {
  const { status, json, text } = await post(path, body)
  if (status !== 200) throw new Error(`${path}: ${text}`)
  return textAt(json, 'id')
}

/** Somebody with a role in the whole organisation, and their token. */
const person = async (organisation: string, role: Role) => {
  const user = await make('/users', { name: name() })
  await make('/members', { organisation, user, role })
  return { user, token: textAt((await post('/service-tokens', { user })).json, 'token') }
}

test.each([
  { caller: 'admin', role: 'owner', status: 403 },
  { caller: 'admin', role: 'auditor', status: 403 },
  { caller: 'admin', role: 'admin', status: 200 },
  { caller: 'owner', role: 'owner', status: 200 },
] as const)('a token of a service account that is $role, asked for by $caller: $status', async (row) => {
  const organisation = await make('/organisations', { name: name() })
  const { token } = await person(organisation, row.caller)
  const serviceAccount = await make('/service-accounts', { organisation, name: name() })
  await make('/members', { organisation, serviceAccount, role: row.role })
  expect(await post(`/service-accounts/${serviceAccount}/token`, {}, token)).toMatchObject({ status: row.status })
  const { rows } = await plane.sql.control.query('SELECT FROM service_tokens WHERE service_account_id = $1', [
    serviceAccount,
  ])
  expect(rows).toHaveLength(row.status === 200 ? 1 : 0)
})

test('nobody gets more through a token of a service account than they have, in whichever place it has its roles', async () => {
  const organisation = await make('/organisations', { name: name() })
  const { token } = await person(organisation, 'admin')
  const team = await make('/teams', { organisation, name: name() })
  const project = await make('/projects', { organisation, team, name: name() })
  const serviceAccount = await make('/service-accounts', { organisation, name: name() })
  const tokenPath = `/service-accounts/${serviceAccount}/token`
  await make('/members', { organisation, serviceAccount, role: 'member' })
  expect(await post(tokenPath, {}, token)).toMatchObject({ status: 200 })
  await make('/members', { organisation, serviceAccount, role: 'owner', project })
  expect(await post(tokenPath, {}, token)).toMatchObject({ status: 403, json: { error: { code: 'forbidden' } } })
  expect(await post(tokenPath, {})).toMatchObject({ status: 200 })
})
