import { existsSync } from 'node:fs'
import { readdir, readlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { RawConnection, RawResponse } from './kit/client.ts'
import { suiteNeeding } from './kit/not-run.ts'
import { withPostgres } from './kit/postgres.ts'
import { type ChatAsk, readStream, requestIdOf, withRelay } from './kit/relay.ts'
import { type Behaviour, flood, stream } from './kit/vendor-script.ts'
import { waitUntil, within } from './kit/wait.ts'

const MEBIBYTE = 1024 ** 2
const STALL_MS = 1_500
const CLIENTS = 50
/** 64 MiB in events of 64 KiB: far more than all buffers on the way hold together. */
const EVENT: { readonly raw: string } = { raw: `data: {"model":"m","choices":[],"padding":"${'x'.repeat(65_400)}"}` }
const LARGE = largeOf(1_024)
const relay = withRelay(withPostgres(), { config: () => ({ timeouts: { clientStallMs: STALL_MS } }) })
afterEach(() => relay.whenIdle())

suiteNeeding('clients that do not read', existsSync('/proc/self/fd') ? null : 'no /proc', () => {
  test(`${CLIENTS} of them hold the vendor back, cost little memory, and are dropped with everything they held`, async () => {
    // What a request needs for the first time is not what is measured.
    await readAll(await relay.chat({ stream: true }))
    const rssBefore = await rss()
    const socketsBefore = await socketsOf(relay.gateway.pid)
    relay.vendor.enqueue(...Array<Behaviour>(CLIENTS).fill(LARGE))
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => notReading({ stream: true })))
    const seen = await waitUntil('the vendor to have all requests', () => {
      const found = relay.vendor.seen.filter(({ behaviour }) => behaviour === LARGE)
      return found.length === CLIENTS && found
    })
    const ids = new Set(seen.map(({ id }) => id))
    const peak = { rss: 0 }
    const records = await waitUntil(
      'all records',
      async () => {
        peak.rss = Math.max(peak.rss, await rss())
        const rows = (await relay.gateway.records()).filter(({ requestId }) => ids.has(requestId))
        return rows.length === CLIENTS && rows
      },
      { timeoutMs: 20_000 },
    )
    for (const record of records) {
      expect(record).toMatchObject({
        status: 'canceled',
        reason: 'client_stalled',
        httpStatus: 200,
        usageSource: 'counted',
      })
      expect(record.totalUs / 1_000).toBeGreaterThan(STALL_MS)
      expect(record.totalUs / 1_000).toBeLessThan(STALL_MS + 10_000)
    }
    await waitUntil('the vendor to be closed', () => seen.every(({ state }) => state === 'left'))
    const sent = Math.max(...seen.map(({ bytesSent }) => bytesSent))
    expect(sent / MEBIBYTE, 'the vendor was held back').toBeLessThan(24)
    expect((peak.rss - rssBefore) / MEBIBYTE, 'memory for all of them, who were sent 3 GiB').toBeLessThan(200)
    await waitUntil(
      'the sockets of the clients to be closed',
      async () => (await socketsOf(relay.gateway.pid)) <= socketsBefore + 2,
    )
    for (const client of clients) client.close()
  })

  test('one that stops reading a large whole answer is dropped as well', async () => {
    const socketsBefore = await socketsOf(relay.gateway.pid)
    const client = await notReading({ behaviour: flood('whole', 64 * MEBIBYTE), user: 'whole' })
    const { id } = await relay.vendor.waitFor(({ behaviour }) => behaviour.kind === 'flood')
    expect(await relay.recordsOf(id)).toMatchObject([{ status: 'canceled', reason: 'client_stalled', costNano: null }])
    await relay.vendor.waitFor((seen) => seen.id === id && seen.state === 'left')
    await waitUntil('its socket to be closed', async () => (await socketsOf(relay.gateway.pid)) <= socketsBefore + 2)
    client.close()
  })
})

suiteNeeding('a client that never closes its side', existsSync('/proc/self/fd') ? null : 'no /proc', () => {
  test('gets its broken stream to the end, error and all, and holds no socket of the gateway', async () => {
    const socketsBefore = await socketsOf(relay.gateway.pid)
    const client = await relay.beginChat({
      stream: true,
      behaviour: stream({ breaks: { afterEvents: 2, how: 'reset' } }),
    })
    const received: string[] = []
    const ended = new Promise((resolve) => client.socket.once('end', resolve))
    client.socket.on('data', (piece: Buffer) => received.push(piece.toString()))
    await within('the end of the stream', ended)
    expect(received.join('')).toMatch(/data: \{"error":\{.*\}\}\n\n\r\n$/)
    await waitUntil('its socket to be closed', async () => (await socketsOf(relay.gateway.pid)) <= socketsBefore)
    client.close()
  })
})

describe('clients that read slowly', () => {
  test('get everything, though it takes far longer than a client may stand still', async () => {
    const response = await largeStream(400)
    const startedAt = performance.now()
    let bytes = 0
    let pauseAt = 0
    const tail: Buffer[] = []
    for await (const piece of response.pieces()) {
      bytes += piece.length
      tail.push(piece)
      if (tail.length > 4) tail.shift()
      if (bytes < pauseAt) continue
      // The load itself: a client that takes half a mebibyte, and then its time.
      await pause(80)
      pauseAt = bytes + MEBIBYTE / 2
    }
    expect(performance.now() - startedAt).toBeGreaterThan(STALL_MS)
    expect(response.ending).toBe('complete')
    expect(Buffer.concat(tail).toString()).toMatch(/data: \[DONE\]\n\n$/)
    const seen = await relay.vendor.waitFor(({ id }) => id === requestIdOf(response))
    expect(seen.state).toBe('finished')
    expect(bytes).toBeGreaterThan(400 * 65_400)
    expect(await relay.recordsOf(requestIdOf(response))).toMatchObject([
      { status: 'complete', reason: null, usageSource: 'vendor' },
    ])
  })

  test('that stand still for less than they may, and then read on, get everything', async () => {
    const response = await largeStream(300)
    const { id } = await relay.vendor.waitFor((seen) => seen.id === requestIdOf(response))
    await pause(STALL_MS / 2)
    expect(await readStream(response)).toMatchObject({ ending: 'complete', finished: true, error: undefined })
    expect(await relay.recordsOf(id)).toMatchObject([{ status: 'complete' }])
  })
})

async function notReading(ask: ChatAsk): Promise<RawConnection> {
  const client = await relay.beginChat(ask)
  client.socket.pause()
  return client
}

function largeOf(events: number): Behaviour {
  return stream({ events: Array.from({ length: events }, () => EVENT) })
}

/** Said to the vendor beforehand: it would not fit into a request. */
async function largeStream(events: number): Promise<RawResponse> {
  relay.vendor.enqueue(largeOf(events))
  return relay.chat({ stream: true })
}

async function readAll(response: RawResponse): Promise<void> {
  for await (const _ of response.pieces());
}

const rss = async (): Promise<number> => (await relay.gateway.metrics()).value('process_resident_memory_bytes') ?? 0

/** How many sockets a process has open. */
async function socketsOf(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`
  const links = await Promise.all((await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')))
  return links.filter((link) => link.startsWith('socket:')).length
}
