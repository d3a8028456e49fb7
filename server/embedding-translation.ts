import { type EmbedAsked, EmbedReader, type EmbedWire, isEmbedWire, readEmbed, writeEmbed } from '../core/embedding.ts'
import type { EmbedRequest } from '../core/embed.ts'
import { Fault } from '../core/fault.ts'
import { PassingVectors } from '../core/passing-vectors.ts'
import type { Target } from '../core/route.ts'
import { refuseLoss } from '../core/translate.ts'
import { passingOf } from '../core/wires/passing.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Opened, Planned } from './exchange.ts'
import { nativeFind } from './native-find.ts'
import { parseBody } from './parse-body.ts'
import { contentTypeOf, shapeOf } from './reply-shape.ts'
import type { Translation } from './translation.ts'

/** Says a request for embeddings in the vendor's wire. */
export function translateEmbedding(planned: Planned, { provider, model }: Target): Translation {
  const asked = askedOf(planned)
  const wire = provider.wires.find(isEmbedWire)
  if (asked === undefined || wire === undefined) {
    throw new Fault('bad_request', `The model '${planned.fields.model}' does not serve this endpoint`, {
      field: 'model',
    })
  }
  const request = readEmbed(planned.parsed ?? parseBody(planned.body), asked)
  const written = writeEmbed(request, { wire, model })
  refuseLoss(written.losses, planned.lossMode)
  const bytes = encoder.encode(JSON.stringify(written.body))
  return {
    wire,
    stream: false,
    body: { chunks: [bytes], bytes: bytes.length },
    losses: written.losses,
    open: (run) => open(run, { asked, request, vendor: wire }),
  }
}

/** Vectors of the client's own wire: they go out as they came, unless the vendor sent numbers for base64 or the reverse. */
export function openSameEmbedding(planned: Planned, run: AttemptRun): Opened | undefined {
  const asked = askedOf(planned)
  if (asked?.wire !== 'openai-chat') return undefined
  const { model, encoding = 'float' } = planned.fields
  const rewritten = open(run, { asked, request: { model, inputs: [], encoding }, vendor: asked.wire })
  const { usage: flavour, spendLimitCodes = [] } = run.attempt.target.provider.kind
  const reader = new PassingVectors({
    encoding,
    passing: () => passingOf[asked.wire].whole({ flavour, spendLimitCodes }),
    rewriting: () => rewritten.reader,
    find: nativeFind,
  })
  return { ...rewritten, reader }
}

function askedOf({ endpoint, fields }: Planned): EmbedAsked | undefined {
  return isEmbedWire(endpoint.wire) ? { wire: endpoint.wire, model: fields.model, batch: endpoint.batch } : undefined
}

function open(
  run: AttemptRun,
  {
    asked,
    request,
    vendor,
  }: { readonly asked: EmbedAsked; readonly request: EmbedRequest; readonly vendor: EmbedWire },
): Opened {
  // Nothing streams here: whoever sends a stream sends no vectors.
  shapeOf(contentTypeOf(run), false)
  const reader = new EmbedReader({
    asked,
    request,
    vendor,
    spendLimitCodes: run.attempt.target.provider.kind.spendLimitCodes ?? [],
    replyBytesMax: REPLY_BYTES_MAX,
  })
  return { kind: 'whole', contentType: 'application/json', reader, faultFrame: () => '' }
}

/** Two thousand vectors of three thousand numbers, written out. */
const REPLY_BYTES_MAX = 134_217_728
const encoder = new TextEncoder()
