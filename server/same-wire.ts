import type { Fault } from '../core/fault.ts'
import type { ReplyReader } from '../core/reply-reader.ts'
import { passingOf } from '../core/wires/passing.ts'
import { wires } from '../core/wires/index.ts'
import type { AttemptRun } from './attempt-run.ts'
import { openSameEmbedding } from './embedding-translation.ts'
import type { Opened, Planned } from './exchange.ts'
import { nativeFind } from './native-find.ts'
import { contentTypeOf, EVENT_BYTES_MAX, shapeOf } from './reply-shape.ts'

/** Reads an answer whose bytes go out as they came. */
export function openSame(planned: Planned, run: AttemptRun): Opened {
  const vectors = planned.operation === 'embeddings' ? openSameEmbedding(planned, run) : undefined
  if (vectors !== undefined) return vectors
  const contentType = contentTypeOf(run)
  const kind = shapeOf(contentType, planned.fields.stream)
  return { kind, contentType, reader: readerFor(planned, run, kind), faultFrame: (fault) => frame(planned, run, fault) }
}

function readerFor(planned: Planned, run: AttemptRun, kind: 'stream' | 'whole'): ReplyReader {
  const { kind: provider } = run.attempt.target.provider
  const spendLimitCodes = provider.spendLimitCodes ?? []
  const passing = passingOf[planned.endpoint.wire]
  if (kind === 'whole') return passing.whole({ flavour: provider.usage, spendLimitCodes })
  const { fields, operation } = planned
  return passing.stream({
    flavour: provider.usage,
    endsWithDone: provider.stream.done,
    // A vendor that sends it unasked sends it to everybody.
    hideUsage: !fields.usageAsked && provider.stream.usage === 'asked' && operation !== 'embeddings',
    inputEstimate: run.inputEstimate,
    eventBytesMax: EVENT_BYTES_MAX,
    spendLimitCodes,
    find: nativeFind,
  })
}

/** An error frame as a writer of this wire makes it that has written nothing yet. */
function frame({ endpoint, fields }: Planned, run: AttemptRun, fault: Fault): string {
  const chat = { model: fields.model, stream: true, turns: [], tools: [] }
  const writer = wires[endpoint.wire].stream.writer({
    requestId: run.requestId,
    createdAt: 0,
    inputEstimate: run.inputEstimate,
    usageAsked: false,
    chat,
  })
  return writer.fault(fault)
}
