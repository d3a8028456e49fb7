import type { IncomingMessage } from 'node:http'
import type { Body } from '../../core/body.ts'
import { badField } from '../../core/fields.ts'
import { Fault } from '../../core/fault.ts'
import { JsonScan } from '../../core/json-scan.ts'
import { askingOf } from '../../core/wires/asking.ts'
import { scanFault } from '../../core/wires/openai-chat/asked.ts'
import type { Account } from '../account.ts'
import type { Asked, Known } from '../exchange.ts'
import { parseBody } from '../parse-body.ts'
import { decodedBody } from '../request-decoding.ts'
import type { World } from '../world.ts'

/**
 * Hop 3: what is asked. The body comes in here, scanned while it comes and kept as the chunks that it came in. Up to 64 KiB
 * it is parsed too, so that a malformed one is told its field; above, only the scan reads it, to the last byte.
 */
export async function ask(known: Known, world: World, account: Account): Promise<Asked> {
  const { limits } = known.snapshot.config
  checkHeaders(known.request, limits.bodyBytesMax)
  const asking = askingOf[known.endpoint.wire]
  const scan = new JsonScan(asking.keys, { depthMax: limits.jsonDepthMax, keysMax: limits.jsonKeysMax })
  const body = await receive(known.request, { scan, bodyBytesMax: limits.bodyBytesMax, held: heldBy(account, world) })
  const result = scan.finish()
  if (result.kind !== 'object') throw scanFault(result)
  const parsed = body.bytes <= PARSED_BYTES_MAX ? parseBody(body) : undefined
  if (parsed !== undefined) asking.check(known.operation, parsed)
  const fields = asking.read(result, known.endpoint.asked)
  const { previousResponseId: previous } = fields
  const boundTo = previous === undefined ? undefined : await keeperOf(previous, known, world)
  return { ...known, body, parsed, fields, boundTo }
}

/** Who keeps the earlier reply. One of another key does not exist: ids are no secret, and must open nothing (reliability 1.3). */
async function keeperOf(id: string, { key }: Known, world: World): Promise<string> {
  const owner = await world.storedReplies.find(id)
  if (owner?.keyId === key.id) return owner.provider
  throw badField('previous_response_id', `there is no response with the id '${id.slice(0, 100)}'`)
}

/** Up to here a parse costs microseconds; above, it would hold up everybody else (hot-path rule 7). */
const PARSED_BYTES_MAX = 65_536

function checkHeaders(request: IncomingMessage, bodyBytesMax: number): void {
  const { headers } = request
  if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax)
}

/** Collects the body. A problem that the scan finds ends the wait at once; what still comes is thrown away by the listener. */
function receive(
  request: IncomingMessage,
  { scan, bodyBytesMax, held }: { readonly scan: JsonScan; readonly bodyBytesMax: number; readonly held: Held },
): Promise<Body> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    let pauseAt = TURN_BYTES_MAX
    const { source, stop } = decodedBody(request)
    const refuse = (fault: Fault) => {
      stop()
      reject(fault)
    }
    source.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bodyBytesMax) return refuse(tooLarge(bodyBytesMax))
      if (bytes > PARSED_BYTES_MAX && !held(bytes)) return refuse(noRoom())
      chunks.push(chunk)
      const problem = scan.push(chunk)
      if (problem !== undefined && bytes > PARSED_BYTES_MAX) return refuse(scanFault(problem))
      if (bytes < pauseAt) return
      pauseAt = bytes + TURN_BYTES_MAX
      source.pause()
      setImmediate(() => source.resume())
    })
    source.on('end', () => resolve({ chunks, bytes }))
    if (source !== request) {
      source.on('error', () => refuse(notAsEncoded()))
      // What comes in is limited like what comes out: it may decode to nothing for ever.
      let encodedBytes = 0
      request.on('data', (chunk: Buffer) => {
        encodedBytes += chunk.length
        if (encodedBytes > bodyBytesMax) refuse(tooLarge(bodyBytesMax))
      })
    }
    request.on('close', () => {
      if (!request.complete) refuse(new Fault('client_gone', 'The request broke off'))
    })
  })
}

/** One turn of the event loop may bring two megabytes: scanning them all at once, where they are dense, would hold up everybody else (measured: 23 ms). */
const TURN_BYTES_MAX = 65_536

/** Says whether there is room for a body that has grown to `bytes`. */
type Held = (bytes: number) => boolean

/** Large bodies share a bounded amount of memory over all requests; what this one took is given back with the account. */
function heldBy(account: Account, world: World): Held {
  let taken = 0
  return (bytes) => {
    if (taken === 0) account.hold(() => world.largeBodies.give(taken))
    if (!world.largeBodies.take(bytes - taken)) return false
    taken = bytes
    return true
  }
}

const noRoom = () =>
  new Fault('overloaded', 'The gateway holds as many large requests as it can', { retryAfterSeconds: 1 })

const notAsEncoded = () => new Fault('bad_request', 'The request body is not what its content-encoding says')

const tooLarge = (bytesMax: number) => new Fault('body_too_large', `The request body is larger than ${bytesMax} bytes`)
