import { edited } from '../../core/body.ts'
import type { FindBytes } from '../../core/bytes.ts'
import { Fault, faultOf } from '../../core/fault.ts'
import { type Attempt, type Provider, requestPath } from '../../core/route.ts'
import type { ReplyReader } from '../../core/wire.ts'
import { editsFor } from '../../core/wires/openai-request.ts'
import { OpenAiStream } from '../../core/wires/openai-stream.ts'
import { OpenAiWhole } from '../../core/wires/openai-whole.ts'
import type { Account } from '../account.ts'
import { AttemptRun } from '../attempt-run.ts'
import type { Answered, Opened, Planned } from '../exchange.ts'
import { readRefusal } from '../refusal.ts'
import type { World } from '../world.ts'
import type { VendorRequest } from '../world/connect.ts'

/**
 * Hop 6: the attempts, in order, until one has opened its answer or refused it. Only what certainly never reached a vendor
 * goes on to the next one (reliability 3.4); nothing has been promised to the client before this returns.
 */
export async function call(planned: Planned, world: World, account: Account): Promise<Answered> {
  let last: Fault | undefined
  let full: Provider | undefined
  account.stream = planned.fields.stream
  for (const attempt of planned.attempts) {
    const { provider } = attempt.target
    // Who has no free place has none for its other nodes either.
    if (provider === full) continue
    const result = await tryOnce(planned, attempt, { world, account })
    if (!(result instanceof Fault)) return result
    if (result.code === 'overloaded') full = provider
    last = result
  }
  // Made only now: an error costs more than everything else here, and nearly no request needs one.
  throw last ?? new Fault('upstream_unavailable', 'No provider could be reached')
}

/** One attempt. Returns the fault when the next target may be tried, throws it when it may not. */
async function tryOnce(planned: Planned, attempt: Attempt, parts: Parts): Promise<Answered | Fault> {
  const { world, account } = parts
  const waitedMs = account.waitMs
  const entered = enterGate(planned, attempt, parts)
  const leave = entered instanceof Promise ? await entered : entered
  if (leave instanceof Fault) return leave
  account.hold(leave)
  account.attempts++
  const run = new AttemptRun(planned, attempt, { world, account, queuedMs: account.waitMs - waitedMs })
  // Only what is written down is an attempt: one that the journal refuses has no end to record.
  await run.written
  account.run = run
  const forget = account.onInterrupt((fault) => run.flow.abort(fault))
  try {
    if (!account.left) world.connect.dispatch(attempt.node, vendorRequest(planned, attempt, account), run.flow)
    await run.flow.head()
    if (isRefusal(run)) return { ...planned, run, answer: await readRefusal(run.flow, attempt.target.provider.kind) }
    const opened = openReply(planned, run)
    if (opened.waiting !== undefined) await opened.waiting
    const fault = openingFault(opened.reader)
    if (fault !== undefined) throw fault
    return { ...planned, run, answer: opened }
  } catch (error) {
    leave()
    account.ownSince = world.clock.monotonic()
    return failed(run, faultOf(error), parts)
  } finally {
    forget()
  }
}

interface Parts {
  readonly world: World
  readonly account: Account
}

type Place = () => void

/** A place at the provider, at once where there is one: nearly every request then saves a turn of the loop. A Fault when there is none in time. */
function enterGate(
  planned: Planned,
  { target }: Attempt,
  { world, account }: Parts,
): Promise<Place | Fault> | Place | Fault {
  const { limits } = planned.snapshot.config
  const wanted = { inFlightMax: target.provider.inFlightMax, queueMax: limits.queueMax, waitMs: limits.queueWaitMs }
  let forget = () => {}
  try {
    const entered = world.gate(target.provider.name).enter(wanted, (cancel) => {
      forget = account.onInterrupt(cancel)
    })
    if (!(entered instanceof Promise)) return entered
    const since = world.clock.monotonic()
    return entered.catch(whenFull).finally(() => {
      forget()
      account.waited(since)
    })
  } catch (error) {
    return whenFull(error)
  }
}

/** Nothing was sent to a provider that has no free place, so the next one may be asked (reliability 3.4). */
function whenFull(error: unknown): Fault {
  if (error instanceof Fault && error.code === 'overloaded') return error
  throw error
}

