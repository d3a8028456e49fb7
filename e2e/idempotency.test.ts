import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openConnection, type RawConnection, type RawResponse } from './kit/client.ts'
import { closedPort, type FaultVendor } from './kit/fault-vendor.ts'
import { startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, type Relay, type RelayConfig, requestIdOf, startRelay } from './kit/relay.ts'
import { textOf } from './kit/vendor-bodies.ts'
import { hang, rateLimited, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const postgres = withPostgres()

describe('a request with an Idempotency-Key', () => {
  const { relay, rows, locked } = withRows(async ({ url }) => ({
    providers: {
      plain: { kind: 'openai-compatible', baseUrl: url },
      narrow: { baseUrl: url, inFlightMax: 1 },
      away: { baseUrl: `http://127.0.0.1:${await closedPort()}/v1` },
    },
  }))

  test('sent ten times at once goes to the vendor once, and is recorded once', async () => {
    const ask = { headers: keyed('ten'), user: 'ten at once', behaviour: whole({ pace: { kind: 'driven' } }) }
    const answers = Array.from({ length: 10 }, () => relay().chat(ask))
    const { number } = await relay().vendor.waitFor(({ body }) => body.includes('ten at once'))
    // Nine are answered while the vendor has not answered yet.
    const told: RawResponse[] = []
    for (const answer of answers) void answer.then((response) => told.push(response))
    await waitUntil('nine answers', () => told.length === 9)
    for (const response of told) {
      expect([response.status, response.header('retry-after')]).toEqual([409, '1'])
      expect(response.header('x-should-retry')).toBe('true')
      expect(await errorIn(response)).toMatchObject({ code: 'idempotency_in_progress' })
    }
    relay().vendor.next(number)
    await waitUntil('the first to be answered', () => told.length === 10)
    const [first] = told.slice(9)
    expect(first?.status).toBe(200)
    const text = await first?.text()
    const again = await relay().chat(ask)
    expect([again.status, again.header('idempotency-replayed')]).toEqual([200, 'true'])
    expect(await again.text()).toBe(text)
    expect(await sightsOf('ten at once')).toBe(1)
    await relay().whenIdle()
    const ids = [...told, again].map(requestIdOf)
    const records = (await relay().gateway.records()).filter(({ requestId }) => ids.includes(requestId))
    expect(records).toMatchObject([{ status: 'complete', attempt: 1 }])
    expect(again.header('x-sekisho-cost')).toBeUndefined()
  })

  const chat = { model: 'plain/m', messages: [{ role: 'user', content: 'Hello' }] }
  const contents = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] }
  test.each([
    ['chat completions', '/v1/chat/completions', chat],
    ['chat completions, streamed', '/v1/chat/completions', { ...chat, stream: true }],
    ['completions', '/v1/completions', { model: 'plain/m', prompt: 'Hello' }],
    ['messages', '/v1/messages', { ...chat, max_tokens: 50 }],
    ['messages, streamed', '/v1/messages', { ...chat, max_tokens: 50, stream: true }],
    ['responses', '/v1/responses', { model: 'plain/m', input: 'Hello', store: false }],
    ['responses, streamed', '/v1/responses', { model: 'plain/m', input: 'Hello', store: false, stream: true }],
    ['generateContent', '/v1beta/models/plain/m:generateContent', contents],
    ['streamGenerateContent', '/v1beta/models/plain/m:streamGenerateContent?alt=sse', contents],
    ['streamGenerateContent as a list', '/v1beta/models/plain/m:streamGenerateContent', contents],
    ['embeddings', '/v1/embeddings', { model: 'plain/m', input: 'Hello' }],
  ])('is answered again byte for byte, and another one under its key refused: %s', async (title, path, body) => {
    const send = (more: object = {}) => relay().gateway.ask(path, { headers: keyed(title), body: { ...body, ...more } })
    const before = relay().vendor.seen.length
    const first = await send()
    const bytes = await first.bytes()
    expect([first.status, first.ending, first.header('idempotency-replayed')]).toEqual([200, 'complete', undefined])
    const again = await send()
    expect((await again.bytes()).equals(bytes)).toBe(true)
    expect([again.status, again.ending, again.header('content-type')]).toEqual([
      200,
      'complete',
      first.header('content-type'),
    ])
    expect(again.header('idempotency-replayed')).toBe('true')
    const other = await send({ x_other: 1 })
    expect([other.status, other.header('x-should-retry')]).toEqual([422, 'false'])
    expect(await other.text()).toMatch(/This Idempotency-Key was used for another request/)
    expect(relay().vendor.seen.length - before).toBe(1)
  })

  test('is answered again where the gateway counts tokens itself', async () => {
    const body = { model: 'plain/m', max_tokens: 50, messages: [{ role: 'user', content: 'Count me' }] }
    const send = () => relay().gateway.ask('/v1/messages/count_tokens', { headers: keyed('counted'), body })
    const [first, again] = [await (await send()).text(), await send()]
    expect([again.header('idempotency-replayed'), await again.text()]).toEqual(['true', first])
  })

  test('is the same with its fields in another order, and not on another path', async () => {
    const send = (path: string, body: string) =>
      relay().gateway.ask(path, {
        headers: [...keyed('order'), ['content-type', 'application/json']],
        body,
      })
    const first = await send('/v1/completions', '{"model":"plain/m","prompt":"Hello","temperature":0}')
    await first.bytes()
    const again = await send('/v1/completions', '{ "temperature": 0, "prompt": "Hello", "model": "plain/m" }')
    expect([again.status, again.header('idempotency-replayed')]).toEqual([200, 'true'])
    const elsewhere = await send('/openai/v1/completions', '{"model":"plain/m","prompt":"Hello","temperature":0}')
    expect(await errorIn(elsewhere)).toMatchObject({ code: 'idempotency_mismatch', param: 'idempotency-key' })
  })

  test('with a body too large to be parsed is told by its bytes', async () => {
    const body = JSON.stringify({ ...chat, messages: [{ role: 'user', content: 'x'.repeat(200_000) }] })
    const send = (text: string) =>
      relay().gateway.ask('/v1/chat/completions', {
        headers: [...keyed('large'), ['content-type', 'application/json']],
        body: text,
      })
    await (await send(body)).bytes()
    expect((await send(body)).header('idempotency-replayed')).toBe('true')
    expect((await send(`${body} `)).status).toBe(422)
  })

  test('is another matter under another virtual key', async () => {
    const { key } = await relay().gateway.createKey({ name: 'another' })
    const ask = { headers: keyed('two keys'), user: 'two keys' }
    const first = await relay().chat(ask)
    const bytes = await first.bytes()
    const other = await relay().chat({ ...ask, key })
    expect([other.status, other.header('idempotency-replayed')]).toEqual([200, undefined])
    expect((await other.bytes()).equals(bytes)).toBe(false)
    expect(await sightsOf('two keys')).toBe(2)
  })

  test('that was refused may be made again: by us, by the vendor, and where no vendor was reached', async () => {
    for (const [name, model, status] of [
      ['no model', 'nobody/m', 404],
      ['no vendor', 'away/m', 503],
    ] as const) {
      const send = () => relay().chat({ headers: keyed(name), model })
      for (let times = 0; times < 2; times++) {
        const refused = await send()
        expect([refused.status, refused.header('idempotency-replayed')]).toEqual([status, undefined])
        expect((await errorIn(refused)).code).not.toMatch(/idempotency/)
      }
    }
    relay().vendor.enqueue(rateLimited(1))
    const ask = { headers: keyed('429'), user: 'refused by the vendor' }
    const refused = await relay().chat(ask)
    expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('The vendor says no')])
    const good = await relay().chat(ask)
    expect([good.status, good.header('idempotency-replayed')]).toEqual([200, undefined])
    await good.bytes()
    expect((await relay().chat(ask)).header('idempotency-replayed')).toBe('true')
  })

  // Who has read a refusal may ask again in the same moment.
  test.each([429, 402])('is given back before a refusal leaves (the vendor says %i)', async (status) => {
    const value = `given back ${status}`
    const behaviour = whole({ status, body: '{}', pace: { kind: 'driven' } })
    const now = { answered: false }
    const answer = relay().chat({ headers: keyed(value), user: value, behaviour })
    void answer.then(() => Object.assign(now, { answered: true }))
    const { number } = await relay().vendor.waitFor(({ body }) => body.includes(value))
    await locked(async (isWaitedFor) => {
      relay().vendor.next(number)
      await waitUntil('the word that it is over', isWaitedFor)
      expect(now.answered).toBe(false)
    })
    expect((await answer).status).toBe(status === 402 ? 503 : 429)
  })

  test('whose client leaves in the middle of a stream is not made again: it may have been charged', async () => {
    const behaviour = stream({ events: [2, 3, 1], breaks: { afterEvents: 2, how: 'hang' } })
    const ask = { headers: keyed('leaves'), user: 'leaves', stream: true, behaviour }
    const response = await relay().chat(ask)
    let content = ''
    for await (const { data = '' } of response.events()) {
      content += data
      if (content.includes(textOf(3))) break
    }
    const meanwhile = await relay().chat(ask)
    expect(await errorIn(meanwhile)).toMatchObject({ code: 'idempotency_in_progress' })
    response.abort()
    await relay().recordsOf(requestIdOf(response))
    const again = await answerAfterwards(() => relay().chat(ask))
    expect([again.status, again.header('x-should-retry')]).toEqual([409, 'false'])
    expect(await errorIn(again)).toMatchObject({ code: 'idempotency_not_replayable' })
    expect(await sightsOf('leaves')).toBe(1)
  })

  test('whose client leaves before anything was sent may be made again', async () => {
    const first = await relay().chat({
      model: 'narrow/m',
      stream: true,
      behaviour: stream({ events: [1, 1], breaks: { afterEvents: 1, how: 'hang' } }),
    })
    const waiting = await begin('never sent', { model: 'narrow/m' })
    const places = async () =>
      (await relay().gateway.metrics()).value('sekisho_provider_waiting', { provider: 'narrow' })
    await waitUntil('it to wait', async () => (await places()) === 1)
    const running = (await rows()).filter(({ state }) => state === 'running').length
    waiting.close()
    await waitUntil('the claim to be released', async () => {
      const now = await rows()
      return now.filter(({ state }) => state === 'running').length === running - 1
    })
    first.abort()
    expect(await sightsOf('never sent')).toBe(0)
  })

  test('whose client leaves before the vendor has said anything is not made again', async () => {
    const asked = { model: 'fault/m', fault_vendor: hang() }
    const connection = await begin('leaves early', asked)
    await relay().vendor.waitFor(({ body }) => body.includes('leaves early'))
    connection.close()
    const again = await answerAfterwards(async () => {
      const repeat = await begin('leaves early', asked)
      return repeat.response()
    })
    expect(await errorIn(again)).toMatchObject({ code: 'idempotency_not_replayable' })
    expect(await sightsOf('leaves early')).toBe(1)
  })

  test('that a vendor took and did not answer is not made again', async () => {
    const behaviour = whole({ breaks: { afterBytes: 60, how: 'reset' } })
    const ask = { headers: keyed('no answer'), user: 'took it', behaviour }
    expect((await relay().chat(ask)).status).toBe(502)
    expect(await errorIn(await relay().chat(ask))).toMatchObject({ code: 'idempotency_not_replayable' })
    expect(await sightsOf('took it')).toBe(1)
  })

  test('with an answer above a mebibyte is answered as ever, and cannot be answered again', async () => {
    const answer = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [] as object[] }
    answer.choices.push({
      index: 0,
      message: { role: 'assistant', content: 'y'.repeat(2_097_152) },
      finish_reason: 'stop',
    })
    const streamed = stream({ events: Array<number>(30).fill(10_000) })
    for (const [name, behaviour] of [
      ['large whole', whole({ body: JSON.stringify(answer) })],
      ['large stream', streamed],
    ] as const) {
      relay().vendor.enqueue(behaviour)
      const ask = { headers: keyed(name), user: name, stream: behaviour.kind === 'stream' }
      const first = await relay().chat(ask)
      expect([first.status, (await first.bytes()).length]).toEqual([200, expect.toSatisfy((size) => size > 1_048_576)])
      expect(await errorIn(await relay().chat(ask))).toMatchObject({ code: 'idempotency_not_replayable' })
      expect(await sightsOf(name)).toBe(1)
    }
  })

  test.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['not ASCII', 'schl\u00fcssel'],
    ['no text', 'a\tb'],
  ])('that is %s is refused by its name', async (_, value) => {
    const before = relay().vendor.seen.length
    const refused = await relay().chat({ headers: keyed(value) })
    expect(refused.status).toBe(400)
    expect(await errorIn(refused)).toMatchObject({ code: 'invalid_request', param: 'idempotency-key' })
    expect(relay().vendor.seen.length).toBe(before)
  })

  test('of 255 characters is taken', async () => {
    expect((await relay().chat({ headers: keyed('k'.repeat(255)) })).status).toBe(200)
  })

  test('leaves no word of itself or of its answer in the database, and none without the header', async () => {
    const before = await rows()
    await (await relay().chat({ user: 'without the header' })).bytes()
    expect(await rows()).toEqual(before)
    const ask = { headers: keyed('the dump'), user: 'secret prompt', behaviour: whole({ usage: { completion: 40 } }) }
    const text = await (await relay().chat(ask)).text()
    expect(text).toContain('tok tok')
    const now = await rows()
    expect(now.length).toBe(before.length + 1)
    expect(now.filter(({ state }) => state === 'kept').length).toBeGreaterThan(5)
    const dump = now.map((row) => Object.values(row).map(textIn).join(' ')).join('\n')
    for (const word of ['tok', 'chat.completion', 'the dump', 'secret prompt', 'Hello'])
      expect(dump).not.toContain(word)
  })

  test('is not sent on to the vendor', () => {
    expect(relay().vendor.seen.flatMap(({ headers }) => headers.map(([name]) => name.toLowerCase()))).not.toContain(
      'idempotency-key',
    )
  })

  /** Sends a request and waits for nothing: for clients that leave. */
  const begin = async (value: string, more: object): Promise<RawConnection> => {
    const connection = await openConnection(relay().gateway.url)
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], user: value, ...more })
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      'host: gateway',
      `authorization: Bearer ${await relay().gateway.anyModelKey()}`,
      `idempotency-key: ${value}`,
      `content-length: ${body.length}`,
    ]
    connection.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    return connection
  }
  const sightsOf = async (user: string): Promise<number> =>
    relay().vendor.seen.filter(({ body }) => body.includes(JSON.stringify(user))).length
})

