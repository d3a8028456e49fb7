import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { actions } from '../core/admin/index.ts'
import { run } from './run.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Something that answers on a free port, and what was asked of it. */
async function answering(listener: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function sekisho(
  words: readonly string[],
  environment: { readonly [name: string]: string } = { SEKISHO_TOKEN: 'svc_x' },
) {
  const said = { out: '', err: '' }
  const code = await run(words, {
    environment,
    out: (line) => void (said.out += `${line}\n`),
    err: (line) => void (said.err += `${line}\n`),
    readText: (path) =>
      path === '/token' ? Promise.resolve('svc_from_file\n') : Promise.reject(new Error('no such file')),
  })
  return { code, ...said }
}

describe('help', () => {
  test.each([[[]], [['--help']], [['help']], [['-h']], [['nonsense', '--help']]])(
    '%j lists every command with its sentence',
    async (words) => {
      const { code, out } = await sekisho(words)
      expect(code).toBe(0)
      for (const { name, summary } of actions) {
        expect(out).toContain(name.split('.')[0])
        expect(out).toContain(summary)
      }
      for (const command of ['serve', 'check', 'prices update'])
        expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    },
  )

  test('of a command says its flags with their sentences, choices and defaults', async () => {
    const { out } = await sekisho(['keys', 'rotate', '--help'])
    expect(out).toContain('Usage: sekisho keys rotate ID [flags]')
    expect(out).toMatch(/--overlap-hours N {2,}Hours that the secret before still works.*\(24 when left out\)/)
    expect((await sekisho(['help', 'usage', 'totals'])).out).toMatch(/--by key\|model\|provider\|day/)
    expect((await sekisho(['help', 'keys'])).out).not.toContain('usage list')
    expect((await sekisho(['prices', 'update', '--help'])).out).toMatch(
      /^Usage: sekisho prices update --from FILE [^]*--yes/,
    )
  })
})

test.each([
  [['keys'], 'did you mean keys create, keys create-many, keys list'],
  [['nonsense'], '"sekisho --help" lists all commands'],
  [['keys', 'create'], '--name is needed: What the key is for'],
  [['keys', 'show'], 'ID is needed'],
  [['keys', 'show', 'a', 'b'], '"b" is not understood'],
  [['keys', 'create', '--nam', 'x'], "Unknown option '--nam'"],
  [['keys', 'create', '--name', 'x', '--name', 'y'], '--name can be given once'],
  [['keys', 'list', '--token', 'svc_x'], "Unknown option '--token'"],
  [['keys', 'list', '--url', 'localhost:4100'], 'is not the address of a gateway'],
  [['keys', 'list', '--token-file', '/nowhere'], 'the token file /nowhere cannot be read'],
])('%j is not understood, and says why', async (words, why) => {
  const { code, err, out } = await sekisho(words)
  expect(err).toContain(why)
  expect({ code, out }).toEqual({ code: 2, out: '' })
})

test('without a token it says where one comes from', async () => {
  expect(await sekisho(['keys', 'list'], {})).toMatchObject({
    code: 2,
    err: expect.stringContaining('set SEKISHO_TOKEN'),
  })
  expect(await sekisho(['setup'], {})).toMatchObject({ code: 2, err: expect.stringContaining('--token setup_') })
})

test('flags become the input as the action declares it: numbers, lists and the parts of the path', async () => {
  const asked: { method: string | undefined; url: string | undefined; token: string | undefined; body: string }[] = []
  const SEKISHO_URL = await answering(async (request, response) => {
    const pieces: string[] = []
    for await (const piece of request) pieces.push(String(piece))
    asked.push({
      method: request.method,
      url: request.url,
      token: request.headers.authorization,
      body: pieces.join(''),
    })
    response.end('{"items":[]}')
  })
  const environment = { SEKISHO_URL, SEKISHO_TOKEN: 'svc_x' }
  await sekisho(
    ['keys', 'create', '--name', 'help', '--models', 'demo/*', '--models=x', '--expires-in-days', '7'],
    environment,
  )
  await sekisho(['keys', 'rotate', 'AAAAAAAAAAAA', '--overlap-hours=0', '--token-file', '/token'], environment)
  await sekisho(['usage', '--by', 'day', '--from', '2026-01-01'], environment)
  await sekisho(['keys', 'show', 'a/../b?c'], { ...environment, SEKISHO_URL: `${SEKISHO_URL}/behind/a/proxy/` })
  expect(asked).toEqual([
    {
      method: 'POST',
      url: '/api/keys',
      token: 'Bearer svc_x',
      body: '{"name":"help","expiresInDays":7,"models":["demo/*","x"]}',
    },
    { method: 'POST', url: '/api/keys/AAAAAAAAAAAA/rotate', token: 'Bearer svc_from_file', body: '{"overlapHours":0}' },
    { method: 'GET', url: '/api/usage/totals?by=day&from=2026-01-01', token: 'Bearer svc_x', body: '' },
    { method: 'GET', url: '/behind/a/proxy/api/keys/a%2F..%2Fb%3Fc', token: 'Bearer svc_x', body: '' },
  ])
})

describe('when the gateway', () => {
  const list = (SEKISHO_URL: string) => sekisho(['keys', 'list'], { SEKISHO_URL, SEKISHO_TOKEN: 'svc_x' })

  test('is not there, it asks whether it runs', async () => {
    const url = await answering(() => undefined)
    await closing.pop()?.()
    expect(await list(url)).toMatchObject({
      code: 1,
      err: `sekisho: nothing answers at ${url}: is the gateway running? Start it with "npm start", or set SEKISHO_URL\n`,
    })
  })

  test('is something else, it says so', async () => {
    const url = await answering((_, response) => void response.end('<html>'))
    expect(await list(url)).toMatchObject({ code: 1, err: expect.stringContaining('not as a Sekisho gateway does') })
  })

  test('sends elsewhere, the token does not follow', async () => {
    const asked: string[] = []
    const other = await answering((request, response) => {
      asked.push(request.url ?? '')
      response.end('{}')
    })
    const url = await answering((_, response) => void response.writeHead(307, { location: other }).end())
    expect(await list(url)).toMatchObject({ code: 1 })
    expect(asked).toEqual([])
  })

  test('breaks off, it is a failure and no result', async () => {
    const url = await answering((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"items":[')
      response.socket?.end()
    })
    expect(await list(url)).toMatchObject({ code: 1, out: '' })
  })

  test('refuses, its sentence names the flag', async () => {
    const body = JSON.stringify({
      error: { code: 'bad_request', message: 'expiresInDays: Too small', field: 'expiresInDays', requestId: 'x' },
    })
    const url = await answering((_, response) => void response.writeHead(400).end(body))
    expect(await list(url)).toMatchObject({ code: 1, err: 'sekisho: --expires-in-days: Too small\n' })
  })

  test('could not look at everything in time, it says how far it looked and how to go on', async () => {
    const body = JSON.stringify({ items: [], next: 'b', searchedTo: '2026-11-20T00:00:00.000Z' })
    const url = await answering((_, response) => void response.end(body))
    const { out, err } = await sekisho(['usage', 'list'], { SEKISHO_URL: url, SEKISHO_TOKEN: 'svc_x' })
    expect({ out, err }).toEqual({ out: '', err: 'Searched back to 2026-11-20T00:00:00.000Z: --cursor b goes on\n' })
  })

  test('streams, each line is printed as it came, and a break is a failure', async () => {
    const lines = ['{"a":1}', '{"a":"é"}']
    const whole = await answering((_, response) => void response.end(`${lines.join('\n')}\n`))
    const environment = (SEKISHO_URL: string) => ({ SEKISHO_URL, SEKISHO_TOKEN: 'svc_x' })
    expect(await sekisho(['usage', 'export', '--by', 'key', '--by', 'day'], environment(whole))).toEqual({
      code: 0,
      out: `${lines.join('\n')}\n`,
      err: '',
    })
    const broken = await answering((_, response) => {
      response.write(`${lines.join('\n')}\n`, () => response.destroy())
    })
    expect(await sekisho(['usage', 'export'], environment(broken))).toMatchObject({
      code: 1,
      err: expect.stringContaining('failed'),
    })
    const refusing = await answering(
      (_, response) =>
        void response
          .writeHead(400)
          .end('{"error":{"code":"bad_request","message":"timeZone: no","field":"timeZone"}}'),
    )
    expect(await sekisho(['usage', 'export'], environment(refusing))).toMatchObject({
      code: 1,
      err: 'sekisho: --time-zone: no\n',
    })
  })

  test('shows what others wrote, control characters do not reach the terminal', async () => {
    const items = [{ id: 'a', name: '\u001b[2J\u202ered\nline', models: ['x', 'y'], revokedAt: null }]
    const url = await answering((_, response) => void response.end(JSON.stringify({ items, next: 'b' })))
    const { out, err } = await list(url)
    expect(out).toBe('  ID  NAME           MODELS\n  a   \u{fffd}[2J\u{fffd}red\u{fffd}line  x, y\n')
    expect(err).toBe('There is more: --cursor b\n')
  })
})
