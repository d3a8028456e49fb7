import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send } from './kit/client.ts'
import { startGateway, type Gateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { stream } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'
import { withGateway } from './kit/with-gateway.ts'

/** The life of a key and of the first administrator, over HTTP and with the command, on two gateways with one database. */

const REVOKED_MS_MAX = 5_000

const postgres = withPostgres()
const shared: { databaseUrl: string; other?: Gateway; token: string } = { databaseUrl: '', token: '' }
const running = withGateway({
  databaseUrl: async () => {
    shared.databaseUrl = await postgres.freshDatabase()
    return shared.databaseUrl
  },
})
beforeAll(async () => {
  const other = await startGateway({ databaseUrl: shared.databaseUrl })
  shared.other = other
  await waitUntil('the token of the other gateway', () => other.logs().includes('setup_'))
})
afterAll(() => shared.other?.dispose())

describe('the first administrator', () => {
  test('is needed before anything else, and no wrong token makes one', async () => {
    for (const token of ['setup_nobody', running.gateway.firstKey, ''])
      expect((await api('POST', '/setup/administrator', { token, body: { name: 'Eve' } })).status).toBe(401)
    expect(await api('POST', '/keys', { token: running.gateway.setupToken, body: { name: 'k' } })).toMatchObject({
      status: 503,
      body: { error: { code: 'setup_required' } },
    })
  })

  test('is made once, whoever else asks at the same moment', async () => {
    const { setupToken } = running.gateway
    const asked = Array.from({ length: 5 }, () =>
      api('POST', '/setup/administrator', { token: setupToken, body: { name: 'Ada' } }),
    )
    const answers = await Promise.all(asked)
    const made = answers.filter(({ status }) => status === 200)
    expect(made).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(4)
    shared.token = text(made[0]?.body, 'token')
    expect(shared.token).toMatch(/^svc_/)
    expect((await api('GET', '/keys')).status).toBe(200)
  })

  test('is the last one whom a setup token makes, that of the other gateway too', async () => {
    for (const token of [running.gateway.setupToken, shared.other?.setupToken ?? ''])
      expect(await api('POST', '/setup/administrator', { token, body: { name: 'Eve' } })).toMatchObject({
        status: 409,
        body: { error: { code: 'conflict' } },
      })
  })
})

describe('a key that somebody owns', () => {
  const make = async (path: string, body: object): Promise<string> => {
    const answer = await api('POST', path, { body })
    expect([answer.status, answer.body]).toEqual([200, expect.anything()])
    return text(answer.body, 'id')
  }
  const ends: { readonly how: string; readonly end: (owner: string, member: string) => Promise<unknown> }[] = [
    { how: 'is taken their role', end: (_, member) => api('POST', `/members/${member}/remove`, { body: {} }) },
    { how: 'is disabled', end: (owner) => api('POST', `/users/${owner}/disable`, { body: {} }) },
  ]

  test.each(ends)('works on every gateway until its owner $how', async ({ how, end }) => {
    const owner = await make('/users', { name: `who ${how}` })
    const member = await make('/members', { user: owner, role: 'member', organisation: 'default00000' })
    const { key } = await createKey({ name: 'own', owner })
    await waitUntil(
      'the key to work',
      async () => (await chat(key)) === 200 && (await chat(key, { gateway: shared.other })) === 200,
    )
    await end(owner, member)
    expect(await chat(key)).toBe(401)
    await waitUntil('the other gateway to know', async () => (await chat(key, { gateway: shared.other })) === 401, {
      timeoutMs: REVOKED_MS_MAX,
    })
  })
})

describe('over HTTP, a key', () => {
  test('is made, works at once, and is shown without its secret', async () => {
    const { id, key } = await createKey({ name: 'for reports', models: ['demo/*'], expiresInDays: 30 })
    expect(key).toMatch(/^sek_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
    expect(await chat(key)).toBe(200)
    expect(await chat(key, { model: 'm-1' })).toBe(403)
    const shown = await api('GET', `/keys/${id}`)
    expect(shown.body).toMatchObject({
      id,
      name: 'for reports',
      state: 'active',
      models: ['demo/*'],
      createdBy: 'Ada',
      revokedAt: null,
      earlierSecretUntil: null,
    })
    const listed = await api('GET', '/keys?state=active')
    expect(listed.body).toMatchObject({ items: expect.arrayContaining([shown.body]) })
    expect(JSON.stringify([shown, listed])).not.toContain(secretOf(key))
  })

  test('that is rotated has two secrets for the overlap; then the earlier one stops', async () => {
    const { id, key: first } = await createKey({ name: 'rotated' })
    const rotated = await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 1 } })
    const second = text(rotated.body, 'key')
    expect(rotated.body).toMatchObject({ id, state: 'active', earlierSecretUntil: expect.any(String) })
    expect(second).not.toBe(first)
    expect([await chat(first), await chat(second)]).toEqual([200, 200])
    expect(await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 1 } })).toMatchObject({ status: 409 })
    // The hour passes.
    await inDatabase(
      `UPDATE key_secrets SET ends_at = now() - interval '1 second' WHERE key_id = '${id}' AND ends_at IS NOT NULL`,
    )
    await waitUntil('the earlier secret to stop', async () => (await chat(first)) === 401, {
      timeoutMs: REVOKED_MS_MAX,
    })
    expect(await chat(second)).toBe(200)
    expect((await api('GET', `/keys/${id}`)).body).toMatchObject({ state: 'active', earlierSecretUntil: null })
  })

  test('that is rotated without an overlap has the new secret only, at once', async () => {
    const { id, key: first } = await createKey({ name: 'leaked' })
    const second = text((await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 0 } })).body, 'key')
    expect([await chat(first), await chat(second)]).toEqual([401, 200])
  })

  test('that is revoked is dead at once where it was done, and within five seconds elsewhere, with all its secrets', async () => {
    const { id, key } = await createKey({ name: 'revoked' })
    const second = text((await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 1 } })).body, 'key')
    const { other } = shared
    await waitUntil('the other gateway to know the key', async () => (await chat(key, { gateway: other })) === 200)
    expect((await api('POST', `/keys/${id}/revoke`, { body: {} })).body).toMatchObject({ state: 'revoked' })
    expect([await chat(key), await chat(second)]).toEqual([401, 401])
    for (const secret of [key, second])
      await waitUntil('the other gateway to refuse it', async () => (await chat(secret, { gateway: other })) === 401, {
        timeoutMs: REVOKED_MS_MAX,
      })
    expect((await api('POST', `/keys/${id}/revoke`, { body: {} })).status).toBe(200)
    expect((await api('POST', `/keys/${id}/rotate`, { body: {} })).status).toBe(409)
    expect((await api('GET', '/keys?state=revoked')).body).toMatchObject({ items: [{ id, state: 'revoked' }] })
  })

  test('goes on for an answer that has begun when it is revoked', async () => {
    const { vendor, gateway } = running
    const { id, key } = await createKey({ name: 'in the middle' })
    const number = vendor.seen.length
    vendor.enqueue(stream({ events: [1, 1], pace: { kind: 'driven' } }))
    vendor.next(number)
    const answer = await gateway.ask('/v1/chat/completions', { key, body: { ...HELLO, model: 'm-1', stream: true } })
    await api('POST', `/keys/${id}/revoke`, { body: {} })
    expect(await chat(key)).toBe(401)
    vendor.next(number, 5)
    expect(await answer.text()).toContain('[DONE]')
  })

  test('is for models, and a service token for the admin API: neither opens the other door', async () => {
    const { key } = await createKey({ name: 'wrong door' })
    expect((await api('GET', '/keys', { token: key })).status).toBe(401)
    expect(await chat(shared.token)).toBe(401)
  })

  test.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'x', models: [] }, 'models'],
    [{ name: 'x', models: 'demo/*' }, 'models'],
    [{ name: 'x', expiresInDays: 0 }, 'expiresInDays'],
    [{ name: 'x', expiresInDays: 1.5 }, 'expiresInDays'],
  ])('is not made of wrong input, which is told with its field: %j', async (body, field) => {
    const answer = await api('POST', '/keys', { body })
    expect([400, 422]).toContain(answer.status)
    expect(text(Reflect.get(Object(answer.body), 'error'), 'field')).toContain(field)
  })

  test('that does not exist is 404', async () => {
    expect((await api('GET', '/keys/000000000000')).status).toBe(404)
    for (const change of ['rotate', 'revoke'])
      expect((await api('POST', `/keys/000000000000/${change}`, { body: {} })).status).toBe(404)
  })

  test('leaves a line in the audit log for every change, and no secret in it', async () => {
    const { id, key } = await createKey({ name: 'audited' })
    const second = text((await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 2 } })).body, 'key')
    await api('POST', `/keys/${id}/rotate`, { body: { overlapHours: 2 } })
    await api('POST', `/keys/${id}/revoke`, { body: {} })
    const { body } = await api('GET', `/audit?target=${id}`)
    expect(body).toMatchObject({
      items: [
        { action: 'keys.revoke', target: id, administrator: 'Ada', outcome: 'done', ip: '127.0.0.1' },
        { action: 'keys.rotate', target: id, outcome: 'conflict', result: null },
        { action: 'keys.rotate', target: id, outcome: 'done', input: { overlapHours: 2 } },
        { action: 'keys.create', target: id, outcome: 'done', input: { name: 'audited' } },
      ],
      next: null,
    })
    const everything = JSON.stringify((await api('GET', '/audit?limit=200')).body) + running.gateway.logs()
    for (const secret of [key, second, shared.token]) expect(everything).not.toContain(secretOf(secret))
  })
})

