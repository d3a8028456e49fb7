import { Fault, faultOf } from '../../core/fault.ts'
import type { ReplyReader } from '../../core/reply-reader.ts'
import type { Attempt, Provider } from '../../core/route.ts'
import type { Account } from '../account.ts'
import { AttemptRun } from '../attempt-run.ts'
import type { Answered, Planned } from '../exchange.ts'
import { type Refusal, readRefusal, refusalFault } from '../refusal.ts'
import { type Spoken, speak } from '../speech.ts'
import type { World } from '../world.ts'

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
  const speaking = speak(planned, attempt, parts)
  const spoken = speaking instanceof Promise ? await speaking : speaking
  const run = new AttemptRun(planned, attempt, { world, account, queuedMs: account.waitMs - waitedMs, spoken })
  // Only what is written down is an attempt: one that the journal refuses has no end to record.
  await run.written
  account.run = run
  const forget = account.onInterrupt((fault) => run.flow.abort(fault))
  try {
    if (!account.left) world.connect.dispatch(attempt.node, spoken.request, run.flow)
    await run.flow.head()
    if (isRefusal(run)) return { ...planned, run, answer: await readRefused(run, spoken), losses: spoken.losses }
    const answer = spoken.open(run)
    run.reader = answer.reader
    const waiting = run.flow.open(answer.reader)
    if (waiting !== undefined) await waiting
    const fault = openingFault(answer.reader)
    if (fault !== undefined) throw fault
    return { ...planned, run, answer, losses: spoken.losses }
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

/** A refusal that goes out as it came, where the client can read it; else the same in the client's own form. */
async function readRefused(run: AttemptRun, spoken: Spoken): Promise<Refusal> {
  const refusal = await readRefusal(run.flow, run.attempt.target.provider.kind, spoken.wire)
  if (spoken.same) return refusal
  throw refusalFault(refusal, spoken.wire)
}

const isRefusal = ({ flow }: AttemptRun): boolean => flow.status < 200 || flow.status > 299

/** What makes a reply none although its status was good: it ended before it began, or the vendor's error stands in its place. */
const openingFault = ({ opened, openingFault }: ReplyReader): Fault | undefined =>
  opened
    ? openingFault
    : new Fault('upstream_error', 'The provider ended its answer before it began', { reason: 'empty' })

/** Records the attempt that failed, and decides whether another target may be tried. */
function failed(run: AttemptRun, fault: Fault, { world, account }: Parts): Fault {
  const { flow } = run
  run.abandon(fault)
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
