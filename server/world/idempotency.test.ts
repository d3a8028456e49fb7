import { createHash, createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeOnDatabases } from '../../e2e/kit/postgres.ts'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { migrate } from '../store/migrate.ts'
import { ensureServerRole, SERVER_ROLE } from '../store/server-role.ts'
import { type TestLog, testLog } from './attempts-test-kit.ts'
import { type Claim, type Claimed, type Idempotency, openIdempotency, type WantedClaim } from './idempotency.ts'
import type { Keks } from './keks.ts'
import { openSql, type Sql } from './sql.ts'

const keksOf = (id: string): Keks => [{ id, key: createSecretKey(randomBytes(32)) }]
const keks = keksOf('k1')
const print = (text: string): Buffer => createHash('sha256').update(text).digest()
const answer = { status: 200, contentType: 'text/event-stream', body: Buffer.from('data: hello\n\n') }

describeOnDatabases('claims of idempotency keys', (postgres) => {
  const made: { sql?: Sql; url?: string } = {}
  beforeAll(async () => {
    const url = await postgres.freshDatabase()
    made.url = url
    const owner = openSql(url, { log: testLog() })
    await ensureServerRole(owner, { toSwitch: true })
    await migrate(owner)
    await owner.close()
    made.sql = openSql(url, { log: testLog(), role: SERVER_ROLE })
    await made.sql.whenUp({ timeoutMs: 10_000 })
  })
  afterAll(() => made.sql?.close())
  const sql = (): Sql => {
    if (made.sql === undefined) throw new Error('not opened')
    return made.sql
  }

  interface Some {
    readonly keks?: Keks
    readonly keep?: boolean
    readonly log?: TestLog
    readonly sweepMs?: number
  }
  const open = ({ keep = true, ...some }: Some = {}): Idempotency =>
    openIdempotency({ sql: sql(), keks, log: testLog(), config: () => ({ keep, hours: 24 }), ...some })
  const wanted = (value: string, some: Partial<WantedClaim> = {}): WantedClaim => ({
    keyId: 'key',
    organisationId: 'alpha',
    value,
    fingerprint: print('a'),
    requestId: randomUUID(),
    leaseMs: 60_000,
    ...some,
  })
  const rows = async (value: string) =>
    (await sql().control.query('SELECT * FROM idempotency WHERE key_hash = $1', [print(value)])).rows
  const change = (value: string, what: string) =>
    sql().control.query(`UPDATE idempotency SET ${what} WHERE key_hash = $1`, [print(value)])

  test('of thirty at once exactly one is taken', async () => {
    const claims = open()
    const all = await Promise.all(Array.from({ length: 30 }, () => claims.claim(wanted('at once'))))
    expect(all.map(({ kind }) => kind).toSorted()).toEqual(['claimed', ...Array<string>(29).fill('in_progress')])
  })

  test('an answer is kept for its tenant, its key, its row and its request, and opens for no other', async () => {
    await claimOf(await open().claim(wanted('kept'))).keep(answer)
    expect(await open().claim(wanted('kept'))).toEqual({ kind: 'kept', answer })
    expect(await open().claim(wanted('kept', { organisationId: 'beta' }))).toEqual({ kind: 'not_replayable' })
    const log = testLog()
    expect(await open({ log, keks: keksOf('k1') }).claim(wanted('kept'))).toEqual({ kind: 'not_replayable' })
    expect(await open({ log, keks: keksOf('k2') }).claim(wanted('kept'))).toEqual({ kind: 'not_replayable' })
    expect(log.lines.map(({ fields }) => fields['reason'])).toEqual(['not_authentic', 'unknown_key'])
    for (const what of ['status = 201', "content_type = 'x'", `request_id = '${randomUUID()}'`]) {
      const before = (await rows('kept'))[0]
      await change('kept', what)
      expect(await open().claim(wanted('kept')), what).toEqual({ kind: 'not_replayable' })
      const { status, content_type, request_id } = before
      await change('kept', `status = ${status}, content_type = '${content_type}', request_id = '${request_id}'`)
    }
    expect(await open().claim(wanted('kept'))).toEqual({ kind: 'kept', answer })
    expect((await open().claim(wanted('kept', { keyId: 'other' }))).kind).toBe('claimed')
  })

  test('only the first word about how it ended counts', async () => {
    const claim = claimOf(await open().claim(wanted('once')))
    await Promise.all([claim.keep(answer), claim.end(), claim.release()])
    expect((await rows('once')).map(({ state }) => state)).toEqual(['kept'])
  })

  test('a claim that was released is free for another request', async () => {
    await claimOf(await open().claim(wanted('released'))).release()
    expect(await rows('released')).toEqual([])
    const other = wanted('released', { fingerprint: print('b') })
    expect((await open().claim(other)).kind).toBe('claimed')
  })

  test('who lost a claim to another when its lease had ended cannot end that one', async () => {
    const log = testLog()
    const late = claimOf(await open({ log }).claim(wanted('late', { leaseMs: 0 })))
    const now = claimOf(await open().claim(wanted('late')))
    await late.release()
    await now.keep(answer)
    expect(await open().claim(wanted('late'))).toEqual({ kind: 'kept', answer })
    expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('not its own any more') }])
  })

  test('an answer above a mebibyte is not kept, nor any where keeping is off', async () => {
    const large = { ...answer, body: Buffer.alloc(1_048_577) }
    await claimOf(await open().claim(wanted('large'))).keep(large)
    await claimOf(await open({ keep: false }).claim(wanted('off'))).keep(answer)
    for (const value of ['large', 'off']) {
      expect(await rows(value)).toMatchObject([{ state: 'gone', answer: null }])
      expect(await open().claim(wanted(value))).toEqual({ kind: 'not_replayable' })
    }
    const mebibyte = { ...answer, body: Buffer.alloc(1_048_576, 'm') }
    await claimOf(await open().claim(wanted('mebibyte'))).keep(mebibyte)
    expect(await open().claim(wanted('mebibyte'))).toEqual({ kind: 'kept', answer: mebibyte })
  })

  test('what is older than a day is deleted, but not what may still run', async () => {
    const old = "created_at = now() - interval '25 hours'"
    for (const value of ['old', 'new', 'running']) {
      const claim = claimOf(await open().claim(wanted(value)))
      if (value !== 'running') await claim.keep(answer)
    }
    await change('old', old)
    await change('running', old)
    const sweeping = open({ sweepMs: 5 })
    await waitUntil('the old one to be deleted', async () => (await rows('old')).length === 0)
    expect([(await rows('new')).length, (await rows('running')).length]).toEqual([1, 1])
    await change('running', 'leased_until = now()')
    await waitUntil('the dead one to be deleted', async () => (await rows('running')).length === 0)
    await sweeping.close()
  })

  test('where keeping is switched off, answers that are there are not given again, and are forgotten', async () => {
    await claimOf(await open().claim(wanted('forgotten'))).keep(answer)
    expect(await open({ keep: false }).claim(wanted('forgotten'))).toEqual({ kind: 'not_replayable' })
    const sweeping = open({ keep: false, sweepMs: 5 })
    await waitUntil('the answer to be forgotten', async () => (await rows('forgotten'))[0]?.answer === null)
    await sweeping.close()
    expect(await open().claim(wanted('forgotten'))).toEqual({ kind: 'not_replayable' })
  })

  describe('when the database is away', () => {
    const down = () => ({ answers: sql().answers, up: () => false })

    test('a claim is refused at once', async () => {
      const claims = openIdempotency({ sql: down(), keks, log: testLog(), config: () => ({ keep: true, hours: 24 }) })
      await expect(claims.claim(wanted('down'))).rejects.toMatchObject({ code: 'not_ready', retryAfterSeconds: 1 })
    })

    test('a claim that gets no answer is refused, and given back in case it was taken', async () => {
      const log = testLog()
      const own = openSql(made.url ?? '', { log: testLog(), role: SERVER_ROLE })
      await own.whenUp({ timeoutMs: 10_000 })
      const answers = Object.create(own.answers)
      const lost: { deaf: boolean } = { deaf: true }
      answers.query = async (text: string, values: unknown[]) => {
        const result = await own.answers.query(text, values)
        if (!lost.deaf) return result
        lost.deaf = false
        throw new Error('the connection broke')
      }
      const sqlThatBreaks = { answers, up: () => true }
      const claims = openIdempotency({ sql: sqlThatBreaks, keks, log, config: () => ({ keep: true, hours: 24 }) })
      await expect(claims.claim(wanted('unheard'))).rejects.toMatchObject({ code: 'not_ready' })
      await claims.close()
      expect(await rows('unheard')).toEqual([])
      expect(log.lines).toEqual([])
      await own.close()
    })

    test('an end that cannot be stored is said in the log, and never thrown', async () => {
      const log = testLog()
      const own = openSql(made.url ?? '', { log: testLog(), role: SERVER_ROLE })
      await own.whenUp({ timeoutMs: 10_000 })
      const claims = openIdempotency({ sql: own, keks, log, config: () => ({ keep: true, hours: 24 }) })
      const claim = claimOf(await claims.claim(wanted('breaks')))
      await own.close()
      await claim.keep(answer)
      expect(log.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('could not be stored') }])
    })
  })
})

function claimOf(claimed: Claimed): Claim {
  if (claimed.kind !== 'claimed') throw new Error(`it is ${claimed.kind}`)
  return claimed.claim
}
