import { ask } from './client.ts'
import { BEHAVIOUR_FIELD } from './fault-vendor.ts'
import type { SeededRandom } from './seeded-random.ts'
import { textOf } from './vendor-bodies.ts'
import { type Behaviour, stream, whole } from './vendor-script.ts'

export interface LoadOptions {
  readonly url: string
  readonly key: string
  readonly model: string
  /** How many of each are open at any time. */
  readonly streams: number
  readonly wholes: number
  readonly random: SeededRandom
}

/** One request as its client saw it. It grows while the answer runs. */
export interface Sent {
  /** Stands in the request's body as `user`, so that it is found again at the vendor. */
  readonly name: string
  readonly kind: 'stream' | 'whole'
  /** Milliseconds since 1970. */
  readonly sentAt: number
  /** Tokens of content that had come, by when (milliseconds since 1970). */
  readonly received: readonly { readonly at: number; readonly tokens: number }[]
  /** The client has all of the answer, and nothing says that it is not finished. */
  readonly finished: boolean
  readonly over: boolean
}

export interface Load {
  readonly sent: readonly Sent[]
  /** No new requests from now on; those that are open stay open. */
  stop(): void
  /** Resolves when nothing is open any more. */
  readonly ended: Promise<void>
}

/** Keeps so many chats open at the fault vendor behind a gateway, each of another length and pace. */
export function startLoad(options: LoadOptions): Load {
  const sent: Sent[] = []
  const running = { stopped: false }
  const loop = async (kind: Sent['kind']): Promise<void> => {
    while (!running.stopped) await sendOne(kind, options, sent)
  }
  const loops = [
    ...Array.from({ length: options.streams }, () => loop('stream')),
    ...Array.from({ length: options.wholes }, () => loop('whole')),
  ]
  return {
    sent,
    stop: () => {
      running.stopped = true
    },
    ended: Promise.all(loops).then(() => {}),
  }
}

type Growing = { -readonly [Field in keyof Sent]: Sent[Field] } & { received: { at: number; tokens: number }[] }

async function sendOne(kind: Sent['kind'], { url, key, model, random }: LoadOptions, sent: Sent[]): Promise<void> {
  const name = `load-${sent.length}-${random.between(0, 1e9)}`
  const one: Growing = { name, kind, sentAt: Date.now(), received: [], finished: false, over: false }
  sent.push(one)
  const behaviour = kind === 'stream' ? someStream(random) : someWhole(random)
  const messages = [{ role: 'user', content: 'x'.repeat(random.between(1, 400)) }]
  const body = { model, messages, user: name, stream: kind === 'stream', [BEHAVIOUR_FIELD]: behaviour }
  try {
    const answer = await ask(url, '/v1/chat/completions', { key, body })
    let tokens = 0
    let done = false
    for await (const { data } of kind === 'stream' ? answer.events() : []) {
      if (data === '[DONE]') done = true
      tokens += (data ?? '').split(TOKEN).length - 1
      one.received.push({ at: Date.now(), tokens })
    }
    if (kind === 'whole') await answer.bytes()
    one.finished = answer.status === 200 && answer.ending === 'complete' && (kind === 'whole' || done)
  } catch {
    // The gateway was taken away: what had come until then is what counts.
  } finally {
    one.over = true
  }
}

/** What the fault vendor writes for one token. */
const TOKEN = textOf(1)

/** A third each: one that says nothing of its usage before its end, one that counts as it goes, and one that is fast. */
function someStream(random: SeededRandom): Behaviour {
  const prompt = random.between(1, 5_000)
  const usage = { prompt, cached: random.between(0, prompt), reasoning: random.between(0, 3) }
  const events = (count: number, tokensMax: number) => Array.from({ length: count }, () => random.between(1, tokensMax))
  switch (random.between(0, 2)) {
    case 0:
      return stream({ usage, events: events(random.between(5, 150), 1), pace: every(random.between(15, 60)) })
    case 1:
      return stream({
        usage,
        usageIn: 'every',
        events: events(random.between(5, 100), 40),
        pace: every(random.between(20, 80)),
      })
    default:
      return stream({ usage, usageIn: 'every', events: events(150, 300), pace: every(30) })
  }
}

function someWhole(random: SeededRandom): Behaviour {
  const prompt = random.between(1, 5_000)
  const completion = random.between(1, 2_000)
  const usage = { prompt, completion, cached: random.between(0, prompt), reasoning: random.between(0, completion) }
  return whole({ usage, pace: every(random.between(5, 4_000)) })
}

const every = (ms: number) => ({ kind: 'every', ms }) as const
