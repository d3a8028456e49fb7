import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ask } from './client.ts'
import { startFaultVendorProcess, type FaultVendorProcess } from './fault-vendor-process.ts'
import { refusal, stream } from './vendor-script.ts'
import { waitUntil } from './wait.ts'

let vendor: FaultVendorProcess
beforeEach(async () => {
  vendor = await startFaultVendorProcess()
})
afterEach(() => vendor.close())

const post = (body: unknown) => ask(vendor.url, '/chat/completions', { key: 'k', body })
const body = { model: 'm', messages: [], stream: true, stream_options: { include_usage: true } }

test('it is scripted over the channel or by the request, driven step by step, and its truth can be asked for at any time', async () => {
  await vendor.enqueue(refusal(500))
  await vendor.answer(refusal(501))
  expect((await post(body)).status).toBe(500)
  expect((await post(body)).status).toBe(501)
  const open = await post({ ...body, fault_vendor: stream({ events: [2, 2], pace: { kind: 'driven' } }) })
  await vendor.next(2)
  const events = open.events()
  await events.next()
  const [, , seen] = await vendor.seen()
  expect(seen).toMatchObject({ number: 2, state: 'open', tokensSent: 2, usageSent: null })
  expect(JSON.parse(seen?.body.toString() ?? '')).toMatchObject(body)
  expect(await vendor.connections()).toBe(1)
  await vendor.next(2, 2)
  while (!(await events.next()).done);
  const all = await vendor.waitFor((requests) => requests[2]?.state === 'finished')
  expect(all[2]).toMatchObject({ usageSent: { completion: 4 } })
})

test('it has a process of its own and is gone after close', async () => {
  expect(vendor.pid).not.toBe(process.pid)
  await vendor.close()
  await expect(post(body)).rejects.toThrow('ECONNREFUSED')
})

test('started by hand it says its address first and its truth at the end', async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./fault-vendor-main.ts', import.meta.url))])
  const said: string[] = []
  child.stdout.on('data', (text) => said.push(String(text)))
  const [url] = await waitUntil('the address', () => /http:\S+/.exec(said.join('')))
  await ask(url, '/chat/completions', { key: 'k', body })
  child.kill('SIGTERM')
  await once(child, 'close')
  expect(JSON.parse(said.join('').trim().split('\n')[1] ?? '')).toMatchObject({ number: 0, body: JSON.stringify(body) })
})
