import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { actions } from '../../core/admin/index.ts'
import { send } from '../../e2e/kit/client.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'

describe('what comes from outside the admin API', () => {
  const postgres = withPostgres()
  const started: { plane?: TestPlane; token?: string } = {}
  beforeAll(async () => {
    started.plane = await startPlane(await postgres.freshDatabase())
    started.token = await administrator(started.plane)
  })
  afterAll(() => started.plane?.close())
  const plane = (): TestPlane => {
    if (started.plane === undefined) throw new Error('not started')
    return started.plane
  }
  const call = (...[path, options]: Parameters<TestPlane['call']>) =>
    plane().call(path, started.token === undefined ? options : { token: started.token, ...options })

  test('every bad credential gets the same answer, and no text of it reaches the SQL', async () => {
    const { json } = await call('/api/service-tokens', { body: { administrator: 'Grace' } })
    await call(`/api/service-tokens/${textAt(json, 'id')}/revoke`, { body: {} })
    const expired = textAt(
      (await call('/api/service-tokens', { body: { administrator: 'Old', expiresInDays: 1 } })).json,
      'token',
    )
    await plane().sql.control.query(
      'UPDATE service_tokens SET expires_at = to_timestamp(0) WHERE expires_at IS NOT NULL',
    )
    const key = textAt((await call('/api/keys', { body: { name: 'a key is no service token' } })).json, 'key')
    const valid = started.token ?? ''
    const bad = [
      '',
      'x',
      textAt(json, 'token'),
      expired,
      key,
      valid.slice(0, -1),
      `${valid}0`,
      valid.toUpperCase(),
      await plane().setupToken(),
      "' or 1=1 --",
      "'; drop table keys; --",
      '%27%20or%20sleep(5)',
      '\\',
      '__proto__',
    ]
    const query = vi.spyOn(pg.Client.prototype, 'query')
    const answers = []
    try {
      for (const token of bad) answers.push(await plane().call('/api/keys', { token }))
      const texts = new Set(
        query.mock.calls.map(([asked]) =>
          JSON.stringify(typeof asked === 'object' && asked !== null ? Reflect.get(asked, 'text') : asked),
        ),
      )
      expect([...texts].filter((text) => text.includes('service_tokens'))).toHaveLength(1)
    } finally {
      query.mockRestore()
    }
    answers.push(
      await plane().call('/api/keys'),
      await plane().call('/api/keys', { headers: { authorization: 'Basic abc' } }),
    )
    for (const { status, json: body, headers } of answers) {
      expect(status).toBe(401)
      expect(headers.get('www-authenticate')).toBe('Bearer')
      expect(body).toEqual({
        error: { code: 'unauthorized', message: 'Invalid credential', requestId: expect.any(String) },
      })
    }
  })

  test('the credential counts in the Authorization header only', async () => {
    const token = started.token ?? ''
    for (const headers of [{ 'x-api-key': token }, { cookie: `token=${token}` }, { 'api-key': token }]) {
      expect(await plane().call('/api/keys', { headers })).toMatchObject({
        status: 401,
      })
    }
    expect(await plane().call(`/api/keys?token=${token}`)).toMatchObject({ status: 401 })
  })

  test.each([
    [{ name: 'a', admin: true }, 'admin'],
    [{ name: 'a', id: 'AAAAAAAAAAAA' }, 'id'],
    [{ name: 'a', created_by: 'x' }, 'created_by'],
    ['{"name":"a","constructor":1}', 'constructor'],
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: '   ' }, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'a\u001b[31m' }, 'name'],
    ['{"name":"\\ud800"}', 'name'],
    [{ name: 'a', models: [] }, 'models'],
    [{ name: 'a', models: ['x', ''] }, 'models[1]'],
    [{ name: 'a', models: 'demo/*' }, 'models'],
    [{ name: 'a', expiresInDays: 0 }, 'expiresInDays'],
    [{ name: 'a', expiresInDays: 1.5 }, 'expiresInDays'],
    [{ name: 'a', expiresInDays: '7' }, 'expiresInDays'],
  ])('%j is refused with 400 and the field %s', async (body, field) => {
    expect(await call('/api/keys', { body })).toMatchObject({
      status: 400,
      json: { error: { code: 'bad_request', field } },
    })
  })

  test('a field of the path cannot be given by the body as well', async () => {
    const { json } = await call('/api/keys', { body: { name: 'a' } })
    const answer = await call(`/api/keys/${textAt(json, 'id')}/rotate`, { body: { id: 'AAAAAAAAAAAA' } })
    expect(answer).toMatchObject({ status: 400, json: { error: { field: 'id' } } })
  })

  test.each([
    '{"__proto__":{"name":"x"},"name":"a"}',
    '{"name":"a","constructor":{"prototype":{"polluted":1}}}',
    '{',
    '[]',
    'null',
    '"text"',
    '[{"name":"a"}]',
  ])('the body %s is refused and changes no prototype', async (body) => {
    expect(await call('/api/keys', { body })).toMatchObject({ status: 400, json: { error: { code: 'bad_request' } } })
    expect({}).not.toHaveProperty('polluted')
    expect({}).not.toHaveProperty('name')
  })

  test('__proto__ in a query is no field', async () => {
    expect(await call('/api/keys?__proto__=x&limit=1')).toMatchObject({
      status: 400,
      json: { error: { field: '__proto__' } },
    })
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'text/json',
    'application/json\t+x',
    'application/xml',
  ])('a body of type %j is refused with 415', async (type) => {
    expect(await call('/api/keys', { body: '{"name":"a"}', headers: { 'content-type': type } })).toMatchObject({
      status: 415,
      json: { error: { code: 'unsupported_media_type' } },
    })
  })

  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
  ])('a body of type %j is read and checked', async (type) => {
    const headers = { 'content-type': type }
    expect(await call('/api/keys', { body: '{"name":"a"}', headers })).toMatchObject({ status: 200 })
    expect(await call('/api/keys', { body: '{"name":"a","x":1}', headers })).toMatchObject({
      status: 400,
      json: { error: { field: 'x' } },
    })
  })

  test('a body above 64 KiB is refused with 413', async () => {
    const body = JSON.stringify({ name: 'x'.repeat(65_536) })
    expect(await call('/api/keys', { body })).toMatchObject({
      status: 413,
      json: { error: { code: 'body_too_large' } },
    })
  })

  test('a stranger is refused before the body has come', async () => {
    const headers = [
      ['content-type', 'application/json'],
      ['content-length', '60000'],
    ] as const
    const answer = await send(`${plane().url}/api/keys`, { method: 'POST', headers, body: '{"name":' })
    expect(answer.status).toBe(401)
    expect(answer.header('connection')).toBe('close')
    answer.abort()
  })

  test('an unknown path is 404, a wrong method 405 with the right one', async () => {
    for (const path of [
      '/',
      '/api/',
      '/api/nothing',
      '/api/keys/AAAAAAAAAAAA/nothing',
      '/favicon.ico',
      `/api/keys/${'a'.repeat(300)}`,
    ]) {
      expect(await call(path)).toMatchObject({ status: 404, json: { error: { code: 'not_found' } } })
    }
    expect(await call('/api/keys/%zz')).toMatchObject({ status: 400 })
    const wrong = await call('/api/keys/AAAAAAAAAAAA/revoke', { method: 'GET' })
    expect(wrong).toMatchObject({ status: 405, json: { error: { code: 'method_not_allowed' } } })
    expect(wrong.headers.get('allow')).toBe('POST')
    expect(await call('/api/keys', { method: 'DELETE' })).toMatchObject({ status: 405 })
  })

  test('every answer, good or bad, carries the security headers and a request id', async () => {
    const answers = [
      await call('/api/keys'),
      await plane().call('/api/keys'),
      await call('/'),
      await call('/api/nothing'),
      await call('/api/openapi.json'),
      await call('/api/keys', { headers: { origin: 'https://evil.example' } }),
    ]
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
    }
    expect(answers[0]?.headers.get('x-sekisho-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('a page of another site is refused whatever it carries', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await call('/api/keys', { body: { name: 'forged' }, headers })
      expect(answer).toMatchObject({ status: 403, json: { error: { code: 'forbidden' } } })
    }
    expect(await call('/api/keys', { headers: { origin: plane().url } })).toMatchObject({ status: 200 })
  })

  test('the OpenAPI document has every action, its input and its output, and needs no credential', async () => {
    const { status, json } = await plane().call('/api/openapi.json')
    expect(status).toBe(200)
    const document = json as {
      openapi: string
      info: object
      paths: { [path: string]: { [method: string]: Operation } }
    }
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      actions.map(({ name }) => name).toSorted(),
    )
    const streaming = actions.filter(({ streams }) => streams === true).map(({ name }) => name)
    for (const { operationId, responses, summary, security } of operations) {
      expect(summary).toMatch(/\.$/)
      expect(security).toEqual([{ bearer: [] }])
      expect(responses).toMatchObject({
        200: streaming.includes(operationId)
          ? { content: { 'text/csv': { schema: { type: 'string' } } } }
          : { content: { 'application/json': { schema: { type: 'object' } } } },
        default: {},
      })
    }
    const rotate = document.paths['/api/keys/{id}/rotate']?.['post']
    expect(rotate).toMatchObject({
      parameters: [{ in: 'path', name: 'id', required: true }],
      requestBody: {
        content: {
          'application/json': {
            schema: { properties: { overlapHours: { maximum: 168, default: 24 } }, additionalProperties: false },
          },
        },
      },
    })
    const list = document.paths['/api/keys']?.['get']
    expect(list?.parameters?.map(({ name }) => name)).toEqual(['organisation', 'state', 'limit', 'cursor'])
    // Nothing points to a place that is not there.
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? []
    expect(references).toEqual([])
  })

  test('no log line carries a secret, also when things fail', async () => {
    const secrets = [started.token ?? '', await plane().setupToken()]
    const made = await call('/api/keys', { body: { name: 'canary' } })
    const rotated = await call(`/api/keys/${textAt(made.json, 'id')}/rotate`, { body: {} })
    secrets.push(textAt(made.json, 'key'), textAt(rotated.json, 'key'))
    for (const secret of secrets) {
      await plane().call('/api/keys', { token: secret, headers: { cookie: secret, 'user-agent': secret } })
      await call(`/api/keys/${secret}?${secret}=${secret}`)
      await call('/api/keys', { body: { name: 'x', [secret]: secret } })
      await call('/api/keys', { body: `{"name":"${secret}` })
      await plane().call('/api/setup/administrator', { token: secret, body: { name: 'x' } })
    }
    await plane().sql.control.query('ALTER TABLE keys RENAME TO keys_away')
    try {
      expect(await call('/api/keys')).toMatchObject({
        status: 500,
        json: { error: { code: 'internal', message: 'The gateway failed to handle this request' } },
      })
      expect(await call('/api/keys', { body: { name: secrets[0] } })).toMatchObject({ status: 500 })
    } finally {
      await plane().sql.control.query('ALTER TABLE keys_away RENAME TO keys')
    }
    const log = JSON.stringify(plane().lines)
    expect(plane().lines.some(({ level }) => level === 'error')).toBe(true)
    for (const secret of secrets) {
      const [, , random = ''] = secret.split('_')
      for (let at = 0; at + 8 <= random.length; at++) expect(log).not.toContain(random.slice(at, at + 8))
    }
  })
})

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security: unknown
  readonly responses: unknown
  readonly parameters?: readonly { readonly name: string }[]
}