describe('with the command, a key', () => {
  test('is made, listed, shown, rotated and revoked', async () => {
    const made = await sekisho('keys', 'create', '--name', 'from the shell', '--models', 'demo/*', '--models', 'm-1')
    expect(made.code).toBe(0)
    const [first = ''] = /sek_\w+/.exec(made.out) ?? []
    const [, id = ''] = first.split('_')
    expect(made.err).toContain('shown this once')
    expect([await chat(first), await chat(first, { model: 'm-1' }), await chat(first, { model: 'org/m-2' })]).toEqual([
      200, 200, 403,
    ])

    const listed = await sekisho('keys', 'list', '--json')
    expect(JSON.parse(listed.out)).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ id })]) })
    expect((await sekisho('keys', 'show', id)).out).toMatch(/name +from the shell\n/)

    const rotated = await sekisho('keys', 'rotate', id, '--overlap-hours', '1', '--json')
    const second = text(JSON.parse(rotated.out), 'key')
    expect([await chat(first), await chat(second)]).toEqual([200, 200])

    expect((await sekisho('keys', 'revoke', id)).out).toMatch(/state +revoked/)
    expect([await chat(first), await chat(second)]).toEqual([401, 401])
    const audit = await sekisho('audit', 'list', '--target', id)
    for (const action of ['keys.create', 'keys.rotate', 'keys.revoke']) expect(audit.out).toContain(action)
    for (const { out, err } of [listed, audit]) expect(out + err).not.toContain(secretOf(first))
  })

  test('is refused in a sentence and with an exit code: no token, a wrong one, a wrong id, nobody there', async () => {
    const url = running.gateway.url
    expect(await run(['keys', 'list'], { SEKISHO_URL: url })).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('SEKISHO_TOKEN'),
    })
    expect(await run(['keys', 'list'], { SEKISHO_URL: url, SEKISHO_TOKEN: 'svc_x' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('Invalid credential'),
    })
    expect(await sekisho('keys', 'revoke', '000000000000')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no key'),
    })
    const nobody = { SEKISHO_URL: 'http://127.0.0.1:1', SEKISHO_TOKEN: shared.token }
    expect(await run(['keys', 'list'], nobody)).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing answers'),
    })
  })
})

