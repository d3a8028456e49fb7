import { afterAll, beforeAll, inject } from 'vitest'
import type { WireId } from '../../core/chat.ts'
import type { JsonObject } from '../../core/json.ts'
import { ask, openConnection, type RawRequest, type RawResponse } from '../../e2e/kit/client.ts'
import { embeddedDatabase } from '../../e2e/kit/embedded-database.ts'
import { type FaultVendor, startFaultVendor } from '../../e2e/kit/fault-vendor.ts'
import { readUsageRows, type UsageRow } from '../../e2e/kit/usage-rows.ts'
import { type Whole, whole } from '../../e2e/kit/vendor-script.ts'
import type { Seen } from '../../e2e/kit/vendor-truth.ts'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { asks } from './asks.ts'

/** The running gateway with a vendor of this file behind it. */
export interface ThroughGateway {
  readonly vendor: FaultVendor
  /** The vendor's root, without a path. */
  readonly root: string
  /** The request that came to the vendor last. */
  readonly lastSeen: () => Seen
  /** Sends a chat and leaves as soon as the vendor has it. */
  readonly leaveEarly: (pair: Pair) => Promise<void>
  readonly post: (path: string, request: Pick<RawRequest, 'body' | 'headers'>) => Promise<RawResponse>
  /** A chat of a client with a vendor, by the wires of both. */
  readonly chat: (pair: Pair, more?: ChatOptions) => Promise<RawResponse>
  /** What was written down of the requests that these answer, in their order. To wait once for many is quicker. */
  readonly recordsOf: (...answers: readonly RawResponse[]) => Promise<readonly UsageRow[]>
}

export interface Pair {
  readonly client: WireId
  readonly vendor: WireId
}

export interface ChatOptions {
  readonly stream?: boolean
  readonly body?: JsonObject
  readonly headers?: RawRequest['headers']
}

/** Call it at the top of a file; use what it gives inside tests. */
export function throughGateway(): ThroughGateway {
  const running: { vendor?: FaultVendor } = {}
  const { url, key, dataDir, vendorPort } = inject('trapGateway')
  beforeAll(async () => {
    running.vendor = await startFaultVendor({ port: vendorPort })
  })
  afterAll(() => running.vendor?.close())
  const vendor = (): FaultVendor => {
    if (running.vendor === undefined) throw new Error('the vendor runs inside tests only')
    return running.vendor
  }
  const post: ThroughGateway['post'] = (path, request) => ask(url, path, { ...request, key })
  return {
    get vendor() {
      return vendor()
    },
    root: `http://127.0.0.1:${vendorPort}`,
    lastSeen: () => {
      const seen = vendor().seen.at(-1)
      if (seen === undefined) throw new Error('the vendor has seen nothing')
      return seen
    },
    post,
    chat: (pair, { headers = [], ...options } = {}) => {
      const { path, body } = chatOf(pair, options)
      return post(path, { body, headers })
    },
    leaveEarly: async (pair) => {
      const { path, body } = chatOf(pair, { stream: true })
      const number = vendor().seen.length
      const connection = await openConnection(url)
      const text = JSON.stringify(body)
      const length = Buffer.byteLength(text)
      const head = `POST ${path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${key}\r\ncontent-length: ${length}\r\n\r\n`
      connection.write(head + text)
      await vendor().waitFor((seen) => seen.number === number)
      connection.close()
    },
    recordsOf: (...answers) =>
      waitUntil('the records of requests', async () => {
        const rows = await readUsageRows(await embeddedDatabase(dataDir))
        const byRequest = new Map(rows.map((row) => [row.requestId, row]))
        const found = answers.map((answer) => byRequest.get(answer.header('x-sekisho-request-id') ?? ''))
        return found.every((row) => row !== undefined) && found
      }),
  }
}

/** A good answer with this text as its body. */
export const json = (body: JsonObject): Whole => whole({ body: JSON.stringify(body) })
export const events = (text: string): Whole => whole({ headers: [['content-type', 'text/event-stream']], body: text })

function chatOf({ client, vendor }: Pair, { stream = false, body = asks(client) }: Omit<ChatOptions, 'headers'>) {
  const model = `${vendor}/m-1`
  const asked = client === 'gemini' ? body : { model, ...body, ...(stream ? { stream } : {}) }
  return { path: pathOf(client, { model, stream }), body: asked }
}

function pathOf(client: WireId, { model, stream }: { readonly model: string; readonly stream: boolean }): string {
  switch (client) {
    case 'openai-chat':
      return '/v1/chat/completions'
    case 'openai-responses':
      return '/v1/responses'
    case 'anthropic':
      return '/v1/messages'
    case 'gemini':
      return `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`
  }
}
