import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { ID_BYTES, makeId, makeKey, SECRET_BYTES } from '../core/key.ts'
import { openConnection, send, type RawRequest, type RawResponse } from './kit/client.ts'
import { withPostgres } from './kit/postgres.ts'
import { jsonOf } from './kit/vendor-truth.ts'
import { waitUntil, within } from './kit/wait.ts'
import { withGateway } from './kit/with-gateway.ts'

/** What a client can do wrong, by mistake or on purpose, each through the real socket. */

const BODY_BYTES_MAX = 1_048_576
const PARSED_BYTES_MAX = 65_536
const CHAT = '/v1/chat/completions'
const ORIGIN = 'https://app.example'

const postgres = withPostgres()
const database = { url: '' }
const running = withGateway({
  config: {
    listen: { corsOrigins: [ORIGIN] },
    limits: { bodyBytesMax: BODY_BYTES_MAX, jsonKeysMax: 1_000 },
  },
  databaseUrl: async () => {
    database.url = await postgres.freshDatabase()
    return database.url
  },
})

const keys = { good: '', demoOnly: '', revoked: '', expired: '' }
beforeAll(async () => {
  const { gateway } = running
  keys.good = await gateway.anyModelKey()
  keys.demoOnly = (await gateway.createKey({ name: 'demo only', models: ['demo/*'] })).key
  const revoked = await gateway.createKey({ name: 'to be revoked' })
  await gateway.admin('POST', `/keys/${revoked.id}/revoke`, {})
  const expired = await gateway.createKey({ name: 'to be expired', expiresInDays: 1 })
  await inDatabase(`UPDATE keys SET expires_at = now() - interval '1 second' WHERE id = '${expired.id}'`)
  Object.assign(keys, { revoked: revoked.key, expired: expired.key })
  await waitUntil('the key to have expired', async () => (await chat({ key: expired.key })).status === 401)
})

describe('a bad credential', () => {
  const unknown = makeKey({ kind: 'sek', id: makeId(randomBytes(ID_BYTES)) }, randomBytes(SECRET_BYTES))
  const bad: readonly (readonly [string, () => RawRequest['headers']])[] = [
    ['none', () => []],
    ['an empty one', () => [['authorization', 'Bearer ']]],
    ['another scheme', () => [['authorization', `Basic ${Buffer.from(`u:${keys.good}`).toString('base64')}`]]],
    ['a malformed key', () => [['authorization', 'Bearer sek_short']]],
    ['a key with a wrong checksum', () => [['authorization', `Bearer ${unknown.slice(0, -1)}_`]]],
    ['a very long key', () => [['x-api-key', 'k'.repeat(8_000)]]],
    ['a well-formed key that nobody knows', () => [['authorization', `Bearer ${unknown}`]]],
    ['a key with a space inside', () => [['x-api-key', keys.good.replace('_', ' ')]]],
    ['a key in small letters', () => [['x-api-key', keys.good.toLowerCase()]]],
    ['a revoked key', () => [['authorization', `Bearer ${keys.revoked}`]]],
    ['an expired key', () => [['authorization', `Bearer ${keys.expired}`]]],
    ['the setup token', () => [['authorization', `Bearer ${running.gateway.setupToken}`]]],
  ]

  test('of whatever kind gets one and the same answer, byte for byte', async () => {
    const before = running.vendor.seen.length
    const answers = []
    for (const [what, headers] of bad) {
      for (const path of [CHAT, '/v1/models', '/v1/models/m-1']) {
        const answer = await send(running.gateway.url + path, {
          headers: headers() ?? [],
          ...(path === CHAT ? { body: HELLO } : {}),
        })
        answers.push({ what, path, status: answer.status, headers: withoutIds(answer), body: await answer.text() })
      }
    }
    for (const path of [CHAT, '/v1/models', '/v1/models/m-1']) {
      const [first, ...others] = answers.filter((answer) => answer.path === path)
      expect(first?.status).toBe(401)
      expect(JSON.parse(first?.body ?? '')).toEqual({
        error: { message: 'Invalid API key', type: 'authentication_error', param: null, code: 'invalid_api_key' },
      })
      for (const other of others) expect({ ...other, what: '' }).toEqual({ ...first, what: '' })
    }
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect(running.vendor.seen.length).toBe(before)
  })

  test('is told before the body is read', async () => {
    const connection = await openConnection(running.gateway.url)
    connection.write(head('POST', CHAT, ['authorization: Bearer sek_nobody', 'content-length: 1000']))
    const answer = await connection.response()
    expect(answer.status).toBe(401)
    expect(answer.header('connection')).toBe('close')
    await answer.bytes()
    expect(answer.ending).toBe('complete')
  })

  test('that differs from another one in the same request is refused, equal ones are one', async () => {
    const { gateway } = running
    const two = (...headers: (readonly [string, string])[]) => send(gateway.url + CHAT, { headers, body: HELLO })
    const refused = await two(['authorization', `Bearer ${keys.good}`], ['x-api-key', keys.demoOnly])
    expect(refused.status).toBe(400)
    expect(await errorOf(refused)).toMatchObject({ code: 'ambiguous_credentials' })
    expect((await two(['x-goog-api-key', keys.good], ['api-key', 'sek_nobody'])).status).toBe(400)
    expect((await two(['authorization', `Bearer ${keys.good}`], ['api-key', keys.good])).status).toBe(200)
  })

  test.each(['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'])(
    'beside a good one in a second %s is refused',
    async (name) => {
      const secret = (key: string) => (name === 'authorization' ? `Bearer ${key}` : key)
      for (const [first, second] of [
        [keys.good, keys.demoOnly],
        [keys.good, 'sek_nobody'],
        ['sek_nobody', keys.good],
      ] as const) {
        const answer = await send(running.gateway.url + CHAT, {
          headers: [
            [name, secret(first)],
            [name, secret(second)],
          ],
          body: HELLO,
        })
        expect([400, 401]).toContain(answer.status)
      }
    },
  )
})

