import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'

/** Stands in for the gateway: what the kit does with a process is tested here, what the gateway does elsewhere. */
const STAND_IN = `
import { createServer } from 'node:http'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
const option = (name) => process.argv[process.argv.indexOf(name) + 1]
const data = option('--data')
const first = !existsSync(data)
mkdirSync(data, { recursive: true })
if (process.env.DIE) { console.error('no such luck'); process.exit(3) }
let asked = 0
const server = createServer(async (request, response) => {
  const say = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
  let body = ''
  for await (const piece of request) body += piece
  const bearer = request.headers.authorization?.replace('Bearer ', '')
  if (request.url === '/readyz') return asked++ === 0 ? say(503, { status: 'starting' }) : say(200, { status: 'ready', env: Object.keys(process.env), argv: process.argv.slice(2) })
  if (request.url === '/metrics') return say(200, 'sekisho_up{a="b"} 1\\n')
  if (request.url === '/api/setup/administrator' && bearer === setup) return say(200, { id: 'x', administrator: JSON.parse(body).name, token: 'svc_1' })
  if (request.url === '/api/keys' && bearer === 'svc_1') return say(200, { id: 'k1', key: 'sek_made', ...JSON.parse(body) })
  if (request.url === '/v1/echo') return say(200, { key: bearer, body: JSON.parse(body) })
  say(401, { error: { message: 'no' } })
})
const setup = 'setup_' + 'a'.repeat(30)
server.listen(Number(option('--port')), '127.0.0.1', () => {
  console.log('listening on http://127.0.0.1:' + server.address().port)
  if (first) setTimeout(() => console.log('token ' + setup + ' and key sek_' + 'b'.repeat(30)), 30)
})
process.on('SIGHUP', () => console.error('reloaded'))
process.on('SIGTERM', () => process.exit(0))
`

let folder: string
let gateway: Gateway | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stand-in-'))
  await writeFile(join(folder, 'stand-in.mjs'), STAND_IN)
})
afterEach(async () => {
  await gateway?.dispose()
  gateway = undefined
})
afterAll(() => rm(folder, { recursive: true }))

async function start(options: GatewayOptions = {}): Promise<Gateway> {
  gateway = await startGateway({
    command: [process.execPath, join(folder, 'stand-in.mjs')],
    databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
    ...options,
  })
  return gateway
}

test('it is started with its folders, a free port and its configuration, and nothing else of the environment', async () => {
  const running = await start({ config: { log: { level: 'debug' } }, env: { EXTRA: '1' }, args: ['--more'] })
  const { status, body } = await running.readyz()
  expect(status).toBe(200)
  expect(body).toMatchObject({
    argv: ['serve', '--data', running.dataDir, '--port', '0', '--config', running.configPath, '--more'],
    env: expect.arrayContaining(['PATH', 'EXTRA', 'SEKISHO_DATABASE_URL']),
  })
  expect(Object(body).env).not.toContain('VITEST')
  expect(JSON.parse(await readFile(running.configPath, 'utf8'))).toEqual({ log: { level: 'debug' } })
  await running.configure('log: {}')
  expect(await readFile(running.configPath, 'utf8')).toBe('log: {}')
})

test('administrator and keys are made on demand, once', async () => {
  const running = await start()
  expect(await running.serviceToken()).toBe('svc_1')
  expect(await running.createKey({ name: 'n' })).toEqual({ id: 'k1', key: 'sek_made' })
  const answer = await running.ask('/v1/echo', { body: { a: 1 } })
  expect(await answer.json()).toEqual({ key: 'sek_made', body: { a: 1 } })
  expect(running.firstKey).toBe(`sek_${'b'.repeat(30)}`)
  expect((await running.metrics()).value('sekisho_up')).toBe(1)
  await expect(running.admin('GET', '/nothing')).rejects.toThrow('was answered 401')
})

test('it is stopped, killed and started again on the same port and folder', async () => {
  const running = await start()
  const token = await running.serviceToken()
  const { url, pid, setupToken } = running
  expect(await running.stop()).toEqual({ code: 0, signal: null })
  await expect(running.readyz()).rejects.toThrow('ECONNREFUSED')
  await running.restart()
  expect(running.url).toBe(url)
  expect(running.pid).not.toBe(pid)
  expect(running.setupToken).toBe(setupToken)
  expect(await running.serviceToken()).toBe(token)
  await expect(running.restart()).rejects.toThrow('running already')
  expect(await running.kill()).toEqual({ code: null, signal: 'SIGKILL' })
  await running.restart({ until: 'address' })
  expect((await running.readyz()).status).toBe(503)
})

test('signals reach it and its output is there', async () => {
  const running = await start()
  running.signal('SIGHUP')
  await expect.poll(() => running.logs()).toContain('reloaded')
})

test('a start that fails says how, and leaves no folder', async () => {
  await expect(start({ env: { DIE: '1' } })).rejects.toThrow(/the gateway ended \(3\):[^]*no such luck/)
  const running = await start({ env: { DIE: '1' }, until: 'started' })
  expect(await running.ended()).toEqual({ code: 3, signal: null })
  await running.dispose()
  await expect(stat(running.folder)).rejects.toThrow('ENOENT')
})