describe('a process that dies', () => {
  const { relay, rows, change, remove } = withRows(() => ({ timeouts: { totalMs: 45_000 } }))

  test('leaves the answers that were kept: they outlive it, with the key that opens them', async () => {
    const ask = { headers: keyed('outlives') }
    const bytes = await (await relay().chat(ask)).bytes()
    const kek = join(relay().gateway.dataDir, 'kek')
    expect((await stat(kek)).mode & 0o777).toBe(0o600)
    await relay().gateway.kill()
    await relay().gateway.restart()
    const again = await relay().chat(ask)
    expect([again.header('idempotency-replayed'), (await again.bytes()).equals(bytes)]).toEqual(['true', true])
    await remove()
  })

  test('leaves its claim, which holds for the longest time that a request may take and a minute, and then ends', async () => {
    relay().vendor.enqueue(hang())
    const ask = { headers: keyed('dies'), user: 'dies' }
    const lost = relay()
      .chat(ask)
      .then(
        () => 'answered',
        () => 'lost',
      )
    await relay().vendor.waitFor(({ body }) => body.includes('dies'))
    await relay().gateway.kill()
    expect(await lost).toBe('lost')
    await relay().gateway.restart()
    const meanwhile = await relay().chat(ask)
    expect([meanwhile.status, meanwhile.header('retry-after')]).toEqual([409, '1'])
    expect(await errorIn(meanwhile)).toMatchObject({ code: 'idempotency_in_progress' })
    const [row] = await rows()
    expect(row).toMatchObject({ state: 'running', lease_ms: 105_000 })

    // The minutes that nobody waits for here.
    await change("leased_until = now() - interval '1 millisecond'")
    const other = await relay().chat({ ...ask, user: 'another' })
    expect(await errorIn(other)).toMatchObject({ code: 'idempotency_mismatch' })
    const again = await relay().chat(ask)
    expect([again.status, again.header('idempotency-replayed')]).toEqual([200, undefined])
    await again.bytes()
    await relay().whenIdle()
    expect((await relay().gateway.records()).map(({ status }) => status)).toEqual([
      'complete',
      'interrupted',
      'complete',
    ])
  })

  test('and a day later the key is free for anything', async () => {
    const day = { headers: keyed('dies'), user: 'a day later' }
    expect((await relay().chat(day)).status).toBe(422)
    await change("created_at = now() - interval '24 hours', leased_until = now() - interval '23 hours'")
    const response = await relay().chat(day)
    expect([response.status, response.header('idempotency-replayed')]).toEqual([200, undefined])
  })
})