test.each([
  ['authorization', 'Bearer '],
  ['Authorization', 'bearer '],
  ['x-api-key', ''],
  ['X-Goog-Api-Key', ''],
  ['api-key', ''],
])('a key is taken from %s: %s...', async (name, prefix) => {
  const answer = await send(running.gateway.url + CHAT, { headers: [[name, prefix + keys.good]], body: HELLO })
  expect(answer.status).toBe(200)
})

describe('a model', () => {
  test.each([
    'nothing',
    'fault',
    'fault/',
    '/m-1',
    'demo/m-1',
    'M-1',
    ' m-1',
    'm-1\n',
    '\ud800',
    '__proto__',
    'constructor',
    '../m-1',
  ])('that does not exist is 404 model_not_found: %j', async (model) => {
    const answer = await chat({ body: { ...HELLO, model } })
    expect(answer.status).toBe(404)
    expect(await errorOf(answer)).toMatchObject({
      code: 'model_not_found',
      param: 'model',
      type: 'invalid_request_error',
    })
  })

  test('that the key may not use is 403, by whichever name it is asked for', async () => {
    for (const model of ['m-1', 'fault/m-1', 'org/m-2', 'fault/anything', 'gpt-4o']) {
      const answer = await chat({ key: keys.demoOnly, body: { ...HELLO, model } })
      expect(answer.status).toBe(403)
      expect(await errorOf(answer)).toMatchObject({
        code: 'model_not_allowed',
        param: 'model',
        type: 'permission_error',
      })
    }
    expect((await chat({ key: keys.demoOnly, body: { ...HELLO, model: 'demo-chat' } })).status).toBe(200)
  })

  test('that does not serve the endpoint is 400 with the field', async () => {
    expect(await errorOf(await chat({ body: { ...HELLO, model: 'demo-embed' } }))).toMatchObject({ param: 'model' })
  })
})

