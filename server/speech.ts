import type { IncomingHttpHeaders } from 'node:http'
import { type Body, edited } from '../core/body.ts'
import type { WireId } from '../core/chat.ts'
import type { Loss } from '../core/loss.ts'
import type { Header } from '../core/provider.ts'
import { type Attempt, requestPath, type Target } from '../core/route.ts'
import { askingOf } from '../core/wires/asking.ts'
import type { Account } from './account.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Opened, Planned } from './exchange.ts'
import { translateEmbedding } from './embedding-translation.ts'
import { passingWire } from './passing-wire.ts'
import { renamedBody } from './renamed-body.ts'
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
  const wire = passingWire(planned, attempt.target)
  if (wire !== undefined) return speakSame(planned, attempt, { account: parts.account, wire })
  const told = (translation: Translation) => speakTranslated(planned, attempt, { translation, account: parts.account })
  if (planned.operation === 'embeddings') return told(translateEmbedding(planned, attempt.target))
  const translation = translate(planned, attempt.target, parts)
  return translation instanceof Promise ? translation.then(told) : told(translation)
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
  const request = requestOf(target, { path, headers, body: edited(renamedBody(planned, target.model), edits) })
  return { request, wire, same: true, losses: NONE, open: (run) => openSame(planned, run) }
}

function speakTranslated(
  { endpoint, operation, request }: Planned,
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
  const same = wire === endpoint.wire
  // A body that was only read on its way keeps its betas, and those travel in pairs with their headers.
  pushPassed(headers, same ? request.headers : NO_HEADERS, { wire, own: provider.kind.headers?.[wire] ?? [] })
  return { request: requestOf(target, { path, headers, body }), wire, same, losses, open }
}

const NONE: readonly Loss[] = []
const NO_HEADERS: IncomingHttpHeaders = {}

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
        const passes = name.startsWith(ANTHROPIC_PREFIX) && name !== ANTHROPIC_WORKSPACE
        if (passes && typeof value === 'string') headers.push(name, value)
      }
      break
    // Google's headers name projects and keys, which are ours.
    case 'gemini':
  }
  for (const [name, value] of own) if (sent[name] === undefined) headers.push(name, value)
}

const OPENAI_BETA = 'openai-beta'
const ANTHROPIC_PREFIX = 'anthropic-'
/** A part of our account: which one is used is not the client's to say. */
const ANTHROPIC_WORKSPACE = 'anthropic-workspace-id'