function vendorRequest(planned: Planned, { target, node }: Attempt, account: Account): VendorRequest {
  const { provider } = target
  const edits = editsFor(planned.fields, { model: target.model, kind: provider.kind, operation: planned.operation })
  const headers = [
    'content-type',
    'application/json',
    'user-agent',
    'sekisho',
    'x-sekisho-request-id',
    account.requestId,
  ]
  if (planned.fields.stream) headers.push('accept', 'text/event-stream')
  if (provider.authHeader !== null) headers.push(...provider.authHeader)
  const path = requestPath(provider, node, { operation: planned.operation, model: target.model })
  return { path, headers, connectMs: provider.timeouts.connectMs, body: edited(planned.body, edits) }
}

const isRefusal = ({ flow }: AttemptRun): boolean => flow.status < 200 || flow.status > 299

/** Begins to read the reply. `waiting` resolves when it has opened; `undefined` when it has already. */
function openReply(planned: Planned, run: AttemptRun): Opened & { readonly waiting: Promise<void> | undefined } {
  const contentType = run.flow.headers['content-type'] ?? ''
  const encoding = run.flow.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    throw new Fault('upstream_error', 'The provider compressed its answer, which was not asked for', {
      reason: 'content_encoding',
    })
  }
  const kind = shapeOf(contentType.toLowerCase(), planned)
  const reader = readerFor(planned, run, kind)
  run.reader = reader
  return { kind, contentType, reader, waiting: run.flow.open(reader) }
}

/** What makes a reply none although its status was good: it ended before it began, or the vendor's error stands in its place. */
const openingFault = ({ opened, openingFault }: ReplyReader): Fault | undefined =>
  opened
    ? openingFault
    : new Fault('upstream_error', 'The provider ended its answer before it began', { reason: 'empty' })

/** A stream or a whole reply, by what the vendor says it sends; a page of HTML with 200 is neither. */
function shapeOf(contentType: string, planned: Planned): 'stream' | 'whole' {
  if (contentType.startsWith('text/event-stream')) return 'stream'
  if (contentType.startsWith('application/json')) return 'whole'
  if (contentType === '') return planned.fields.stream ? 'stream' : 'whole'
  throw new Fault('upstream_error', 'The provider answered with something that is not its wire', {
    reason: 'content_type',
  })
}

function readerFor(planned: Planned, run: AttemptRun, shape: 'stream' | 'whole'): ReplyReader {
  const { kind } = run.attempt.target.provider
  const spendLimitCodes = kind.spendLimitCodes ?? []
  if (shape === 'whole') return new OpenAiWhole({ flavour: kind.usage, spendLimitCodes })
  return new OpenAiStream({
    flavour: kind.usage,
    endsWithDone: kind.stream.done,
    // A vendor that sends it unasked sends it to everybody.
    hideUsage: !planned.fields.usageAsked && kind.stream.usage === 'asked',
    inputEstimate: run.inputEstimate,
    eventBytesMax: EVENT_BYTES_MAX,
    spendLimitCodes,
    find: nativeFind,
  })
}

/** Node's own search, several times as fast as a loop. What passes is nearly always a Buffer already. */
const nativeFind: FindBytes = (bytes, word, from) =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).indexOf(word, from)

/** Larger than any event of text; a picture in an event may be some megabytes. */
const EVENT_BYTES_MAX = 8_388_608

/** Records the attempt that failed, and decides whether another target may be tried. */
function failed(run: AttemptRun, fault: Fault, { world, account }: Parts): Fault {
  const { flow } = run
  run.flow.abort(fault)
  const status = account.left ? 'canceled' : 'failed'
  run.settle({ status, reason: fault.code, billed: billedOf(run) }, () => {})
  const { provider } = run.attempt.target
  world.log.warn(
    {
      requestId: account.requestId,
      provider: provider.name,
      code: fault.code,
      reason: fault.reason ?? null,
      status: flow.status,
    },
    'attempt failed',
  )
  if (flow.sent || account.left || fault.code === 'draining') throw fault
  return fault
}

/** Whether the vendor itself said, where the answer should be, that there is none. */
const isTold = (reader: ReplyReader | undefined): boolean => {
  const reason = reader?.openingFault?.reason
  return reason === 'error_in_stream' || reason === 'error_in_reply'
}

/** A refusal costs nothing, and neither does what never left. A vendor that took the request and then said nothing may have worked. */
function billedOf({ flow, reader }: AttemptRun): 'as_read' | 'nothing' | 'unknown' {
  if (!flow.sent || flow.status >= 300 || isTold(reader)) return 'nothing'
  if (reader?.openingFault !== undefined) return 'unknown'
  return reader?.opened === true ? 'as_read' : 'unknown'
}
