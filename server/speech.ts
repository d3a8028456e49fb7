import type { IncomingHttpHeaders } from 'node:http'
import { type Body, edited, includes } from '../core/body.ts'
import type { Capabilities } from '../core/capabilities.ts'
import type { WireId } from '../core/chat.ts'
import type { Loss } from '../core/loss.ts'
import { PROOF_MARK, PROOF_MARK_BASE64 } from '../core/proof.ts'
import type { Header } from '../core/provider.ts'
import { type Attempt, requestPath, type Target } from '../core/route.ts'
import { askingOf } from '../core/wires/asking.ts'
import type { Account } from './account.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Opened, Planned } from './exchange.ts'
import { nativeFind } from './native-find.ts'
import { translateEmbedding } from './embedding-translation.ts'
import { openSame } from './same-wire.ts'
import { type Translation, translate } from './translation.ts'
import type { World } from './world.ts'
import type { VendorRequest } from './world/connect.ts'

/** How one attempt is asked, and how its answer is read. */
export interface Spoken {
  readonly request: VendorRequest
  /** The wire of the vendor's answer. */
  readonly wire: WireId
  /** Whether the client reads that wire: then the vendor's own errors go out as they came. */
  readonly same: boolean
  readonly losses: readonly Loss[]
  /** Begins to read the answer. */
  readonly open: (run: AttemptRun) => Opened
}

interface Parts {
  readonly world: World
  readonly account: Account
}

/** What is sent for this attempt: the client's own bytes with a few edits where the vendor speaks its wire, else a translation. */
export function speak(planned: Planned, attempt: Attempt, parts: Parts): Spoken | Promise<Spoken> {
  const wire = wireOf(planned, attempt.target)
  if (wire !== undefined) return speakSame(planned, attempt, { account: parts.account, wire })
  const told = (translation: Translation) => speakTranslated(planned, attempt, { translation, account: parts.account })
  if (planned.operation === 'embeddings') return told(translateEmbedding(planned, attempt.target))
  const translation = translate(planned, attempt.target, parts)
  return translation instanceof Promise ? translation.then(told) : told(translation)
}

/** The client's wire if the vendor can be given the body as it is. */
function wireOf(planned: Planned, { provider, operations, capabilities }: Target): WireId | undefined {
  const { endpoint, operation, body } = planned
  if (!provider.wires.includes(endpoint.wire)) return undefined
  if (operation === 'embeddings') return endpoint.wire
  if (operation === 'completions' && !operations.includes('completions')) return undefined
  if (endpoint.form === 'gemini-list' || isBridged(planned, capabilities)) return undefined
  // Another vendor's proof in our wrapping would be taken for one of its own that is broken.
  const mark = endpoint.wire === 'gemini' ? PROOF_BYTES_BASE64 : PROOF_BYTES
  return includes(body, mark, nativeFind) ? undefined : endpoint.wire
}

const PROOF_BYTES = Buffer.from(PROOF_MARK)
const PROOF_BYTES_BASE64 = Buffer.from(PROOF_MARK_BASE64)

/** Whether this model may need the responses endpoint for a chat request: then it is read to find out. */
function isBridged({ endpoint, parsed }: Planned, { responsesOnly }: Capabilities): boolean {
  if (responsesOnly === undefined || endpoint.wire !== 'openai-chat') return false
  return responsesOnly === 'always' || parsed === undefined || parsed['tools'] !== undefined
}

function speakSame(
  planned: Planned,
  { target, node }: Attempt,
  { account, wire }: { readonly account: Account; readonly wire: WireId },
): Spoken {
  const { provider } = target
  const { endpoint, operation, fields } = planned
  const edits = askingOf[wire].edits(fields, { model: target.model, provider, operation })
  const path = requestPath(provider, node, {
    operation,
    wire,
    model: target.model,
    stream: fields.stream,
    batch: endpoint.batch,
  })
  const headers = headersFor(target, account, fields.stream)
  pushPassed(headers, planned.request.headers, { wire, own: provider.kind.headers?.[wire] ?? [] })
  const request = requestOf(target, { path, headers, body: edited(planned.body, edits) })
  return { request, wire, same: true, losses: NONE, open: (run) => openSame(planned, run) }
}

function speakTranslated(
  { endpoint, operation }: Planned,
  { target, node }: Attempt,
  { translation, account }: { readonly translation: Translation; readonly account: Account },
): Spoken {
  const { provider } = target
  const { wire, stream, losses, open, body } = translation
  const path = requestPath(provider, node, {
    operation: operation === 'embeddings' ? operation : 'chat',
    wire,
    model: target.model,
    stream,
    batch: true,
  })
  const headers = headersFor(target, account, stream)
  for (const header of provider.kind.headers?.[wire] ?? []) headers.push(...header)
  return { request: requestOf(target, { path, headers, body }), wire, same: wire === endpoint.wire, losses, open }
}

const NONE: readonly Loss[] = []

const requestOf = (
  { provider }: Target,
  request: { readonly path: string; readonly headers: readonly string[]; readonly body: Body },
): VendorRequest => ({ ...request, connectMs: provider.timeouts.connectMs })

function headersFor({ provider }: Target, account: Account, stream: boolean): string[] {
  const headers = [
    'content-type',
    'application/json',
    'user-agent',
    'sekisho',
    'x-sekisho-request-id',
    account.requestId,
  ]
  if (stream) headers.push('accept', 'text/event-stream')
  if (provider.authHeader !== null) headers.push(...provider.authHeader)
  return headers
}

/**
 * What a client of the wire says in headers goes on to a vendor of the same wire, as an open list by prefix: versions and betas come
 * weekly (wire-formats 2.4). What the vendor wants and the client did not say is added.
 */
function pushPassed(
  headers: string[],
  sent: IncomingHttpHeaders,
  { wire, own }: { readonly wire: WireId; readonly own: readonly Header[] },
): void {
  switch (wire) {
    case 'openai-chat':
    case 'openai-responses':
      if (sent[OPENAI_BETA] !== undefined) headers.push(OPENAI_BETA, String(sent[OPENAI_BETA]))
      break
    case 'anthropic':
      for (const [name, value] of Object.entries(sent)) {
        if (name.startsWith(ANTHROPIC_PREFIX) && typeof value === 'string') headers.push(name, value)
      }
      break
    // Google's headers name projects and keys, which are ours.
    case 'gemini':
  }
  for (const [name, value] of own) if (sent[name] === undefined) headers.push(name, value)
}

const OPENAI_BETA = 'openai-beta'
const ANTHROPIC_PREFIX = 'anthropic-'