const HELLO = { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hello' }] }

/** The status of a small chat with this key. */
async function chat(
  key: string,
  { gateway = running.gateway, model = HELLO.model }: { gateway?: Gateway | undefined; model?: string } = {},
): Promise<number> {
  const answer = await gateway.ask('/v1/chat/completions', { key, body: { ...HELLO, model } })
  await answer.bytes()
  return answer.status
}

/** A call of the admin API, as the administrator unless another token is given. */
async function api(
  method: 'GET' | 'POST',
  path: string,
  { token = shared.token, body }: { token?: string; body?: object } = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await send(`${running.gateway.url}/api${path}`, {
    method,
    headers: [['authorization', `Bearer ${token}`]],
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, body: await answer.json() }
}

async function createKey(input: object): Promise<{ readonly id: string; readonly key: string }> {
  const { status, body } = await api('POST', '/keys', { body: input })
  expect(status).toBe(200)
  return { id: text(body, 'id'), key: text(body, 'key') }
}

/** The real command in a process of its own, as the administrator. */
const sekisho = (...words: readonly string[]) =>
  run(words, { SEKISHO_URL: running.gateway.url, SEKISHO_TOKEN: shared.token })

function run(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const command = fileURLToPath(new URL('../bin/sekisho.mjs', import.meta.url))
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [command, ...words], { env, timeout: COMMAND_MS_MAX }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

const COMMAND_MS_MAX = 20_000

/** The secret part of a key or token: the only one that must not be seen again. */
const secretOf = (key: string): string => key.split('_')[2] ?? key

function text(body: unknown, field: string): string {
  const value: unknown = Reflect.get(Object(body), field)
  if (typeof value !== 'string') throw new Error(`no text ${field} in ${JSON.stringify(body)}`)
  return value
}

async function inDatabase(sql: string): Promise<void> {
  const connection = new pg.Client(shared.databaseUrl)
  await connection.connect()
  await connection.query(sql)
  await connection.end()
}
