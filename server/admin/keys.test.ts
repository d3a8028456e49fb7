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

/** Somebody with a role in a team, and their token. */
const person = async ({ role, ...where }: { organisation: string; team?: string; role: Role }) => {
  const user = await make('/users', { name: name() })
  await make('/members', { ...where, user, role })
  return { user, token: textAt((await post('/service-tokens', { user })).json, 'token') }
}
const organisationWithTeam = async () => {
  const organisation = await make('/organisations', { name: name() })
  return { organisation, team: await make('/teams', { organisation, name: name() }) }
}

const strangers: { readonly who: string; readonly id: () => Promise<string> }[] = [
  { who: 'an operator who is not in the organisation', id: () => idOfOperator() },
  { who: 'a user who is in no organisation', id: () => make('/users', { name: name() }) },
  {
    who: 'a member of another organisation',
    id: async () => (await person({ ...(await organisationWithTeam()), role: 'member' })).user,
  },
  { who: 'nobody', id: async () => 'AAAAAAAAAAAA' },
]
test.each(strangers)('a key cannot be owned by $who', async ({ id }) => {
  const home = await organisationWithTeam()
  const lead = await person({ ...home, role: 'admin' })
  const owner = await id()
  const refusal = { status: 400, json: { error: { code: 'bad_request', field: 'owner' } } }
  expect(await post('/keys', { name: 'x', team: home.team, owner }, lead.token)).toMatchObject(refusal)
  expect(await post('/keys/create-many', { name: 'x', count: 2, team: home.team, owner }, lead.token)).toMatchObject(
    refusal,
  )
  expect(await post('/keys', { name: 'x', ...home, owner })).toMatchObject(refusal)
})

test('a key can be owned by whoever has a role anywhere in the organisation', async () => {
  const { organisation, team } = await organisationWithTeam()
  const lead = await person({ organisation, team, role: 'admin' })
  const member = await person({ organisation, role: 'member' })
  for (const owner of [lead.user, member.user])
    expect(await post('/keys', { name: 'x', team, owner }, lead.token)).toMatchObject({ status: 200, json: { owner } })
})

test('a member makes keys of their own where their role holds, and nowhere else', async () => {
  const { organisation, team } = await organisationWithTeam()
  const project = await make('/projects', { organisation, team, name: name() })
  const other = await make('/teams', { organisation, name: name() })
  const otherProject = await make('/projects', { organisation, team: other, name: name() })
  const { user, token } = await person({ organisation, team, role: 'member' })
  for (const place of [{ team }, { project }])
    expect(await post('/keys', { name: 'x', ...place }, token)).toMatchObject({ status: 200, json: { owner: user } })
  for (const place of [{ team: other }, { project: otherProject }, {}]) {
    const refusal = { status: 403, json: { error: { code: 'forbidden' } } }
    expect(await post('/keys', { name: 'x', ...place }, token)).toMatchObject(refusal)
    expect(await post('/keys', { name: 'x', ...place, owner: user }, token)).toMatchObject(refusal)
    expect(await post('/keys/create-many', { name: 'x', count: 2, ...place }, token)).toMatchObject(refusal)
  }
})

async function idOfOperator(): Promise<string> {
  const { rows } = await plane.sql.control.query<{ id: string }>('SELECT id FROM users WHERE is_operator')
  const [row] = rows
  if (row === undefined) throw new Error('no operator')
  return row.id
}
