import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { suiteNeeding } from './kit/not-run.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, readStream, type Relay, requestIdOf, startRelay } from './kit/relay.ts'
import { textOf } from './kit/vendor-bodies.ts'
import { stream } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const RUNNING = 20
const EVENTS = 6

suiteNeeding('a full disk under the journal', mounts() ? null : 'no right to mount a small disk', () => {
  const postgres = withPostgres()
  const started: { relay?: Relay & { dispose(): Promise<void> } } = {}
  const relay = (): Relay => {
    if (started.relay === undefined) throw new Error('the gateway is there inside tests only')
    return started.relay
  }
  const disk = (): string => join(relay().gateway.dataDir, 'journal')
  const filler = (): string => join(disk(), 'filler')

  beforeAll(async () => {
    started.relay = await startRelay({
      databaseUrl: await postgres.freshDatabase(),
      config: () => ({ journal: { reserveBytes: 1_048_576 } }),
    })
    // The journal's folder gets a small disk of its own while nobody writes to it.
    await relay().gateway.anyModelKey()
    await relay().gateway.stop()
    rmSync(disk(), { recursive: true, force: true })
    mkdirSync(disk(), { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'sekisho-test', disk()])
    await relay().gateway.restart()
  }, 60_000)
  afterAll(async () => {
    try {
      await relay().gateway.stop()
    } finally {
      execFileSync('umount', [disk()])
      await started.relay?.dispose()
    }
  })

  test('new requests are refused, running streams finish and are settled, nothing crashes; with room again all is well and exact', async () => {
    const { gateway, vendor, chat, recordsOf, whenIdle } = relay()
    const driven = stream({ events: Array<number>(EVENTS).fill(2), pace: { kind: 'driven' } })
    const answers = Array.from({ length: RUNNING }, () => chat({ stream: true, behaviour: driven }))
    await waitUntil('all streams at the vendor', () => vendor.seen.length === RUNNING)
    for (const { number } of vendor.seen) vendor.next(number, 2)
    const running = await Promise.all(answers)

    fill(filler())
    const refused = await waitUntil('a request to be refused', async () => {
      const response = await chat()
      if (response.status === 503) return response
      await response.bytes()
      return undefined
    })
    expect(await errorIn(refused)).toMatchObject({ code: 'storage_exhausted' })
    expect(refused.header('x-should-retry')).toBe('true')
    const seenWhenFull = vendor.seen.length
    for (const stream of [false, true]) {
      const response = await chat({ stream })
      expect(response.status).toBe(503)
      expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
      expect(await errorIn(response)).toMatchObject({ code: 'storage_exhausted' })
    }
    expect(vendor.seen.length, 'what is refused is not sent').toBe(seenWhenFull)
    expect(await gateway.readyz()).toMatchObject({
      status: 200,
      body: { status: 'degraded', degraded: [{ part: 'journal', why: expect.stringContaining('journal') }] },
    })
    expect((await gateway.metrics()).value('sekisho_journal_exhausted')).toBe(1)
    expect(gateway.logs()).toMatch(/the disk takes no more journal/)
    expect((await gateway.ask('/v1/models', {})).status).toBe(200)

    for (const { number } of vendor.seen.slice(0, RUNNING)) vendor.next(number, EVENTS)
    for (const response of running) {
      expect(await readStream(response)).toMatchObject({
        content: textOf(2 * EVENTS),
        finished: true,
        ending: 'complete',
      })
    }
    const metrics = await gateway.metrics()
    expect(metrics.value('sekisho_ledger_lost_records')).toBe(0)
    expect(metrics.value('sekisho_journal_exhausted')).toBe(1)

    rmSync(filler())
    await waitUntil('/readyz to say ready', async () => Object((await gateway.readyz()).body).status === 'ready')
    const after = await chat()
    expect(after.status).toBe(200)
    await after.bytes()
    await recordsOf(requestIdOf(after))
    await whenIdle()
    expect((await gateway.metrics()).value('sekisho_journal_exhausted')).toBe(0)

    const records = await gateway.records()
    expect(records.map(({ requestId }) => requestId).toSorted()).toEqual(vendor.seen.map(({ id }) => id).toSorted())
    for (const { id, usageSent } of vendor.seen) {
      const record = records.find(({ requestId }) => requestId === id)
      expect(record).toMatchObject({ status: 'complete', usageSource: 'vendor' })
      expect(record?.usage).toMatchObject({ input: usageSent?.prompt, output: usageSent?.completion })
    }
    expect(gateway.logs()).not.toMatch(/uncaught|unhandled|request failed inside/i)
  })

  test('filled and freed again and again, also while PostgreSQL is away, it loses nothing', async () => {
    const { gateway, vendor, chat, whenIdle } = relay()
    const before = (await gateway.records()).length
    const seenBefore = vendor.seen.length
    await postgres.stop()
    let served = 0
    for (let times = 0; times < 2; times++) {
      fill(filler())
      for (let full = false; !full; ) {
        const response = await chat()
        await response.bytes()
        full = response.status === 503
        if (response.status === 200) served++
      }
      rmSync(filler())
      await waitUntil('requests to be taken again', async () => {
        const response = await chat()
        await response.bytes()
        if (response.status === 200) served++
        return response.status === 200
      })
    }
    await postgres.start()
    await whenIdle()
    expect(vendor.seen.length - seenBefore).toBe(served)
    const records = (await gateway.records()).slice(before)
    expect(records.map(({ requestId }) => requestId).toSorted()).toEqual(
      vendor.seen
        .slice(seenBefore)
        .map(({ id }) => id)
        .toSorted(),
    )
    expect(records.every(({ status }) => status === 'complete')).toBe(true)
    expect((await gateway.metrics()).value('sekisho_ledger_lost_records')).toBe(0)
  })

  test('a gateway that is killed while the disk is full brings everything at its next start', async () => {
    const { gateway, vendor, chat, whenIdle } = relay()
    const before = new Set((await gateway.records()).map(({ id }) => id))
    const seenBefore = vendor.seen.length
    const running = await Promise.all(
      Array.from({ length: 3 }, () =>
        chat({ stream: true, behaviour: stream({ events: [2, 2], breaks: { afterEvents: 2, how: 'hang' } }) }),
      ),
    )
    const behaviour = stream({ events: [2, 2], pace: { kind: 'driven' } })
    const answer = chat({ stream: true, user: 'finishes', behaviour })
    const { number } = await vendor.waitFor(({ body }) => body.includes('"finishes"'))
    vendor.next(number)
    const finishing = await answer
    fill(filler())
    await waitUntil('a request to be refused', async () => {
      const response = await chat()
      await response.bytes()
      return response.status === 503
    })
    vendor.next(number, 2)
    expect(await readStream(finishing)).toMatchObject({ finished: true })
    await gateway.kill()
    for (const response of running) response.abort()
    rmSync(filler())
    await gateway.restart()
    await whenIdle()
    const records = await waitUntil('all records', async () => {
      const rows = (await gateway.records()).filter(({ id }) => !before.has(id))
      return rows.length >= vendor.seen.length - seenBefore && rows
    })
    expect(records.map(({ requestId }) => requestId).toSorted()).toEqual(
      vendor.seen
        .slice(seenBefore)
        .map(({ id }) => id)
        .toSorted(),
    )
    expect(records.filter(({ status }) => status === 'interrupted')).toHaveLength(running.length)
    expect(records.filter(({ status }) => status !== 'interrupted' && status !== 'complete')).toEqual([])
  })
})

/** To the last byte. */
function fill(path: string): void {
  for (const bytes of [262_144, 4_096, 1]) {
    for (let times = 0; times < 5_000; times++) {
      try {
        appendFileSync(path, Buffer.alloc(bytes))
      } catch {
        break
      }
    }
  }
}

function mounts(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'sekisho-test', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}
