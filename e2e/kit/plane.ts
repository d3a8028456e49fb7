import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log, LogFields } from '../../core/world.ts'
import { migrate } from '../../server/store/migrate.ts'
import { openAllowances } from '../../server/world/allowances.ts'
import { openBudgets } from '../../server/world/budgets.ts'
import { openKeyRing } from '../../server/world/keys.ts'
import { openSql } from '../../server/world/sql.ts'
import { makeSetupToken } from '../../server/admin/first-start.ts'
import { adminPlane } from '../../server/admin/plane.ts'

/** The control plane for tests: a real listener on loopback before a real database. `open` opens something else behind it. */
export async function startPlane(databaseUrl: string, open?: Parameters<typeof adminPlane>[1]) {
  const lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = []
  const log = logInto(lines)
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const sql = openSql(databaseUrl, { log })
  await sql.whenUp({ timeoutMs: 10_000 })
  await migrate(sql)
  const keys = await openKeyRing(sql, { clock, log })
  const allowances = await openAllowances(sql, { clock, log })
  const budgets = await openBudgets(sql, { clock, log })
  const random = (bytes: number) => randomBytes(bytes)
  const world = {
    sql,
    clock,
    log,
    random,
    keys,
    allowances,
    budgets,
    newId: () => randomUUID(),
    reach: { reach: 'loopback', hosts: ['gateway.example'] },
    views,
  } as const
  const server = createServer(adminPlane(world, open)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // What a TCP listener says of itself is never a path.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    sql,
    keys,
    world,
    lines,
    setupToken: () => makeSetupToken(world),
    call: (path: string, options?: CallOptions) => call(url + path, options),
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      keys.close()
      allowances.close()
      budgets.close()
      await sql.close()
    },
  }
}
export type TestPlane = Awaited<ReturnType<typeof startPlane>>

export interface CallOptions {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
  readonly method?: string
}

/** A call as a program makes it: POST with JSON when there is a body. `json` is what came, whatever the status. */
async function call(
  url: string,
  { token, body, headers = {}, method = body === undefined ? 'GET' : 'POST' }: CallOptions = {},
) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await answer.text()
  const json: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: answer.status, headers: answer.headers, json, text }
}

/** The administrator whom most tests need. */
export async function administrator(plane: TestPlane): Promise<string> {
  const { json } = await plane.call('/api/setup/administrator', {
    token: await plane.setupToken(),
    body: { name: 'Ada' },
  })
  return textAt(json, 'token')
}

/** A text field of an answer; anything else is a failure of the test. */
export function textAt(json: unknown, field: string): string {
  const value = typeof json === 'object' && json !== null ? Reflect.get(json, field) : undefined
  if (typeof value !== 'string') throw new Error(`no text ${field} in ${JSON.stringify(json)}`)
  return value
}

const views = {
  providers: () => [{ name: 'demo', kind: 'demo', state: 'ready' as const, notice: null }],
  config: () => [{ path: 'listen.port', value: 4100, origin: 'default' }],
}

function logInto(lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[]): Log {
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
