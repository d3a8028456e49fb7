import { afterEach, expect, test } from 'vitest'
import { describeOnDatabases } from '../../e2e/kit/postgres.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'

describeOnDatabases('the audit log', (postgres) => {
  const open: TestPlane[] = []
  const start = async () => {
    const plane = await startPlane(await postgres.freshDatabase())
    open.push(plane)
    return { plane, token: await administrator(plane) }
  }
  afterEach(async () => {
    for (const plane of open.splice(0)) await plane.close()
  })

  test('has one line for each change: who, what, when, from where, with what and the outcome, and no secret', async () => {
    const { plane, token } = await start()
    const made = await plane.call('/api/keys', { token, body: { name: 'ci', models: ['demo/*'] } })
    const id = textAt(made.json, 'id')
    await plane.call(`/api/keys/${id}/rotate`, { token, body: {} })
    await plane.call(`/api/keys/${id}/revoke`, { token, body: {} })
    await plane.call(`/api/keys/${id}`, { token })
    const { json, text } = await plane.call('/api/audit', { token })
    const line = {
      administrator: 'Ada',
      target: id,
      outcome: 'done',
      ip: '127.0.0.1',
      requestId: expect.any(String),
      at: expect.any(String),
    }
    expect(json).toMatchObject({
      items: [
        { ...line, action: 'keys.revoke', input: { id }, result: { state: 'revoked' } },
        { ...line, action: 'keys.rotate', input: { id, overlapHours: 24 } },
        {
          ...line,
          action: 'keys.create',
          input: { name: 'ci', models: ['demo/*'] },
          requestId: made.headers.get('x-sekisho-request-id'),
        },
        { action: 'setup.administrator', administrator: null, result: { administrator: 'Ada' } },
      ],
      next: null,
    })
    for (const secret of [token, textAt(made.json, 'key')]) expect(text).not.toContain(secret.split('_')[2])
    expect((await plane.call(`/api/audit?target=${id}&limit=2`, { token })).json).toMatchObject({
      items: { length: 2 },
      next: expect.any(String),
    })
    expect(await plane.call('/api/audit?cursor=x', { token })).toMatchObject({
      status: 400,
      json: { error: { field: 'cursor' } },
    })
  })

  test('says which changes were refused, and leaves nothing of them behind', async () => {
    const { plane, token } = await start()
    const missing = await plane.call('/api/keys/AAAAAAAAAAAA/rotate', { token, body: {} })
    expect(missing.status).toBe(404)
    const { json } = await plane.call('/api/audit', { token })
    expect(json).toMatchObject({
      items: [{ action: 'keys.rotate', target: 'AAAAAAAAAAAA', outcome: 'not_found', result: null }, {}],
    })
  })

  test('a change whose line cannot be written did not happen', async () => {
    const { plane, token } = await start()
    const made = await plane.call('/api/keys', { token, body: { name: 'ci' } })
    await plane.sql.control.query(
      "create function no_room() returns trigger language plpgsql as 'begin raise exception ''no room''; end'",
    )
    await plane.sql.control.query(
      'create trigger no_room before insert on audit for each row execute function no_room()',
    )
    expect(await plane.call('/api/keys', { token, body: { name: 'lost' } })).toMatchObject({ status: 500 })
    expect(await plane.call(`/api/keys/${textAt(made.json, 'id')}/revoke`, { token, body: {} })).toMatchObject({
      status: 500,
    })
    expect((await plane.call('/api/keys', { token })).json).toMatchObject({
      items: [{ name: 'ci', state: 'active' }],
      next: null,
    })
  })

  test.each(['update audit set outcome = null', 'delete from audit', 'truncate audit'])(
    'refuses "%s"',
    async (statement) => {
      const { plane } = await start()
      await expect(plane.sql.control.query(statement)).rejects.toThrow('the audit log takes no')
      expect((await plane.sql.control.query('SELECT FROM audit')).rowCount).toBe(1)
    },
  )
})