describe('where answers are not kept', () => {
  const { relay, rows } = withRows(() => ({ idempotency: { keep: false } }))

  test('a repeat costs nothing and gets no answer', async () => {
    for (const streamed of [false, true]) {
      const ask = { headers: keyed(`not kept ${streamed}`), stream: streamed }
      expect((await (await relay().chat(ask)).bytes()).length).toBeGreaterThan(0)
      expect(await errorIn(await relay().chat(ask))).toMatchObject({ code: 'idempotency_not_replayable' })
    }
    expect(relay().vendor.seen).toHaveLength(2)
    expect(await rows()).toMatchObject([
      { state: 'gone', answer: null },
      { state: 'gone', answer: null },
    ])
  })

  test('and where the database is away, a request with the header is refused and any other goes on', async () => {
    await relay().gateway.anyModelKey()
    await postgres.stop()
    try {
      await waitUntil('/readyz to say degraded', async () => {
        const { body } = await relay().gateway.readyz()
        return JSON.stringify(body).includes('degraded')
      })
      const refused = await relay().chat({ headers: keyed('away') })
      expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
      expect(await errorIn(refused)).toMatchObject({ code: 'not_ready' })
      expect((await relay().chat()).status).toBe(200)
    } finally {
      await postgres.start()
    }
    const response = await waitUntil('the database to be back', async () => {
      const answer = await relay().chat({ headers: keyed('away') })
      return answer.status === 200 && answer
    })
    await response.bytes()
  })
})

