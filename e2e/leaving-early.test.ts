import { expect, test } from 'vitest'
import { BEHAVIOUR_FIELD } from './kit/fault-vendor.ts'
import { withPostgres } from './kit/postgres.ts'
import { withRelay } from './kit/relay.ts'
import { hang } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

/** Whoever leaves while the vendor works has not thereby worked for nothing: limits and budgets keep what the request may have used. */

const relay = withRelay(withPostgres(), {
  config: () => ({ prices: [{ model: 'fault/m', rates: { input: 1, output: 2 } }] }),
})

interface Standing {
  readonly budgets: readonly { readonly spent_dollars: string; readonly reserved_dollars: string }[]
  readonly limits: readonly { readonly remaining: number }[]
}

test('a request whose client leaves before the answer began counts as what was kept for it, in tokens and money', async () => {
  const made = await relay.gateway.admin('POST', '/keys', { name: 'leaves early' })
  // An answer of the admin API, which its own tests look at.
  const { id, key } = made as { readonly id: string; readonly key: string }
  await relay.gateway.admin('POST', '/budgets', { scope: 'key', subject: id, dollars: 1 })
  await relay.gateway.admin('POST', '/limits', { scope: 'key', subject: id, measure: 'tokens', max: 1000, per: 'day' })
  const own = async () => (await (await relay.gateway.ask('/v1/key', { key, method: 'GET' })).json()) as Standing

  const before = relay.vendor.seen.length
  const body = {
    model: 'fault/m',
    messages: [{ role: 'user', content: 'Hi' }],
    max_tokens: 100,
    [BEHAVIOUR_FIELD]: hang('request'),
  }
  const connection = await relay.beginChat({ key, body })
  await waitUntil('it to be at the vendor', () => relay.vendor.seen.length > before)
  const open = await own()
  expect(Number(open.budgets[0]?.reserved_dollars)).toBeGreaterThan(0.0002)
  connection.close()
  await relay.whenIdle()

  const after = await own()
  expect(after.budgets).toMatchObject([{ spent_dollars: open.budgets[0]?.reserved_dollars, reserved_dollars: '0' }])
  expect(after.limits[0]?.remaining).toBe(open.limits[0]?.remaining)
  const rows = await relay.gateway.records()
  expect(rows.filter(({ keyId }) => keyId === id)).toMatchObject([{ status: 'canceled', costNano: null }])
})
