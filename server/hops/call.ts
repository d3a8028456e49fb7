import { edited } from '../../core/body.ts'
import { Fault, faultOf } from '../../core/fault.ts'
import { type Attempt, requestPath } from '../../core/route.ts'
import type { ReplyReader } from '../../core/wire.ts'
import { editsFor } from '../../core/wires/openai-request.ts'
import { OpenAiStream } from '../../core/wires/openai-stream.ts'
import { OpenAiWhole } from '../../core/wires/openai-whole.ts'
import type { Account } from '../account.ts'
import { AttemptRun } from '../attempt-run.ts'
import type { Answered, Planned } from '../exchange.ts'
import { readRefusal } from '../refusal.ts'
import type { World } from '../world.ts'
import type { VendorRequest } from '../world/connect.ts'

/**
 * Hop 6: the attempts, in order, until one has opened its answer or refused it. Only what certainly never reached a vendor
 * goes on to the next one (reliability 3.4); nothing has been promised to the client before this returns.
 */
export async function call(planned: Planned, world: World, account: Account): Promise<Answered> {
  let last: Fault | undefined
  account.stream = planned.fields.stream
  for (const attempt of planned.attempts) {
    const result = await tryOnce(planned, attempt, { world, account })
    if (!(result instanceof Fault)) return result
    last = result
  }
  // Made only now: an error costs more than everything else here, and nearly no request needs one.
  throw last ?? new Fault('upstream_unavailable', 'No provider could be reached')
}

/** One attempt. Returns the fault when the next target may be tried, throws it when it may not. */
async function tryOnce(
  planned: Planned,
  attempt: Attempt,
  { world, account }: { world: World; account: Account },
): Promise<Answered | Fault> {
  const leave = await enterGate(planned, attempt, { world, account })
  account.hold(leave)
  account.attempts++
  const queuedMs = account.waitMs
  const run = new AttemptRun(planned, attempt, { world, account, queuedMs })
  account.run = run
  await run.written
  const forget = account.onInterrupt((fault) => run.flow.abort(fault))
  try {
    if (!account.left) world.connect.dispatch(attempt.node, vendorRequest(planned, attempt, account), run.flow)
    await run.flow.head()
    return await answer(planned, run)
  } catch (error) {
    leave()
    return failed(run, faultOf(error), { world, account })
  } finally {
    forget()
  }
}

async function enterGate(
  planned: Planned,
  { target }: Attempt,
  { world, account }: { world: World; account: Account },
): Promise<() => void> {
  const { limits } = planned.snapshot.config
  const wanted = { inFlightMax: target.provider.inFlightMax, queueMax: limits.queueMax, waitMs: limits.queueWaitMs }
  let forget = () => {}
  const entered = world.gate(target.provider.name).enter(wanted, (cancel) => {
    forget = account.onInterrupt(cancel)
  })
  if (!(entered instanceof Promise)) return entered
  const since = world.clock.monotonic()
  try {
    return await entered
  } finally {
    forget()
    account.waitMs += world.clock.monotonic() - since
  }
}

function vendorRequest(planned: Planned, { target, node }: Attempt, account: Account): VendorRequest {
  const { provider } = target
  const edits = editsFor(planned.fields, { model: target.model, kind: provider.kind, operation: planned.operation })
  const headers = [
    'content-type',
    'application/json',
    'accept',
    planned.fields.stream ? 'text/event-stream' : 'application/json',
    'user-agent',
    'sekisho',
    'x-sekisho-request-id',
    account.requestId,
  ]
  if (provider.authHeader !== null) headers.push(...provider.authHeader)
  const path = requestPath(provider, node, { operation: planned.operation, model: target.model })
  return { path, headers, connectMs: provider.timeouts.connectMs, body: edited(planned.body, edits) }
}

/** From the head on: an answer that opens, or a refusal that is read to its end. */
async function answer(planned: Planned, run: AttemptRun): Promise<Answered> {
  const { flow } = run
  const contentType = flow.headers['content-type'] ?? ''
  if (flow.status < 200 || flow.status > 299) {
    const refusal = await readRefusal(flow, run.attempt.target.provider.kind)
    return { ...planned, run, answer: { kind: 'refusal', ...refusal } }
  }
  const shape = shapeOf(contentType, planned)
  const reader = readerFor(planned, run, shape)
  run.reader = reader
  await flow.open(reader)
  if (reader.openingFault !== undefined) throw reader.openingFault
  return { ...planned, run, answer: { kind: shape, contentType, reader } }
}

/** A stream or a whole reply, by what the vendor says it sends; a page of HTML with 200 is neither. */
function shapeOf(contentType: string, planned: Planned): 'stream' | 'whole' {
  if (contentType.startsWith('text/event-stream')) return 'stream'
  if (contentType.startsWith('application/json')) return 'whole'
  if (contentType === '') return planned.fields.stream ? 'stream' : 'whole'
  throw new Fault('upstream_error', 'The provider answered with something that is not its wire', { reason: 'content_type' })
}

function readerFor(planned: Planned, run: AttemptRun, shape: 'stream' | 'whole'): ReplyReader {
  const { kind } = run.attempt.target.provider
  if (shape === 'whole') return new OpenAiWhole(kind.usage)
  return new OpenAiStream({
    flavour: kind.usage,
    endsWithDone: kind.stream.done,
    hideUsage: !planned.fields.usageAsked,
    inputEstimate: run.inputEstimate,
    eventBytesMax: EVENT_BYTES_MAX,
  })
}

/** Larger than any event of text; a picture in an event may be some megabytes. */
const EVENT_BYTES_MAX = 8_388_608

/** Records the attempt that failed, and decides whether another target may be tried. */
function failed(run: AttemptRun, fault: Fault, { world, account }: { world: World; account: Account }): Fault {
  const { flow } = run
  run.flow.abort(fault)
  const status = account.left ? 'canceled' : 'failed'
  run.settle({ status, reason: fault.code, billed: billedOf(run) }, () => {})
  const { provider } = run.attempt.target
  world.log.warn(
    { requestId: account.requestId, provider: provider.name, code: fault.code, reason: fault.reason ?? null, status: flow.status },
    'attempt failed',
  )
  if (flow.sent || account.left) throw fault
  return fault
}

/** A refusal costs nothing, and neither does what never left. A vendor that took the request and then said nothing may have worked. */
function billedOf({ flow, reader }: AttemptRun): 'as_read' | 'nothing' | 'unknown' {
  if (!flow.sent || flow.status >= 300 || reader?.openingFault !== undefined) return 'nothing'
  return reader?.opened === true ? 'as_read' : 'unknown'
}
