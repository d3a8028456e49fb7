import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ask, send } from './kit/client.ts'
import { embeddedDatabase } from './kit/embedded-database.ts'
import { startFaultVendor } from './kit/fault-vendor.ts'
import { folderTexts } from './kit/folder-texts.ts'
import { type Gateway, type GatewayOptions, startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn } from './kit/relay.ts'
import { refusal } from './kit/vendor-script.ts'

const postgres = withPostgres()

async function start(options: GatewayOptions): Promise<Gateway> {
  const gateway = await startGateway(options)
  onTestFinished(() => gateway.dispose())
  return gateway
}

describe('with no configuration at all', () => {
  const started: { gateway?: Gateway } = {}
  beforeAll(async () => {
    started.gateway = await startGateway()
  })
  afterAll(() => started.gateway?.dispose())
  const gateway = (): Gateway => {
    if (started.gateway === undefined) throw new Error('it has not started')
    return started.gateway
  }
  const stdout = (): string => gateway().logs().split('\n{', 1)[0] ?? ''

  test('it listens on 127.0.0.1 and on no other address of the machine', async () => {
    const { hostname, port } = new URL(gateway().url)
    expect(hostname).toBe('127.0.0.1')
    const others = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
    // Whoever listens on all addresses listens on this one too.
    const hosts = ['127.0.0.2', ...others.filter(({ scopeid = 0 }) => scopeid === 0).map(({ address }) => address)]
    for (const host of hosts.filter((one) => one !== '127.0.0.1')) {
      const socket = connect({ host, port: Number(port) })
      await expect(once(socket, 'connect'), host).rejects.toThrow(/ECONNREFUSED|EADDRNOTAVAIL|EINVAL/)
    }
  })

  test('it prints its address, a setup token, a key, and one curl line that works when pasted', async () => {
    expect(stdout()).toContain(`listens on ${gateway().url}\n`)
    expect(stdout().match(/\bsetup_\w{40,}/g)).toHaveLength(2)
    expect(gateway().firstKey).toMatch(/^sek_[0-9A-Za-z]+_[0-9A-Za-z_]{40,}$/)
    const lines = [...stdout().matchAll(/^ *(curl .*)$/gm)].map(([, line = '']) => line)
    expect(lines).toHaveLength(1)
    const { stdout: answer } = await promisify(execFile)('/bin/sh', ['-c', lines[0] ?? ''])
    const reply: unknown = JSON.parse(answer)
    expect(reply).toMatchObject({ object: 'chat.completion', choices: [{ message: { role: 'assistant' } }] })
  })

  test('what it prints for people is in no log', async () => {
    const log = gateway().logs().slice(stdout().length)
    expect(log).toContain('"level":"info"')
    for (const secret of [gateway().firstKey, gateway().setupToken]) expect(log).not.toContain(secret)
  })

  test('the database is real PostgreSQL 18 that syncs, in the data folder', async () => {
    const client = new pg.Client(await embeddedDatabase(gateway().dataDir))
    await client.connect()
    onTestFinished(() => client.end())
    const { rows } = await client.query(
      `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('fsync') AS fsync,
        current_setting('listen_addresses') AS addresses`,
    )
    expect(rows).toEqual([{ major: 18, fsync: 'on', addresses: '' }])
  })

  test('the key is limited to the demo models', async () => {
    const list = await ask(gateway().baseUrl, '/models', { key: gateway().firstKey })
    const { data } = (await list.json()) as { data: readonly { readonly owned_by: string }[] }
    expect(new Set(data.map(({ owned_by }) => owned_by))).toEqual(new Set(['demo']))
  })
})

test('a second start prints no key, and a setup token only while there is no administrator', async () => {
  const gateway = await start({ databaseUrl: await postgres.freshDatabase() })
  const { firstKey, setupToken } = gateway
  expect((await askDemo(gateway, firstKey)).status).toBe(200)
  await gateway.stop()
  await gateway.restart()
  const [again = ''] = /\bsetup_\w+/.exec(gateway.logs()) ?? []
  expect(again).not.toBe(setupToken)
  expect(gateway.logs()).not.toMatch(/\bsek_|curl/)
  expect((await askDemo(gateway, firstKey)).status).toBe(200)

  const made = await ask(`${gateway.url}/api`, '/setup/administrator', { key: again, body: { name: 'Ada' } })
  expect([made.status, await made.json()]).toMatchObject([200, { token: expect.stringMatching(/^svc_/) }])
  for (const token of [setupToken, again]) {
    const late = await ask(`${gateway.url}/api`, '/setup/administrator', { key: token, body: { name: 'Bob' } })
    expect(late.status).not.toBe(200)
  }
  await gateway.stop()
  await gateway.restart()
  expect(gateway.logs()).toContain('listens on')
  expect(gateway.logs()).not.toMatch(/\bsetup_|\bsek_|curl/)
})

