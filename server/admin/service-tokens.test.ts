import { afterEach, beforeEach, expect, test } from 'vitest'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'

const postgres = withPostgres()
let plane: TestPlane
let operator: string
beforeEach(async () => {
  plane = await startPlane(await postgres.freshDatabase())
  operator = await administrator(plane)
})
afterEach(() => plane.close())

const post = (path: string, body: object, token = operator) => plane.call(`/api${path}`, { token, body })
const make = async (path: string, body: object): Promise<unknown> => {
  const { status, json, text } = await post(path, body)
  if (status !== 200) throw new Error(`${path}: ${text}`)
  return json
}
const makeId = async (path: string, body: object): Promise<string> => textAt(await make(path, body), 'id')

const serviceAccountToken = async () => {
  const organisation = await makeId('/organisations', { name: 'Acme' })
  const serviceAccount = await makeId('/service-accounts', { organisation, name: 'robot' })
  await make('/members', { organisation, serviceAccount, role: 'owner' })
  const made = await make(`/service-accounts/${serviceAccount}/token`, {})
  return { id: textAt(made, 'tokenId'), token: textAt(made, 'token') }
}
const ownId = () => idOf('Ada')
const idOf = async (holder: string): Promise<string> => {
  const { json } = await plane.call('/api/service-tokens', { token: operator })
  const { items } = json as { items: { id: string; administrator: string }[] }
  const found = items.find((one) => one.administrator === holder)
  if (found === undefined) throw new Error(`no token of ${holder} is listed`)
  return found.id
}

test('a token of a service account is listed with the name of its account, and works until it is revoked', async () => {
  const { id, token } = await serviceAccountToken()
  expect(await idOf('robot')).toBe(id)
  expect(await plane.call('/api/teams', { token })).toMatchObject({ status: 200 })
  expect(await post(`/service-tokens/${id}/revoke`, {})).toMatchObject({
    status: 200,
    json: { id, administrator: 'robot', state: 'revoked' },
  })
  expect(await plane.call('/api/teams', { token })).toMatchObject({ status: 401 })
})

const others: { readonly whose: string; readonly make: () => Promise<unknown> }[] = [
  { whose: 'a service account', make: () => serviceAccountToken() },
  {
    whose: 'a user who is no operator',
    make: async () => make('/service-tokens', { user: await makeId('/users', { name: 'Bob' }) }),
  },
  {
    whose: 'an operator who is disabled',
    make: async () => {
      await make('/service-tokens', { administrator: 'Grace' })
      const { rows } = await plane.sql.control.query<{ id: string }>("SELECT id FROM users WHERE name = 'Grace'")
      return make(`/users/${rows[0]?.id}/disable`, {})
    },
  },
]
test.each(others)('the last lasting token of an operator stays, though there is one of $whose', async (other) => {
  await other.make()
  expect(await post(`/service-tokens/${await ownId()}/revoke`, {})).toMatchObject({
    status: 409,
    json: { error: { code: 'conflict' } },
  })
  expect(await plane.call('/api/users', { token: operator })).toMatchObject({ status: 200 })
})