describe('a body', () => {
  const messages = '"messages":[{"role":"user","content":"hi"}]'
  const good = `{"model":"m-1",${messages}}`
  const padding = `"pad":"${'x'.repeat(PARSED_BYTES_MAX)}"`
  const nested = (depth: number) => `{"model":"m-1",${messages},"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`
  const keyed = (count: number) => {
    const entries = Array.from({ length: count }, (_, index) => `"k${index}":{"a":1}`)
    return `{"model":"m-1",${messages},${entries.join(',')}}`
  }

  test.each<readonly [string, string, string | null]>([
    ['nothing', '', null],
    ['a word', 'hello', null],
    ['null', 'null', null],
    ['a list', '[]', null],
    ['a text', '"m-1"', null],
    ['a form', 'model=m-1', null],
    ['an object that does not end', good.slice(0, -1), null],
    ['an object and more', `${good}{}`, null],
    ['a comma too many', `{"model":"m-1",${messages},}`, null],
    ['a comma too few', `{"model":"m-1"${messages}}`, null],
    ['single quotes', "{'model':'m-1'}", null],
    ['a key without quotes', `{model:"m-1",${messages}}`, null],
    ['brackets that do not match', `{"model":"m-1","messages":[}]}`, null],
    ['NaN', `{"model":"m-1",${messages},"temperature":NaN}`, null],
    ['a comment', `{/* */"model":"m-1",${messages}}`, null],
    ['a control character in a text', `{"model":"m-1",${messages},"a":"\u0001"}`, null],
    ['a byte order mark', `\ufeff${good}`, null],
    ['no model', `{${messages}}`, 'model'],
    ['a model of null', `{"model":null,${messages}}`, 'model'],
    ['a number as model', `{"model":7,${messages}}`, 'model'],
    ['an object as model', `{"model":{"name":"m-1"},${messages}}`, 'model'],
    ['an empty model', `{"model":"",${messages}}`, 'model'],
    ['a very long model', `{"model":"${'m'.repeat(257)}",${messages}}`, 'model'],
    ['a text as stream', `{"model":"m-1","stream":"true",${messages}}`, 'stream'],
    ['a number as stream', `{"model":"m-1","stream":1,${messages}}`, 'stream'],
    ['a list as stream_options', `{"model":"m-1","stream":true,"stream_options":[],${messages}}`, 'stream_options'],
    ['no messages', '{"model":"m-1"}', 'messages'],
    ['a text as messages', '{"model":"m-1","messages":"hi"}', 'messages'],
    ['a text as a message', '{"model":"m-1","messages":["hi"]}', 'messages[0]'],
    ['a message without a role', '{"model":"m-1","messages":[{"role":"user"},{"content":"x"}]}', 'messages[1].role'],
    ['only a model inside __proto__', `{"__proto__":{"model":"m-1"},${messages}}`, 'model'],
  ])('with %s is 400, with the field that is wrong', async (_, body, param) => {
    await refused(body, { param })
  })

  test.each<readonly [string, string, string]>([
    ['completions', '{"model":"m-1","prompt":{}}', 'prompt'],
    ['embeddings', '{"model":"m-1"}', 'input'],
    ['embeddings', '{"model":"m-1","input":5}', 'input'],
  ])('of the wrong shape for %s is 400 with the field: %s', async (path, body, param) => {
    await refused(body, { param, path: `/v1/${path}` })
  })

  test('that is not UTF-8 is 400', async () => {
    const [before = '', after = ''] = good.split('hi')
    await refused(Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from(after)]), { param: null })
    await refused(Buffer.concat([Buffer.from(before), Buffer.from([0xc0, 0x80]), Buffer.from(after)]), { param: null })
  })

  describe.each([
    ['a small body', ''],
    ['a body above 64 KB', `${padding},`],
  ])('in %s', (_, pad) => {
    test.each([
      ['model', `{${pad}"model":"demo-chat",${messages},"model":"m-1"}`],
      ['model', `{"model":"demo-chat",${pad}${messages},"mod\\u0065l":"m-1"}`],
      ['model', `{"\\u006d\\u006f\\u0064\\u0065\\u006c":"demo-chat",${messages},${pad}"model":"m-1"}`],
      ['stream', `{"model":"m-1","stream":false,${pad}${messages},"stream":true}`],
      ['stream', `{"model":"m-1","stream":false,${messages},${pad}"\\u0073tream":true}`],
      ['model', `{"model":"demo-chat",${messages},${pad}"Model":"m-1"}`],
      ['stream', `{"model":"m-1",${pad}${messages},"Stream":true}`],
    ])(
      'a second %s is refused, however it is written, and so is one that a lenient vendor would take for it',
      async (param, body) => {
        await refused(body, { param })
      },
    )

    test('the same word inside a value is no second model', async () => {
      const inside = `{${pad}"model":"m-1",${messages},"tools":[{"model":"x"}],"text":"\\",\\"model\\":\\"y\\""}`
      expect((await chat({ body: inside })).status).toBe(200)
    })

    test('an escaped key alone is the key', async () => {
      const body = `{${pad}"mod\\u0065l":"m-\\u0031",${messages}}`
      expect((await chat({ body })).status).toBe(200)
      expect(running.vendor.seen.at(-1)?.body.toString()).toBe(body)
    })

    test('no model, and wrong types of what the gateway reads, are 400 with the field', async () => {
      await refused(`{${pad}${messages}}`, { param: 'model' })
      await refused(`{${pad}"model":["m-1"],${messages}}`, { param: 'model' })
      await refused(`{${pad}"model":"m-1","stream":"no",${messages}}`, { param: 'stream' })
    })

    test('an object that does not end, or goes on behind its end, is 400', async () => {
      await refused(`{${pad}"model":"m-1",${messages}`, { param: null })
      await refused(`{${pad}"model":"m-1",${messages}} {}`, { param: null })
    })
  })

  test.each([
    ['nested too deeply', nested(64)],
    ['nested a million deep', `{"a":${'['.repeat(900_000)}`],
    ['with too many keys', keyed(600)],
  ])('that is %s is 400', async (_, body) => {
    await refused(body, { param: null })
  })

  test('up to the caps is taken', async () => {
    expect((await chat({ body: nested(63) })).status).toBe(200)
    expect((await chat({ body: keyed(400) })).status).toBe(200)
  })

  test('__proto__ and constructor are fields like any other, and headers too', async () => {
    const body = `{"model":"m-1",${messages},"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}`
    const answer = await chat({
      body,
      headers: [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    })
    expect(answer.status).toBe(200)
    expect(running.vendor.seen.at(-1)?.body.toString()).toBe(body)
  })

  /** Sends a body and expects the refusal of it; the vendor hears nothing. */
  async function refused(body: string | Buffer, { param, path = CHAT }: { param: string | null; path?: string }) {
    const before = running.vendor.seen.length
    const answer = await send(running.gateway.url + path, { method: 'POST', headers: bearer(keys.good), body })
    expect(answer.status).toBe(400)
    expect(await errorOf(answer)).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request', param })
    expect(running.vendor.seen.length).toBe(before)
  }
})

