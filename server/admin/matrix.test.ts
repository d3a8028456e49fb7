import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { actions } from '../../core/admin/index.ts'
import { ROLES, type Role } from '../../core/rights.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'

/**
 * Every action, called by everybody: what each role may do in its own organisation stands in this table, which is for people to review. What has no
 * line here fails the test below; so does a line that nothing stands behind.
 *
 * 200: done. 403: the role does not allow it. 404: as if there were no such thing, because it is somebody else's.
 */
const EXPECTED: { readonly [action: string]: string } = {
  //                          operator owner admin member viewer billing auditor
  'setup.administrator': '    409      409   409   409    409    409     409',
  'keys.create': '            200      200   200   200    403    403     403',
  'keys.create-many': '       200      200   200   200    403    403     403',
  'keys.list': '              200      200   200   200    200    403     200',
  'keys.show': '              200      200   200   404    200    403     200',
  'keys.update': '            200      200   200   404    403    403     403',
  'keys.rotate': '            200      200   200   404    403    403     403',
  'keys.revoke': '            200      200   200   404    403    403     403',
  'limits.create': '        200      200   200   403    403    403     403',
  'limits.list': '          200      200   200   403    200    200     200',
  'limits.change': '        200      200   200   403    403    403     403',
  'limits.remove': '        200      200   200   403    403    403     403',
  'plans.create': '         200      200   200   403    403    403     403',
  'plans.list': '           200      200   200   403    200    200     200',
  'plans.give': '           200      200   200   403    403    403     403',
  'plans.take': '           200      200   200   403    403    403     403',
  'plans.archive': '        200      200   200   403    403    403     403',
  'budgets.create': '       200      200   200   403    403    200     403',
  'budgets.list': '         200      200   200   403    200    200     200',
  'budgets.change': '       200      200   200   403    403    200     403',
  'budgets.remove': '       200      200   200   403    403    200     403',
  'organisations.create': '   200      403   403   403    403    403     403',
  'organisations.list': '     200      200   200   200    200    200     200',
  'teams.create': '           200      200   200   403    403    403     403',
  'teams.list': '             200      200   200   200    200    200     200',
  'teams.archive': '          200      200   200   403    403    403     403',
  'projects.create': '        200      200   200   403    403    403     403',
  'projects.list': '          200      200   200   200    200    200     200',
  'projects.archive': '       200      200   200   403    403    403     403',
  'users.create': '           200      403   403   403    403    403     403',
  'users.list': '             200      200   200   403    200    403     200',
  'users.disable': '          200      403   403   403    403    403     403',
  'members.add': '            200      200   200   403    403    403     403',
  'members.list': '           200      200   200   403    200    403     200',
  'members.remove': '         200      200   200   403    403    403     403',
  'service-accounts.create': '200      200   200   403    403    403     403',
  'service-accounts.list': '  200      200   200   403    200    403     200',
  'service-accounts.token': ' 200      200   200   403    403    403     403',
  'service-accounts.disable': '200      200   200   403    403    403     403',
  'service-tokens.create': '  200      403   403   403    403    403     403',
  'service-tokens.list': '    200      403   403   403    403    403     403',
  'service-tokens.revoke': '  200      403   403   403    403    403     403',
  'usage.totals': '           200      200   200   200    200    200     200',
  'usage.list': '             200      200   200   200    200    200     200',
  'usage.export': '           200      200   200   200    200    200     200',
  'audit.list': '             200      200   403   403    403    403     200',
  'providers.list': '         200      403   403   403    403    403     403',
  'config.show': '            200      403   403   403    403    403     403',
}
const LIMIT = { measure: 'requests', max: 1_000, per: 'day' }

const CALLERS = ['operator', ...ROLES] as const
type Caller = (typeof CALLERS)[number]

