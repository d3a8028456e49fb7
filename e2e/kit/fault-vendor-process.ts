import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Behaviour } from './vendor-script.ts'
import type { Seen } from './vendor-truth.ts'
import { waitUntil, within, type WaitOptions } from './wait.ts'

/** The fault vendor in a process of its own. What a test could hand over as a function goes into the request's body instead. */
export interface FaultVendorProcess {
  readonly port: number
  readonly url: string
  readonly pid: number
  answer(behaviour: Behaviour): Promise<void>
  enqueue(...behaviours: readonly Behaviour[]): Promise<void>
  next(number: number, steps?: number): Promise<void>
  /** The truth as it is now: a copy. */
  seen(): Promise<readonly Seen[]>
  connections(): Promise<number>
  waitFor(predicate: (seen: readonly Seen[]) => boolean, options?: WaitOptions): Promise<readonly Seen[]>
  close(): Promise<void>
}

/** What the test says to the process. */
export type VendorCall = { readonly id: number } & Wish
type Wish =
  | { readonly name: 'answer'; readonly behaviour: Behaviour }
  | { readonly name: 'enqueue'; readonly behaviours: readonly Behaviour[] }
  | { readonly name: 'next'; readonly number: number; readonly steps: number }
  | { readonly name: 'seen' | 'connections' }

/** What the process says to the test. */
export type VendorMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }

export async function startFaultVendorProcess({ port = 0 }: { port?: number } = {}): Promise<FaultVendorProcess> {
  const main = fileURLToPath(new URL('./fault-vendor-main.ts', import.meta.url))
  // Structured clones, so that bodies travel as bytes.
  const child = fork(main, [String(port)], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ready = await within('the vendor process', firstMessage(child))
  const call = caller(child)
  const seen = async (): Promise<readonly Seen[]> => (await call({ name: 'seen' })) as readonly Seen[]
  return {
    port: ready,
    url: `http://127.0.0.1:${ready}/v1`,
    pid: child.pid ?? 0,
    answer: async (behaviour) => void (await call({ name: 'answer', behaviour })),
    enqueue: async (...behaviours) => void (await call({ name: 'enqueue', behaviours })),
    next: async (number, steps = 1) => void (await call({ name: 'next', number, steps })),
    connections: async () => (await call({ name: 'connections' })) as number,
    seen,
    waitFor: (predicate, options) =>
      waitUntil(
        'requests at the vendor process',
        async () => {
          const all = await seen()
          return predicate(all) && all
        },
        options,
      ),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function firstMessage(child: ChildProcess): Promise<number> {
  const message = await Promise.race([
    once(child, 'message').then(([first]) => first as VendorMessage),
    once(child, 'exit').then(() => undefined),
  ])
  if (message?.kind !== 'ready') throw new Error('the vendor process did not start')
  return message.port
}

/** Sends wishes and matches the answers to them. */
function caller(child: ChildProcess): (wish: Wish) => Promise<unknown> {
  const waiting = new Map<number, (result: unknown) => void>()
  let calls = 0
  child.on('message', (message: VendorMessage) => {
    if (message.kind !== 'answer') return
    waiting.get(message.id)?.(message.result)
    waiting.delete(message.id)
  })
  return (wish) => {
    const id = calls++
    const answered = Promise.withResolvers<unknown>()
    waiting.set(id, answered.resolve)
    child.send({ id, ...wish })
    return within(`the vendor process to carry out ${wish.name}`, answered.promise)
  }
}