describe('a body that is too large', () => {
  test('is 413 as soon as its length is declared', async () => {
    const connection = await openConnection(running.gateway.url)
    connection.write(
      head('POST', CHAT, [`authorization: Bearer ${keys.good}`, `content-length: ${BODY_BYTES_MAX + 1}`]),
    )
    await tooLarge(await connection.response())
  })

  test('is 413 when it grows beyond the limit without having said so', async () => {
    const connection = await openConnection(running.gateway.url)
    connection.write(head('POST', CHAT, [`authorization: Bearer ${keys.good}`, 'transfer-encoding: chunked']))
    const piece = chunk('{"a":"'.padEnd(65_536, 'a'))
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += 65_536) connection.write(piece)
    await tooLarge(await connection.response())
  })

  test.each(['content-length', 'transfer-encoding'])(
    'is 413 also to a client that first sends all of it (%s)',
    async (framing) => {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(16 * BODY_BYTES_MAX, 'a')])
      const connection = await openConnection(running.gateway.url)
      const isChunked = framing === 'transfer-encoding'
      const header = isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`
      connection.write(head('POST', CHAT, [`authorization: Bearer ${keys.good}`, header]))
      connection.write(isChunked ? chunk(body) : body)
      await tooLarge(await connection.response())
    },
  )

  test('is not taken for ever after it was refused: a client that never stops sending is cut off', async () => {
    const { port } = new URL(running.gateway.url)
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const got: Buffer[] = []
    socket.on('data', (bytes) => got.push(bytes)).on('error', () => {})
    const piece = Buffer.alloc(BODY_BYTES_MAX)
    const goOn = (error?: Error | null) => void (error ?? socket.write(piece, goOn))
    socket.write(head('POST', CHAT, [`authorization: Bearer ${keys.good}`, 'content-length: 999999999999']))
    goOn()
    await within('the connection to be cut off', closed)
    expect(Buffer.concat(got).toString()).toContain('body_too_large')
    expect(socket.bytesWritten).toBeGreaterThan(16 * BODY_BYTES_MAX)
  })

  test('at the limit is taken', async () => {
    const body = JSON.stringify({ ...HELLO, pad: '' })
    const answer = await chat({ body: JSON.stringify({ ...HELLO, pad: 'x'.repeat(BODY_BYTES_MAX - body.length) }) })
    expect(answer.status).toBe(200)
    expect(running.vendor.seen.at(-1)?.body.length).toBe(BODY_BYTES_MAX)
  })

  async function tooLarge(answer: RawResponse): Promise<void> {
    expect(answer.status).toBe(413)
    expect(answer.header('connection')).toBe('close')
    expect(await errorOf(answer)).toMatchObject({ code: 'body_too_large', type: 'invalid_request_error' })
    expect(answer.ending).toBe('complete')
  }
})

test.each(['compress', 'deflate, gzip', 'gzip, gzip', 'nothing'])(
  'a body in content-encoding %s is 415',
  async (encoding) => {
    const answer = await chat({ headers: [['content-encoding', encoding]] })
    expect(answer.status).toBe(415)
    expect(await errorOf(answer)).toMatchObject({ code: 'unsupported_media_type' })
  },
)

describe('a compressed body', () => {
  const encoders = {
    gzip: gzipSync,
    GZIP: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  }

  test.each(Object.entries(encoders))('in %s is read, and goes on as it was before', async (encoding, encode) => {
    const { vendor } = running
    const text = JSON.stringify({ ...HELLO, pad: 'x'.repeat(100_000) })
    const answer = await chat({ headers: [['content-encoding', encoding]], body: encode(Buffer.from(text)) })
    expect(answer.status).toBe(200)
    await answer.bytes()
    const seen = vendor.seen.at(-1)
    expect(seen?.body.toString()).toBe(text)
    expect(seen?.headers.map(([name]) => name.toLowerCase())).not.toContain('content-encoding')
  })

  test.each(['gzip', 'deflate', 'br', 'zstd'])('that is no %s is 400', async (encoding) => {
    const answer = await chat({ headers: [['content-encoding', encoding]], body: JSON.stringify(HELLO) })
    expect(answer.status).toBe(400)
    expect(await errorOf(answer)).toMatchObject({ code: 'invalid_request' })
  })

  test('that ends too early is 400', async () => {
    const whole = gzipSync(JSON.stringify(HELLO))
    const answer = await chat({ headers: [['content-encoding', 'gzip']], body: whole.subarray(0, whole.length - 9) })
    expect(answer.status).toBe(400)
  })

  test('that grows beyond the limit is 413, however small it came', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_048_576, ' '))
    const answer = await chat({ headers: [['content-encoding', 'gzip']], body: bomb })
    expect(answer.status).toBe(413)
    expect(await errorOf(answer)).toMatchObject({ code: 'body_too_large' })
  })
})

describe('a method', () => {
  test.each([
    ['GET', CHAT, 'POST'],
    ['PUT', CHAT, 'POST'],
    ['DELETE', '/v1/completions', 'POST'],
    ['PATCH', '/openai/v1/embeddings', 'POST'],
    ['OPTIONS', CHAT, 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['DELETE', '/v1/models/m-1', 'GET, HEAD'],
    ['DELETE', '/openai/v1/models/org/m-2', 'GET, HEAD'],
  ])('that is not served: %s %s is 405 and says %s', async (method, path, allowed) => {
    const answer = await send(running.gateway.url + path, { method, headers: bearer(keys.good) })
    expect(answer.status).toBe(405)
    expect(answer.header('allow')).toBe(allowed)
    expect(await errorOf(answer)).toMatchObject({ code: 'method_not_allowed' })
  })

  test('HEAD answers like GET, without a body; where only POST is served it is 405', async () => {
    const { url } = running.gateway
    for (const path of ['/v1/models', '/v1/models/org/m-2', '/livez', '/readyz', '/metrics']) {
      const get = await send(url + path, { headers: bearer(keys.good) })
      const answer = await send(url + path, { method: 'HEAD', headers: bearer(keys.good) })
      expect(answer.status).toBe(200)
      expect(answer.header('content-type')).toBe(get.header('content-type'))
      expect((await answer.bytes()).length).toBe(0)
      expect(Number(answer.header('content-length'))).toBeGreaterThan(0)
    }
    const refused = await send(url + CHAT, { method: 'HEAD', headers: bearer(keys.good) })
    expect(refused.status).toBe(405)
    expect((await refused.bytes()).length).toBe(0)
  })
})

test.each([
  '/v1',
  '/v1/',
  '/v1/nothing',
  '/v1/chat/completions/',
  '/v1/chat%2Fcompletions',
  '/v1//chat/completions',
  '/v1/CHAT/completions',
  '/v1/models/',
  '/openai/v1/nothing',
])('an unknown path is 404 in the same form: %s', async (path) => {
  const answer = await send(running.gateway.url + path, { headers: bearer(keys.good), body: HELLO })
  expect(answer.status).toBe(404)
  expect(await errorOf(answer)).toMatchObject({ code: 'not_found', type: 'invalid_request_error', param: null })
})

test('a query behind the path changes nothing', async () => {
  const answer = await running.gateway.ask(`${CHAT}?api-version=2026-01-01&x=/v1/models`, { body: HELLO })
  expect(answer.status).toBe(200)
})

describe('a body that does not come', () => {
  test.each([
    ['is torn off', (connection: Connection) => connection.close()],
    ['is ended by the client', (connection: Connection) => connection.socket.end()],
    ['is reset', (connection: Connection) => connection.socket.resetAndDestroy()],
  ])('as a whole because it %s: nothing is asked of the vendor and nothing stays open', async (_, end) => {
    const before = running.vendor.seen.length
    const connection = await openConnection(running.gateway.url)
    connection.write(head('POST', CHAT, [`authorization: Bearer ${keys.good}`, 'content-length: 1000']))
    connection.write('{"model":"m-1",')
    await openRequests(1)
    end(connection)
    await openRequests(0)
    connection.close()
    expect(running.vendor.seen.length).toBe(before)
    expect((await running.gateway.readyz()).status).toBe(200)
  })

  test('all at once: a slow one is taken as it comes, others are served meanwhile, and the vendor hears of it at its end', async () => {
    const before = running.vendor.seen.length
    const body = JSON.stringify({ ...HELLO, messages: [{ role: 'user', content: 'äöü — slowly' }] })
    const connection = await openConnection(running.gateway.url)
    const bytes = Buffer.from(body)
    connection.write(head('POST', CHAT, [`authorization: Bearer ${keys.good}`, `content-length: ${bytes.length}`]))
    for (let at = 0; at < bytes.length; at++) {
      expect(running.vendor.seen.length).toBe(before)
      connection.write(bytes.subarray(at, at + 1))
      // Another request between two bytes: the loop has looked at what was sent, and nobody else waits for it.
      await (await send(`${running.gateway.url}/livez`)).bytes()
    }
    const answer = await connection.response()
    expect(answer.status).toBe(200)
    expect(jsonOf(await running.vendor.waitFor((seen) => seen.number === before))).toEqual(JSON.parse(body))
    connection.close()
  })
})

describe('a browser', () => {
  const preflight = (origin: string) =>
    send(running.gateway.url + CHAT, {
      method: 'OPTIONS',
      headers: [
        ['origin', origin],
        ['access-control-request-method', 'POST'],
        ['access-control-request-headers', 'authorization, content-type'],
      ],
    })

  test('of a configured origin may ask, and read every answer', async () => {
    const may = await preflight(ORIGIN)
    expect(may.status).toBe(204)
    expect(may.header('access-control-allow-origin')).toBe(ORIGIN)
    expect(may.header('access-control-allow-methods')).toContain('POST')
    expect(may.header('access-control-allow-headers')).toBe('authorization, content-type')
    expect(may.header('access-control-allow-credentials')).toBeUndefined()
    const headers = [['origin', ORIGIN]] as const
    for (const answer of [
      await chat({ headers }),
      await chat({ headers, body: { ...HELLO, stream: true } }),
      await chat({ headers, body: { ...HELLO, model: 'nothing' } }),
      await chat({ headers, key: 'sek_nobody' }),
      await send(`${running.gateway.url}/v1/models`, { headers: [...bearer(keys.good), ...headers] }),
      await send(`${running.gateway.url}/v1/nothing`, { headers }),
    ]) {
      expect(answer.header('access-control-allow-origin')).toBe(ORIGIN)
      expect(answer.header('vary')?.toLowerCase()).toContain('origin')
      expect(answer.header('access-control-expose-headers')).toContain('x-request-id')
    }
  })

  test.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example.evil',
    'https://app.example:8443',
    'null',
  ])('of another origin gets no permission: %s', async (origin) => {
    for (const answer of [await preflight(origin), await chat({ headers: [['origin', origin]] })]) {
      const permissions = answer.headers.filter(([name]) => name.toLowerCase().startsWith('access-control-'))
      expect(permissions).toEqual([])
    }
  })

  test('of a configured origin has no way to the admin API or the metrics', async () => {
    for (const path of ['/api/keys', '/metrics', '/readyz']) {
      const answer = await send(running.gateway.url + path, { headers: [['origin', ORIGIN]] })
      expect(answer.header('access-control-allow-origin')).toBeUndefined()
    }
  })
})

test('every answer carries the fixed security headers and a request id, refusals too', async () => {
  for (const answer of [
    await chat({}),
    await chat({ key: 'sek_nobody' }),
    await chat({ body: '{' }),
    await running.gateway.ask('/v1/x', {}),
  ]) {
    expect(answer.header('x-content-type-options')).toBe('nosniff')
    expect(answer.header('cache-control')).toContain('no-store')
    expect(answer.header('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.header('x-sekisho-request-id')).toBe(answer.header('x-request-id'))
  }
})

describe('what stands behind a refused request on the same connection', () => {
  const smuggled = () =>
    `${head('POST', CHAT, [`authorization: Bearer ${keys.good}`, `content-length: ${SMUGGLED.length}`])}${SMUGGLED}`

  test.each<readonly [string, number, () => string]>([
    ['a bad key', 401, () => head('POST', CHAT, ['authorization: Bearer x', `content-length: ${smuggled().length}`])],
    ['no key, chunked', 401, () => head('POST', CHAT, ['transfer-encoding: chunked'])],
    ['an unknown path', 404, () => head('POST', '/v1/nothing', [`content-length: ${smuggled().length}`])],
    ['a wrong method', 405, () => head('PUT', CHAT, [`content-length: ${smuggled().length}`])],
    [
      'a body that is too large',
      413,
      () => head('POST', CHAT, [`authorization: Bearer ${keys.good}`, 'content-length: 999999999']),
    ],
    [
      'a body compressed in an unknown way',
      415,
      () =>
        head('POST', CHAT, [
          `authorization: Bearer ${keys.good}`,
          'content-encoding: compress',
          `content-length: ${smuggled().length}`,
        ]),
    ],
    ['a path of nobody', 404, () => head('POST', '/nothing', [`content-length: ${smuggled().length}`])],
    ['two lengths', 400, () => head('POST', CHAT, ['content-length: 0', `content-length: ${smuggled().length}`])],
    ['a length and chunks', 400, () => head('POST', CHAT, ['content-length: 5', 'transfer-encoding: chunked'])],
    ['something that is no HTTP', 400, () => 'HELLO\r\n\r\n'],
  ])('is never taken for the next one: %s (%i)', async (_, status, first) => {
    for (const pieces of [
      [first(), smuggled()],
      [first() + smuggled()],
      [first() + smuggled() + smuggled()],
      [first() + smuggled().slice(0, 20), smuggled().slice(20) + smuggled()],
    ]) {
      const before = running.vendor.seen.length
      const connection = await openConnection(running.gateway.url)
      for (const piece of pieces) connection.write(piece)
      const answer = await connection.response()
      expect(answer.status).toBe(status)
      // Later, too: whatever the connection still takes is answered by nobody.
      connection.write(smuggled())
      await answer.bytes()
      await expect(connection.response({ timeoutMs: 7_000 })).rejects.toThrow()
      connection.close()
      await (await chat({})).bytes()
      expect(running.vendor.seen.length).toBe(before + 1)
    }
  })

  test('the body of a GET is skipped, and an honest request behind it is served', async () => {
    const before = running.vendor.seen.length
    const connection = await openConnection(running.gateway.url)
    const get = head('GET', '/v1/models', [
      `authorization: Bearer ${keys.good}`,
      `content-length: ${smuggled().length}`,
    ])
    connection.write(get + smuggled() + smuggled())
    const listed = await connection.response()
    expect(await listed.json()).toMatchObject({ object: 'list' })
    const answer = await connection.response()
    expect(await answer.json()).toMatchObject({ object: 'chat.completion' })
    connection.close()
    expect(running.vendor.seen.length).toBe(before + 1)
  })

  test('a body that was refused after it had come to its end leaves the connection as it was', async () => {
    const connection = await openConnection(running.gateway.url)
    const bad = head('POST', CHAT, [`authorization: Bearer ${keys.good}`, 'content-length: 2'])
    connection.write(`${bad}{}${smuggled()}`)
    const refused = await connection.response()
    expect(refused.status).toBe(400)
    await refused.bytes()
    expect((await connection.response()).status).toBe(200)
    connection.close()
  })
})

test('headers that are too many or too long are refused, and the gateway goes on', async () => {
  const { url } = running.gateway
  const long = await send(`${url}/v1/models`, { headers: [...bearer(keys.good), ['x-long', 'a'.repeat(17_000)]] })
  expect(long.status).toBe(431)
  const many = Array.from({ length: 2_000 }, (_, index) => [`x-${index}`, '1'] as const)
  expect((await send(`${url}/v1/models`, { headers: many })).status).toBe(431)
  expect((await chat({})).status).toBe(200)
})

describe('while the database is away', () => {
  test('every credential is judged as before, because none is asked of it', async () => {
    await postgres.stop()
    try {
      for (const key of [
        keys.revoked,
        keys.expired,
        'sek_nobody',
        makeKey({ kind: 'sek', id: 'A'.repeat(12) }, randomBytes(32)),
      ])
        expect((await chat({ key })).status).toBe(401)
      expect((await chat({})).status).toBe(200)
      expect((await chat({ key: keys.demoOnly })).status).toBe(403)
    } finally {
      await postgres.start()
    }
  })
})

const HELLO = { model: 'm-1', messages: [{ role: 'user', content: 'Hello' }] }
const SMUGGLED = JSON.stringify(HELLO)

type Connection = Awaited<ReturnType<typeof openConnection>>

/** A chat with the key for everything and a small body, unless told otherwise. */
const chat = ({
  key = keys.good,
  body = HELLO,
  headers = [],
}: {
  key?: string
  body?: unknown
  headers?: RawRequest['headers']
}) => running.gateway.ask(CHAT, { key, body, headers })

const bearer = (key: string): (readonly [string, string])[] => [['authorization', `Bearer ${key}`]]

const head = (method: string, path: string, lines: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', ...lines, '', ''].join('\r\n')

const chunk = (body: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), Buffer.from(body), Buffer.from('\r\n')])

/** The error object of an answer in OpenAI's form, which has these four fields and no other. */
async function errorOf(answer: RawResponse): Promise<unknown> {
  const body: unknown = await answer.json()
  expect(body).toEqual({
    error: {
      message: expect.any(String),
      type: expect.any(String),
      param: expect.toBeOneOf([expect.any(String), null]),
      code: expect.any(String),
    },
  })
  return Reflect.get(Object(body), 'error')
}

/** Without what must differ between two answers. */
const withoutIds = (answer: RawResponse) =>
  answer.headers.filter(([name]) => !['date', 'x-request-id', 'x-sekisho-request-id'].includes(name.toLowerCase()))

const openRequests = (count: number) =>
  waitUntil(
    `${count} requests to be open`,
    async () => (await running.gateway.metrics()).value('sekisho_requests_open') === count,
  )

async function inDatabase(sql: string): Promise<void> {
  const connection = new pg.Client(database.url)
  await connection.connect()
  await connection.query(sql)
  await connection.end()
}
