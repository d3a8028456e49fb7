import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { goodAnswer, streamTexts, type Asked } from './vendor-bodies.ts'
import type {
  Behaviour,
  Break,
  Drip,
  Flood,
  Headers,
  Manner,
  Pace,
  Raw,
  Rupture,
  Stream,
  Whole,
} from './vendor-script.ts'
import type { Truth } from './vendor-truth.ts'

const FLOOD_PIECE_BYTES = 65_536

/** One request that is to be answered. */
export interface Scene {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly truth: Truth
  readonly asked: Asked
  /** Waits for a call of `next`. */
  readonly permit: () => Promise<void>
  /** To be called after each change of the truth. */
  readonly changed: () => void
  /** Aborted when the other side has gone. */
  readonly gone: AbortSignal
}

/** Answers a request as the script says, writing down what was really sent. Ends when the answer is over, however it ends. */
export async function play(behaviour: Behaviour, scene: Scene): Promise<void> {
  try {
    await act(behaviour, scene)
    finish(scene, 'finished')
  } catch (error) {
    if (error instanceof Broken) {
      finish(scene, 'broken')
      rupture(scene.request.socket, error.how)
    } else if (scene.gone.aborted) finish(scene, 'left')
    else throw error
  }
}

function act(behaviour: Behaviour, scene: Scene): Promise<void> {
  switch (behaviour.kind) {
    case 'whole':
      return playWhole(behaviour, scene)
    case 'stream':
      return playStream(behaviour, scene)
    case 'hang':
      if (behaviour.after === 'head') writeHead(scene, 200, STREAM_HEADERS)
      return silence(scene)
    case 'raw':
      return playRaw(behaviour, scene)
    case 'drip':
      return playDrip(behaviour, scene)
    case 'flood':
      return playFlood(behaviour, scene)
  }
}

async function playWhole(script: Whole, scene: Scene): Promise<void> {
  await step(script.pace, scene)
  const plain = Buffer.from(script.body ?? JSON.stringify(goodAnswer(scene.asked, script.usage)))
  const body = script.manner === 'gzip' ? gzipSync(plain) : plain
  writeHead(scene, script.status, [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
    ...encoding(script.manner),
    ...script.headers,
  ])
  if (script.body === null) {
    scene.truth.tokensSent = script.usage.completion
    if (script.breaks === null) scene.truth.usageSent = script.usage
  }
  await write(scene, body, script)
  await end(scene)
}

async function playStream(script: Stream, scene: Scene): Promise<void> {
  writeHead(scene, 200, [...STREAM_HEADERS, ...encoding(script.manner), ...script.headers])
  let ending = false
  for (const event of streamTexts(script, scene.asked)) {
    breakAfterEvents(script.breaks, scene)
    // The end is one step, however many events it has.
    if (!ending) await step(script.pace, scene)
    ending = !event.content
    const bytes = Buffer.from(event.text.replaceAll('\n', script.newline) + script.newline.repeat(2))
    if (event.content) scene.truth.eventsSent++
    scene.truth.tokensSent += event.tokens
    if (event.usage !== null) scene.truth.usageSent = event.usage
    await write(scene, script.manner === 'gzip' ? gzipSync(bytes) : bytes, script)
  }
  breakAfterEvents(script.breaks, scene)
  if (!ending) await step(script.pace, scene)
  await end(scene)
}

async function playRaw({ text, then }: Raw, scene: Scene): Promise<void> {
  const { socket } = scene.request
  if (text !== '') await new Promise<void>((resolve) => socket.write(text, 'latin1', () => resolve()))
  throw new Broken(then)
}

async function playDrip({ text, everyMs }: Drip, scene: Scene): Promise<void> {
  writeHead(scene, 200, STREAM_HEADERS)
  for (;;) {
    await write(scene, Buffer.from(text), PLAIN)
    await pause(everyMs, undefined, { signal: scene.gone })
  }
}