/** Rights that are narrower than they look: the action is called with something of somebody else's. */
const statusOf = (action: string, caller: Caller): number => {
  const cells = EXPECTED[action]?.trim().split(/\s+/) ?? []
  const cell = cells[CALLERS.indexOf(caller)]
  if (cell === undefined || cells.length !== CALLERS.length)
    throw new Error(`no reviewed cell for ${action} as ${caller}`)
  return Number(cell)
}

describe('who may do what', () => {
  const postgres = withPostgres()
  const made: { plane?: TestPlane; operator?: string; alpha?: Organisation; beta?: Organisation } = {}
  const plane = (): TestPlane => there(made.plane)
  const operator = (): string => there(made.operator)
  let names = 0
  const name = () => `name ${++names}`
  const make = async (path: string, body: object): Promise<unknown> => {
    const { status, json, text } = await plane().call(`/api${path}`, { token: operator(), body })
    if (status !== 200) throw new Error(`${path}: ${text}`)
    return json
  }
  const makeId = async (path: string, body: object): Promise<string> => textAt(await make(path, body), 'id')

  interface Organisation {
    readonly id: string
    readonly tokens: { readonly [role in Role]: string }
  }

  const makeBudget = (organisation: string) => makeId('/budgets', { organisation, scope: 'organisation', dollars: 1 })
  const makeLimit = (organisation: string) => makeId('/limits', { organisation, scope: 'organisation', ...LIMIT })

  const makeOrganisation = async (): Promise<Organisation> => {
    const id = await makeId('/organisations', { name: name() })
    const tokens: { [role: string]: string } = {}
    for (const role of ROLES) {
      const user = await makeId('/users', { name: name() })
      await make('/members', { organisation: id, user, role })
      tokens[role] = textAt(await make('/service-tokens', { user }), 'token')
    }
    return { id, tokens: tokens as Organisation['tokens'] }
  }

  /** A call of each action about something in this organisation that is new each time. */
  const calls: { readonly [action: string]: (of: Organisation) => Promise<Call> } = {
    'setup.administrator': async () => ({ path: '/setup/administrator', body: { name: name() } }),
    'keys.create': async () => ({ path: '/keys', body: { name: name() } }),
    'keys.create-many': async () => ({ path: '/keys/create-many', body: { name: name(), count: 2 } }),
    'keys.list': async () => ({ path: '/keys' }),
    'keys.show': async ({ id }) => ({ path: `/keys/${await makeId('/keys', { organisation: id, name: name() })}` }),
    'keys.update': async ({ id }) => ({
      path: `/keys/${await makeId('/keys', { organisation: id, name: name() })}/update`,
      body: { tags: ['x'] },
    }),
    'keys.rotate': async ({ id }) => ({
      path: `/keys/${await makeId('/keys', { organisation: id, name: name() })}/rotate`,
      body: {},
    }),
    'keys.revoke': async ({ id }) => ({
      path: `/keys/${await makeId('/keys', { organisation: id, name: name() })}/revoke`,
      body: {},
    }),
    'limits.create': async () => ({ path: '/limits', body: { scope: 'organisation', ...LIMIT } }),
    'limits.list': async () => ({ path: '/limits' }),
    'limits.change': async ({ id }) => ({ path: `/limits/${await makeLimit(id)}/change`, body: { max: 2_000 } }),
    'limits.remove': async ({ id }) => ({ path: `/limits/${await makeLimit(id)}/remove`, body: {} }),
    'plans.create': async () => ({ path: '/plans', body: { name: name() } }),
    'plans.list': async () => ({ path: '/plans' }),
    'plans.give': async ({ id }) => ({
      path: `/plans/${await makeId('/plans', { organisation: id, name: name() })}/give`,
      body: { scope: 'organisation' },
    }),
    'plans.take': async ({ id }) => {
      const plan = await makeId('/plans', { organisation: id, name: name() })
      await make(`/plans/${plan}/give`, { scope: 'organisation' })
      return { path: `/plans/${plan}/take`, body: { scope: 'organisation' } }
    },
    'plans.archive': async ({ id }) => ({
      path: `/plans/${await makeId('/plans', { organisation: id, name: name() })}/archive`,
      body: {},
    }),
    'budgets.create': async () => ({ path: '/budgets', body: { scope: 'organisation', dollars: 1 } }),
    'budgets.list': async () => ({ path: '/budgets' }),
    'budgets.change': async ({ id }) => ({ path: `/budgets/${await makeBudget(id)}/change`, body: { dollars: 2 } }),
    'budgets.remove': async ({ id }) => ({ path: `/budgets/${await makeBudget(id)}/remove`, body: {} }),
    'organisations.create': async () => ({ path: '/organisations', body: { name: name() } }),
    'organisations.list': async () => ({ path: '/organisations' }),
    'teams.create': async () => ({ path: '/teams', body: { name: name() } }),
    'teams.list': async () => ({ path: '/teams' }),
    'teams.archive': async ({ id }) => ({
      path: `/teams/${await makeId('/teams', { organisation: id, name: name() })}/archive`,
      body: {},
    }),
    'projects.create': async () => ({ path: '/projects', body: { name: name() } }),
    'projects.list': async () => ({ path: '/projects' }),
    'projects.archive': async ({ id }) => ({
      path: `/projects/${await makeId('/projects', { organisation: id, name: name() })}/archive`,
      body: {},
    }),
    'users.create': async () => ({ path: '/users', body: { name: name() } }),
    'users.list': async () => ({ path: '/users' }),
    'users.disable': async () => ({ path: `/users/${await makeId('/users', { name: name() })}/disable`, body: {} }),
    'members.add': async () => ({
      path: '/members',
      body: { user: await makeId('/users', { name: name() }), role: 'viewer' },
    }),
    'members.list': async () => ({ path: '/members' }),
    'members.remove': async ({ id }) => {
      const user = await makeId('/users', { name: name() })
      return {
        path: `/members/${await makeId('/members', { organisation: id, user, role: 'viewer' })}/remove`,
        body: {},
      }
    },
    'service-accounts.create': async () => ({ path: '/service-accounts', body: { name: name() } }),
    'service-accounts.list': async () => ({ path: '/service-accounts' }),
    'service-accounts.token': async ({ id }) => ({
      path: `/service-accounts/${await makeId('/service-accounts', { organisation: id, name: name() })}/token`,
      body: {},
    }),
    'service-accounts.disable': async ({ id }) => ({
      path: `/service-accounts/${await makeId('/service-accounts', { organisation: id, name: name() })}/disable`,
      body: {},
    }),
    'service-tokens.create': async () => ({ path: '/service-tokens', body: { administrator: name() } }),
    'service-tokens.list': async () => ({ path: '/service-tokens' }),
    'service-tokens.revoke': async () => ({
      path: `/service-tokens/${await makeId('/service-tokens', { administrator: name() })}/revoke`,
      body: {},
    }),
    'usage.totals': async () => ({ path: '/usage/totals' }),
    'usage.list': async () => ({ path: '/usage' }),
    'usage.export': async () => ({ path: '/usage/export' }),
    'audit.list': async () => ({ path: '/audit' }),
    'providers.list': async () => ({ path: '/providers' }),
    'config.show': async () => ({ path: '/config' }),
  }

  interface Call {
    readonly path: string
    readonly body?: object
  }
  const callOf = async (action: string, of: Organisation): Promise<Call> => {
    const call = calls[action]
    if (call === undefined) throw new Error(`nobody says how ${action} is called`)
    return call(of)
  }
  const send = ({ path, body }: Call, token: string | undefined) =>
    plane().call(`/api${path}`, {
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    })
  /** The same call with the organisation named. */
  const named = ({ path, body }: Call, organisation: string): Call =>
    body === undefined ? { path: `${path}?organisation=${organisation}` } : { path, body: { ...body, organisation } }
  const takesPlace = (action: string): boolean => {
    const input = actions.find((declared) => declared.name === action)?.input
    return JSON.stringify(input?.toJSONSchema({ io: 'input' })).includes('"organisation"')
  }

  beforeAll(async () => {
    made.plane = await startPlane(await postgres.freshDatabase())
    made.operator = await administrator(made.plane)
    made.alpha = await makeOrganisation()
    made.beta = await makeOrganisation()
  }, 60_000)
  afterAll(() => made.plane?.close())

  test('every action has a reviewed line and a call, and there is no line for nothing', () => {
    const declared = actions.map((action) => action.name).toSorted()
    expect(Object.keys(EXPECTED).toSorted()).toEqual(declared)
    expect(Object.keys(calls).toSorted()).toEqual(declared)
  })

  describe.each(actions.map((action) => action.name))('%s', (action) => {
    test.each(CALLERS)('by %s of the organisation is answered as the table says', async (caller) => {
      const alpha = there(made.alpha)
      const token = caller === 'operator' ? operator() : alpha.tokens[caller]
      const { status, text } = await send(await callOf(action, alpha), token)
      expect([status, text]).toEqual([statusOf(action, caller), expect.anything()])
    })

    test('by nobody is refused', async () => {
      const { status } = await send(await callOf(action, there(made.alpha)), undefined)
      expect(status).toBe(action === 'setup.administrator' ? 409 : 401)
    })

    test.each(ROLES)('by %s of another organisation changes and shows nothing', async (role) => {
      const [alpha, beta] = [there(made.alpha), there(made.beta)]
      const call = await callOf(action, alpha)
      const before = await census()
      const direct = await send(call, beta.tokens[role])
      // What stands in no path is done at home; everything else is not there for them, or not theirs to do.
      const atHome = !/\/[0-9A-Za-z]{12}(?:\/|$)/.test(call.path)
      expect(atHome ? 404 : direct.status).toSatisfy(isRefusal)
      const asked = takesPlace(action) ? (await send(named(call, alpha.id), beta.tokens[role])).status : 404
      expect(asked).toSatisfy(isRefusal)
      expect(direct.text).not.toContain(alpha.id)
      expect(await census()).toEqual(before)
    })
  })

  /** What there is in the first organisation, without the lines that say who tried. */
  const census = async (): Promise<unknown> => {
    const { rows } = await plane().sql.control.query(
      `SELECT (SELECT jsonb_agg(to_jsonb(k) - 'changed' ORDER BY id) FROM keys k WHERE organisation_id = $1) AS keys,
        (SELECT jsonb_agg(t ORDER BY id) FROM teams t WHERE organisation_id = $1) AS teams,
        (SELECT jsonb_agg(p ORDER BY id) FROM projects p WHERE organisation_id = $1) AS projects,
        (SELECT jsonb_agg(m ORDER BY id) FROM memberships m WHERE organisation_id = $1) AS members,
        (SELECT jsonb_agg(s ORDER BY id) FROM service_accounts s WHERE organisation_id = $1) AS accounts,
        (SELECT jsonb_agg(t ORDER BY id) FROM service_tokens t WHERE organisation_id = $1) AS tokens,
        (SELECT jsonb_agg(b ORDER BY id) FROM budgets b WHERE organisation_id = $1) AS budgets,
        (SELECT jsonb_agg(l ORDER BY id) FROM limits l WHERE organisation_id = $1) AS limits,
        (SELECT jsonb_agg(p ORDER BY id) FROM plans p WHERE organisation_id = $1) AS plans,
        (SELECT jsonb_agg(g ORDER BY plan_id) FROM given_plans g WHERE organisation_id = $1) AS given`,
      [there(made.alpha).id],
    )
    return rows[0]
  }
})

/** As if there were no such thing, or because the role does not allow it anywhere. */
const isRefusal = (status: number): boolean => status === 403 || status === 404

function there<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('not made yet')
  return value
}