test('a key-encryption key that is none is said in a sentence, and nothing is served without one', async () => {
  const gateway = await startGateway({ env: { SEKISHO_KEK: 'k1:c2hvcnQ=' }, until: 'started' })
  try {
    expect(await gateway.ended()).toEqual({ code: 1, signal: null })
    expect(gateway.logs()).toMatch(
      /^sekisho: the environment variable with key-encryption keys, line 1 must have 32 bytes/m,
    )
    expect(gateway.logs()).not.toContain('c2hvcnQ')
  } finally {
    await gateway.dispose()
  }
})

const keyed = (value: string): readonly (readonly [string, string])[] => [['Idempotency-Key', value]]

/** The answer once the claim of a client that left is ended, which nobody waits for. */
const answerAfterwards = (send: () => Promise<RawResponse>): Promise<RawResponse> =>
  waitUntil('the claim to be ended', async () => {
    const answer = await send()
    if (answer.status !== 409 || answer.header('retry-after') === undefined) return answer
    await answer.bytes()
    return undefined
  })

type Row = Readonly<Record<string, unknown>>

/** A gateway on a database that the test can look into. */
function withRows(config: (vendor: FaultVendor) => RelayConfig | Promise<RelayConfig>) {
  const running: { relay?: Awaited<ReturnType<typeof startRelay>>; client?: pg.Client } = {}
  beforeAll(async () => {
    const databaseUrl = await postgres.freshDatabase()
    running.relay = await startRelay({ config, databaseUrl })
    running.client = new pg.Client({ connectionString: databaseUrl })
    // The server is stopped by a test.
    running.client.on('error', () => {})
    await running.client.connect()
  }, 60_000)
  afterAll(async () => {
    await running.client?.end().catch(() => undefined)
    await running.relay?.dispose()
  }, 60_000)
  const there = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('there inside tests only')
    return part
  }
  return {
    relay: (): Relay => there(running.relay),
    rows: async (): Promise<readonly Row[]> => {
      const lease = 'round(extract(epoch FROM leased_until - created_at) * 1000)::integer AS lease_ms'
      return (await there(running.client).query<Row>(`SELECT *, ${lease} FROM idempotency ORDER BY created_at`)).rows
    },
    /** Meanwhile no row can be changed; `isWaitedFor` says whether somebody tries to. */
    locked: async (work: (isWaitedFor: () => Promise<boolean>) => Promise<void>): Promise<void> => {
      const client = there(running.client)
      await client.query('BEGIN; LOCK idempotency IN SHARE MODE')
      try {
        await work(async () => (await client.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === 1)
      } finally {
        await client.query('COMMIT')
      }
    },
    remove: async (): Promise<void> => {
      await there(running.client).query('DELETE FROM idempotency')
    },
    change: async (what: string): Promise<void> => {
      await there(running.client).query(`UPDATE idempotency SET ${what}`)
    },
  }
}

const textIn = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))