async function playFlood({ as, bytes }: Flood, scene: Scene): Promise<void> {
  writeHead(scene, 200, as === 'stream' ? STREAM_HEADERS : [['content-type', 'application/json']])
  const opening = Buffer.from(as === 'stream' ? 'data: ' : '{"id":"')
  await write(scene, opening, PLAIN)
  const piece = Buffer.alloc(FLOOD_PIECE_BYTES, 'a')
  for (let left = bytes - opening.length; left > 0; left -= piece.length)
    await write(scene, piece.subarray(0, left), PLAIN)
  await end(scene)
}

const STREAM_HEADERS: Headers = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  ['cache-control', 'no-cache'],
]
const PLAIN: Writing = { manner: 'plain', breaks: null }

interface Writing {
  readonly manner: Manner
  readonly breaks: Break | null
}

/** Thrown where the script breaks off; the truth is written before the connection is. */
class Broken extends Error {
  readonly how: Rupture

  constructor(how: Rupture) {
    super(`broken off: ${how}`)
    this.how = how
  }
}

function writeHead({ response }: Scene, status: number, headers: Headers): void {
  // A header that the script gives takes the place of the usual one.
  const last = new Map(headers.map(([name, value]) => [name, value]))
  response.writeHead(status, [...last].flat())
  response.flushHeaders()
}

const encoding = (manner: Manner): Headers => (manner === 'gzip' ? [['content-encoding', 'gzip']] : [])

/** Hands bytes to the network and waits until it took them, up to the byte where the script breaks off. */
async function write(scene: Scene, bytes: Buffer, { manner, breaks }: Writing): Promise<void> {
  const room =
    breaks !== null && 'afterBytes' in breaks ? breaks.afterBytes - scene.truth.bytesSent : Number.POSITIVE_INFINITY
  const sent = bytes.subarray(0, room)
  const size = manner === 'byte-by-byte' ? 1 : Math.max(1, sent.length)
  for (let at = 0; at < sent.length; at += size) {
    scene.gone.throwIfAborted()
    scene.truth.bytesSent += size
    scene.changed()
    await handOver(scene, sent.subarray(at, at + size))
  }
  if (breaks !== null && room <= bytes.length) throw new Broken(breaks.how)
}

function handOver({ response, gone }: Scene, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const left = (): void => reject(gone.reason)
    gone.addEventListener('abort', left, { once: true })
    response.write(bytes, () => {
      gone.removeEventListener('abort', left)
      resolve()
    })
  })
}

/** Ends the answer as HTTP ends one, and waits until the network took it. */
function end({ response, gone }: Scene): Promise<void> {
  return new Promise((resolve, reject) => {
    const left = (): void => reject(gone.reason)
    gone.addEventListener('abort', left, { once: true })
    response.end(() => {
      gone.removeEventListener('abort', left)
      resolve()
    })
  })
}

async function step(pace: Pace, scene: Scene): Promise<void> {
  switch (pace.kind) {
    case 'at-once':
      return scene.gone.throwIfAborted()
    case 'every':
      return pause(pace.ms, undefined, { signal: scene.gone })
    case 'driven':
      return Promise.race([scene.permit(), silence(scene)])
  }
}

function breakAfterEvents(breaks: Break | null, { truth }: Scene): void {
  if (breaks !== null && 'afterEvents' in breaks && truth.eventsSent >= breaks.afterEvents) throw new Broken(breaks.how)
}

/** Never says anything again; rejects when the other side has gone. */
function silence({ gone }: Scene): Promise<never> {
  return new Promise((_, reject) => {
    if (gone.aborted) reject(gone.reason)
    gone.addEventListener('abort', () => reject(gone.reason), { once: true })
  })
}

function rupture(socket: Socket, how: Rupture): void {
  switch (how) {
    case 'close':
      socket.destroySoon()
      return
    case 'half-close':
      socket.end()
      return
    case 'reset':
      socket.resetAndDestroy()
      return
    case 'hang':
  }
}

function finish({ truth, changed }: Scene, state: Truth['state']): void {
  truth.state = state
  truth.endedAt = Date.now()
  changed()
}
