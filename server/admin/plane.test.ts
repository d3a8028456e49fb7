import * as z from 'zod'
import { afterEach, expect, test } from 'vitest'
import { action, type Permission } from '../../core/action.ts'
import { describeOnDatabases } from '../../e2e/kit/postgres.ts'
import { secretHash } from '../world/secret-hash.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'
import { openApp } from './app.ts'
import { servedActions } from './index.ts'
import { served } from './served.ts'

describeOnDatabases('the admin API', (postgres) => {
  const open: TestPlane[] = []
  const start = async (opens?: Parameters<typeof startPlane>[1]) => {
    const plane = await startPlane(await postgres.freshDatabase(), opens)
    open.push(plane)
    return plane
  }
  afterEach(async () => {
    for (const plane of open.splice(0)) await plane.close()
  })

  test('with one action that nobody may be trusted with, no action is served to anybody, and the log names it', async () => {
    const leak = action({
      name: 'keys.leak',
      method: 'GET',
      path: '/leak',
      // What a declaration looks like that was made without the compiler's help.
      permission: 'everybody' as Permission,
      summary: 'Leaks.',
      input: z.strictObject({}),
      output: z.object({ leaked: z.boolean() }),
      changes: false,
    })
    const leaking = served(leak, () => ({ leaked: true }))
    const plane = await start((world) => openApp(world, [...servedActions(world.views), leaking]))
    const token = await plane.setupToken()
    expect(await plane.call('/api/setup/administrator', { token, body: { name: 'Eve' } })).toMatchObject({
      status: 500,
    })
    for (const path of ['/api/leak', '/api/keys', '/api/openapi.json']) {
      expect(await plane.call(path)).toMatchObject({ status: 500, json: { error: { code: 'internal' } } })
    }
    expect((await plane.sql.control.query('SELECT FROM users')).rowCount).toBe(0)
    expect(plane.lines).toContainEqual({
      level: 'error',
      fields: { code: 'unknown', reason: 'the action keys.leak has no permission and cannot be served' },
      message: 'the admin API cannot be opened',
    })
  })

  test('an admin API that could not be loaded is loaded with the next request', async () => {
    const failures = [new Error('no file descriptor left')]
    const plane = await start(async (world) => {
      const failure = failures.pop()
      if (failure !== undefined) throw failure
      return openApp(world)
    })
    expect(await plane.call('/api/keys')).toMatchObject({ status: 500, json: { error: { code: 'internal' } } })
    expect(await plane.call('/api/keys', { token: await administrator(plane) })).toMatchObject({ status: 200 })
  })

  test('until there is an administrator every action but setup answers 503 setup_required', async () => {
    const plane = await start()
    const setupToken = await plane.setupToken()
    for (const token of [undefined, 'nonsense', setupToken]) {
      const { status, json } = await plane.call('/api/keys', token === undefined ? {} : { token })
      expect(status).toBe(503)
      expect(json).toMatchObject({ error: { code: 'setup_required' } })
    }
  })

  test('the setup token makes one administrator, whose token then works; afterwards it is 409 for everybody', async () => {
    const plane = await start()
    const setupToken = await plane.setupToken()
    expect(await plane.call('/api/setup/administrator', { token: 'setup_wrong', body: { name: 'Eve' } })).toMatchObject(
      { status: 401 },
    )
    const { status, json } = await plane.call('/api/setup/administrator', { token: setupToken, body: { name: 'Ada' } })
    expect(status).toBe(200)
    expect(json).toMatchObject({ administrator: 'Ada', token: expect.stringMatching(/^svc_/) })
    expect(await plane.call('/api/keys', { token: textAt(json, 'token') })).toMatchObject({
      status: 200,
      json: { items: [], next: null },
    })
    for (const token of [setupToken, 'setup_wrong', textAt(json, 'token')]) {
      const again = await plane.call('/api/setup/administrator', { token, body: { name: 'Eve' } })
      expect(again).toMatchObject({ status: 409, json: { error: { code: 'conflict' } } })
    }
  })

  test('of a hundred first administrators at once exactly one gets in', async () => {
    const plane = await start()
    const token = await plane.setupToken()
    const asked = Array.from({ length: 100 }, (_, at) =>
      plane.call('/api/setup/administrator', { token, body: { name: `admin ${at}` } }),
    )
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(99)
    expect((await plane.sql.control.query('SELECT FROM users')).rowCount).toBe(1)
    expect((await plane.sql.control.query('SELECT FROM service_tokens')).rowCount).toBe(1)
  })

  test('a new key works in this process as soon as its answer is out, and only its hash is kept', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const { json } = await plane.call('/api/keys', {
      token,
      body: { name: 'ci', models: ['demo/*'], expiresInDays: 7 },
    })
    const key = textAt(json, 'key')
    expect(json).toMatchObject({
      name: 'ci',
      state: 'active',
      models: ['demo/*'],
      createdBy: 'Ada',
      revokedAt: null,
      earlierSecretUntil: null,
    })
    expect(plane.keys.find(secretHash(key))).toMatchObject({
      id: textAt(json, 'id'),
      name: 'ci',
      models: ['demo/*'],
      revokedAt: null,
    })
    expect(key).toContain(`sek_${textAt(json, 'id')}_`)
    const shown = await plane.call(`/api/keys/${textAt(json, 'id')}`, { token })
    expect(shown.json).not.toHaveProperty('key')
    const { rows } = await plane.sql.control.query('SELECT * FROM key_secrets')
    expect(rows).toMatchObject([{ hash: secretHash(key) }])
  })

  test('rotation leaves both secrets working for the overlap, a second one within it is refused, an overlap of 0 ends the old at once', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const made = await plane.call('/api/keys', { token, body: { name: 'ci' } })
    const path = `/api/keys/${textAt(made.json, 'id')}/rotate`
    const rotated = await plane.call(path, { token, body: { overlapHours: 2 } })
    const first = plane.keys.find(secretHash(textAt(made.json, 'key')))
    const second = plane.keys.find(secretHash(textAt(rotated.json, 'key')))
    expect(first?.expiresAt).toBe(Date.parse(textAt(rotated.json, 'earlierSecretUntil')))
    expect((first?.expiresAt ?? 0) - Date.now()).toBeGreaterThan(7_100_000)
    expect(second).toMatchObject({ id: first?.id, expiresAt: null })
    expect(await plane.call(path, { token, body: {} })).toMatchObject({ status: 409 })

    const at = await plane.call(path, { token, body: { overlapHours: 0 } })
    expect(at).toMatchObject({ status: 200, json: { earlierSecretUntil: null } })
    for (const old of [made, rotated]) {
      expect(plane.keys.find(secretHash(textAt(old.json, 'key')))?.expiresAt).toBeLessThanOrEqual(Date.now())
    }
    expect(plane.keys.find(secretHash(textAt(at.json, 'key')))).toMatchObject({ expiresAt: null, revokedAt: null })
    expect(await plane.call(path, { token, body: { overlapHours: 169 } })).toMatchObject({
      status: 400,
      json: { error: { field: 'overlapHours' } },
    })
  })

  test('a revoked key is revoked with all its secrets, at once, and stays so', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const made = await plane.call('/api/keys', { token, body: { name: 'ci' } })
    const path = `/api/keys/${textAt(made.json, 'id')}`
    const rotated = await plane.call(`${path}/rotate`, { token, body: {} })
    const revoked = await plane.call(`${path}/revoke`, { token, method: 'POST' })
    expect(revoked).toMatchObject({ status: 200, json: { state: 'revoked' } })
    for (const { json } of [made, rotated])
      expect(plane.keys.find(secretHash(textAt(json, 'key')))?.revokedAt).not.toBeNull()
    const again = await plane.call(`${path}/revoke`, { token, body: {} })
    expect(textAt(again.json, 'revokedAt')).toBe(textAt(revoked.json, 'revokedAt'))
    expect(await plane.call(`${path}/rotate`, { token, body: {} })).toMatchObject({ status: 409 })
    expect(await plane.call('/api/keys/AAAAAAAAAAAA/revoke', { token, body: {} })).toMatchObject({ status: 404 })
  })

  test('lists go page by page without gap or repetition, and by state', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const ids: string[] = []
    for (let at = 0; at < 5; at++)
      ids.unshift(textAt((await plane.call('/api/keys', { token, body: { name: `key ${at}` } })).json, 'id'))
    await plane.call(`/api/keys/${ids[2]}/revoke`, { token, body: {} })
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const { json } = await plane.call(`/api/keys?limit=2${cursor}`, { token })
      const page = json as { items: { id: string }[]; next: string | null }
      seen.push(...page.items.map(({ id }) => id))
      if (page.next === null) break
      cursor = `&cursor=${encodeURIComponent(page.next)}`
    }
    expect(seen).toEqual(ids)
    expect((await plane.call('/api/keys?state=revoked', { token })).json).toMatchObject({ items: [{ id: ids[2] }] })
    expect((await plane.call('/api/keys?state=active&limit=200', { token })).json).toMatchObject({
      items: { length: 4 },
    })
    expect(await plane.call('/api/keys?limit=201', { token })).toMatchObject({
      status: 400,
      json: { error: { field: 'limit' } },
    })
    expect(await plane.call('/api/keys?limit=2&limit=3', { token })).toMatchObject({
      status: 400,
      json: { error: { field: 'limit' } },
    })
  })

  test('service tokens are made for more administrators and revoked at once; the last that never expires stays', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const own = (await plane.call('/api/service-tokens', { token })).json as { items: { id: string }[] }
    const last = await plane.call(`/api/service-tokens/${own.items[0]?.id}/revoke`, { token, body: {} })
    expect(last).toMatchObject({ status: 409, json: { error: { code: 'conflict' } } })

    const made = await plane.call('/api/service-tokens', { token, body: { administrator: 'Grace' } })
    const second = textAt(made.json, 'token')
    expect(await plane.call('/api/keys', { token: second })).toMatchObject({ status: 200 })
    expect(
      await plane.call(`/api/service-tokens/${textAt(made.json, 'id')}/revoke`, { token, body: {} }),
    ).toMatchObject({ status: 200 })
    expect(await plane.call('/api/keys', { token: second })).toMatchObject({ status: 401 })
    const audit = await plane.call('/api/audit?action=service-tokens.revoke', { token })
    expect(audit.json).toMatchObject({
      items: [
        { outcome: 'done', administrator: 'Ada' },
        { outcome: 'conflict', result: null },
      ],
    })
  })

  test('two who revoke each other at once cannot lock everybody out', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const made = await plane.call('/api/service-tokens', { token, body: { administrator: 'Grace' } })
    const { json } = await plane.call('/api/service-tokens', { token })
    const ids = (json as { items: { id: string }[] }).items.map(({ id }) => id)
    expect(ids).toHaveLength(2)
    const mine = ids.find((id) => id !== textAt(made.json, 'id'))
    const answers = await Promise.all([
      plane.call(`/api/service-tokens/${textAt(made.json, 'id')}/revoke`, { token, body: {} }),
      plane.call(`/api/service-tokens/${mine}/revoke`, { token: textAt(made.json, 'token'), body: {} }),
    ])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('the database gone: 503 not_ready, keys go on being found, and everything works when it is back', async () => {
    const plane = await start()
    const token = await administrator(plane)
    const made = await plane.call('/api/keys', { token, body: { name: 'ci' } })
    await postgres.stop()
    try {
      expect(await plane.call('/api/keys', { token })).toMatchObject({
        status: 503,
        json: { error: { code: 'not_ready' } },
      })
      expect(plane.keys.find(secretHash(textAt(made.json, 'key')))).toBeDefined()
    } finally {
      await postgres.start()
    }
    await plane.sql.whenUp({ timeoutMs: 10_000 })
    expect(await plane.call('/api/keys', { token })).toMatchObject({ status: 200 })
  })
})
