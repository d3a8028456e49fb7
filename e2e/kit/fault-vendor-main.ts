/**
 * The fault vendor as a process of its own, so that its truth outlives whatever happens to the test, and its work costs the test's process
 * nothing. Started by `startFaultVendorProcess`; by hand (`node e2e/kit/fault-vendor-main.ts [port]`) it prints its address, and its truth
 * at the end, one request on a line.
 */
import { startFaultVendor, type FaultVendor } from './fault-vendor.ts'
import type { VendorCall, VendorMessage } from './fault-vendor-process.ts'

const vendor = await startFaultVendor({ port: Number(process.argv[2] ?? 0) })
if (process.send === undefined) runByHand()
else runForTest()

function runForTest(): void {
  // The test has gone, and nobody else will ever ask.
  process.on('disconnect', () => process.exit())
  process.on('message', (call: VendorCall) => {
    tell({ kind: 'answer', id: call.id, result: carryOut(call, vendor) })
  })
  tell({ kind: 'ready', port: vendor.port })
}

function carryOut(call: VendorCall, { answer, enqueue, next, seen, connections }: FaultVendor): unknown {
  switch (call.name) {
    case 'answer':
      return answer(call.behaviour)
    case 'enqueue':
      return enqueue(...call.behaviours)
    case 'next':
      return next(call.number, call.steps)
    case 'seen':
      return seen
    case 'connections':
      return connections()
  }
}

function tell(message: VendorMessage): void {
  process.send?.(message)
}

function runByHand(): void {
  console.log(vendor.url)
  process.once('SIGINT', () => void sayTruth())
  process.once('SIGTERM', () => void sayTruth())
}

async function sayTruth(): Promise<void> {
  await vendor.close()
  for (const { body, ...seen } of vendor.seen) console.log(JSON.stringify({ ...seen, body: body.toString('utf8') }))
}
