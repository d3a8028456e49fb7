import { afterEach, expect, test } from 'vitest'
import { withPostgres } from '../../e2e/kit/postgres.ts'
import { secretHash } from '../world/secret-hash.ts'
import { firstStart } from './first-start.ts'
import { administrator, startPlane, type TestPlane } from '../../e2e/kit/plane.ts'

const postgres = withPostgres()
const open: TestPlane[] = []
afterEach(async () => {
  for (const plane of open.splice(0)) await plane.close()
})

test('a first start gives a setup token and a demo key that works at once; the next one no second key, and no token once there is an administrator', async () => {
  const plane = await startPlane(await postgres.freshDatabase())
  open.push(plane)
  const first = await firstStart(plane.world)
  expect(first.setupToken).toMatch(/^setup_/)
  expect(plane.keys.find(secretHash(first.demoKey ?? ''))).toMatchObject({ name: 'demo', models: ['demo/*'] })

  const second = await firstStart(plane.world)
  expect(second.demoKey).toBeNull()
  // Whoever lost the first printed token starts again; both work until one is used.
  expect(second.setupToken).not.toBe(first.setupToken)
  const answer = await plane.call('/api/setup/administrator', { token: first.setupToken ?? '', body: { name: 'Ada' } })
  expect(answer.status).toBe(200)
  expect(await firstStart(plane.world)).toEqual({ setupToken: null, demoKey: null })
  expect((await plane.sql.control.query('SELECT FROM setup_tokens')).rowCount).toBe(0)
})

test('starting again and again leaves ten setup tokens at most, the newest', async () => {
  const plane = await startPlane(await postgres.freshDatabase())
  open.push(plane)
  const oldest = await plane.setupToken()
  for (let at = 0; at < 11; at++) await plane.setupToken()
  expect((await plane.sql.control.query('SELECT FROM setup_tokens')).rowCount).toBe(10)
  expect(await plane.call('/api/setup/administrator', { token: oldest, body: { name: 'Eve' } })).toMatchObject({
    status: 401,
  })
  expect(await administrator(plane)).toMatch(/^svc_/)
})