describe('with the variables of vendors in the environment', () => {
  const variables = ['OPENAI', 'OPENROUTER', 'DEEPSEEK', 'GROQ', 'MISTRAL', 'XAI', 'HOLYSHEEP', 'ANTHROPIC', 'GEMINI']
  const credentials = Object.fromEntries(variables.map((name) => [`${name}_API_KEY`, `canary-${name}-9f8e7d6c5b`]))

  test('those vendors are there at once', async () => {
    const vendor = await startFaultVendor()
    onTestFinished(() => vendor.close())
    const env = { ...credentials, OLLAMA_HOST: `127.0.0.1:${vendor.port}` }
    const gateway = await start({ databaseUrl: await postgres.freshDatabase(), env })
    const list = await gateway.ask('/v1/models', {})
    const { data } = (await list.json()) as { data: readonly { readonly owned_by: string }[] }
    const owners = new Set(data.map(({ owned_by }) => owned_by))
    expect(owners).toEqual(
      new Set(['demo', 'openai', 'openrouter', 'deepseek', 'groq', 'mistral', 'xai', 'anthropic', 'gemini']),
    )

    const answer = await gateway.ask('/v1/chat/completions', { body: { model: 'ollama/any:7b', messages: [] } })
    expect([answer.status, vendor.seen[0]?.path]).toEqual([200, '/v1/chat/completions'])
    expect(vendor.seen[0]?.body.toString()).toContain('"model":"any:7b"')

    expect(gateway.logs()).toMatch(/^ {2}note: holysheep: no model of it is known/m)
    const { items } = (await gateway.admin('GET', '/providers')) as {
      items: readonly { readonly name: string; readonly state: string }[]
    }
    expect(Object.fromEntries(items.map(({ name, state }) => [name, state]))).toEqual({
      ...Object.fromEntries(
        ['openai', 'openrouter', 'deepseek', 'groq', 'mistral', 'xai'].map((name) => [name, 'ready']),
      ),
      holysheep: 'ready',
      ollama: 'ready',
      demo: 'ready',
      anthropic: 'ready',
      gemini: 'ready',
    })
    // The printed key is for the demo only, whatever else there is.
    const refused = await ask(gateway.baseUrl, '/chat/completions', {
      key: gateway.firstKey,
      body: { model: 'ollama/any:7b', messages: [] },
    })
    expect([refused.status, vendor.seen.length]).toEqual([403, 1])
  })

  test('no secret is to be seen anywhere: not in the outputs, the metrics, the health, the admin API or a file', async () => {
    const vendor = await startFaultVendor()
    onTestFinished(() => vendor.close())
    const providers = {
      own: { kind: 'openai-compatible', baseUrl: vendor.url, credential: '${OWN_KEY}', models: ['m'] },
    }
    const env = { ...credentials, OWN_KEY: 'canary-OWN-9f8e7d6c5b' }
    const config = { providers, log: { level: 'debug' } }
    const gateway = await start({ env, config })
    const key = await gateway.anyModelKey()
    const token = await gateway.serviceToken()
    const good = await gateway.ask('/v1/chat/completions', { body: { model: 'own/m', messages: [] } })
    expect(good.status).toBe(200)
    await good.bytes()
    expect(vendor.seen[0]?.headers).toContainEqual(['authorization', `Bearer ${env.OWN_KEY}`])
    // What goes wrong is what is told about.
    vendor.enqueue(refusedCredential(env.OWN_KEY))
    const bad = await gateway.ask('/v1/chat/completions', { body: { model: 'own/m', messages: [] } })
    expect([bad.status, await errorIn(bad)]).toMatchObject([502, { code: expect.any(String) }])
    await gateway.configure({ providers: { own: { ...providers.own, credential: '${NOT_THERE}' } } })
    gateway.signal('SIGHUP')
    await expect.poll(() => gateway.logs()).toContain('configuration refused')
    await gateway.waitForRecords(2)

    const answers = await Promise.all([
      send(`${gateway.url}/metrics`).then((answer) => answer.text()),
      send(`${gateway.url}/readyz`).then((answer) => answer.text()),
      ...['/config', '/providers', '/keys', '/service-tokens', '/audit', '/usage'].map((path) =>
        gateway.admin('GET', path),
      ),
    ])
    const shown = { logs: gateway.logs(), answers: JSON.stringify(answers) }
    const files = await folderTexts(gateway.dataDir)
    expect(Object.keys(files).length).toBeGreaterThan(100)
    const vendorSecrets = [...Object.values(credentials), env.OWN_KEY]
    for (const [place, text] of Object.entries({ ...shown, ...files })) {
      for (const secret of [...vendorSecrets, key, token])
        expect(text.includes(secret), `${secret} in ${place}`).toBe(false)
    }
    for (const secret of [gateway.firstKey, gateway.setupToken]) {
      expect(shown.answers).not.toContain(secret)
      for (const [place, text] of Object.entries(files))
        expect(text.includes(secret), `${secret} in ${place}`).toBe(false)
    }
  })
})

/** A vendor that repeats what it was sent, as some do. */
const refusedCredential = (credential: string) =>
  refusal(401, { code: 'invalid_api_key', message: `Incorrect API key provided: ${credential}` })

const askDemo = ({ baseUrl }: Gateway, key: string) =>
  ask(baseUrl, '/chat/completions', {
    key,
    body: { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hi' }] },
  })
