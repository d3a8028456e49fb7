import type { Block } from '../../chat.ts'
import { type Collected, type CollectedBlock, collect } from '../../collect.ts'
import { given } from '../../given.ts'
import { asObject, type JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import type { WriteReply, WrittenReply } from '../../wire.ts'
import { ResponseWriter } from './response-writer.ts'
import { WIRE } from './spelling.ts'
import { turnItems } from './turn-write.ts'
import { sameWriting } from './writing.ts'

/** A whole response for a client: as it came where the vendor speaks this wire too, else built anew. */
export function writeReply(parts: readonly Part[], context: WriteReply): WrittenReply {
  const whole = collect(parts)
  if (whole.finishOwn?.wire === WIRE) return { body: ownResponse(whole, whole.finishOwn.fields), losses: [] }
  const writer = new ResponseWriter(context)
  const responses = parts.flatMap((part) => writer.push(part)).flatMap(({ response }) => response ?? [])
  return { body: asObject(responses.at(-1)) ?? writer.response('in_progress'), losses: writer.losses.list() }
}

function ownResponse({ id, model, createdAt, choices, usage }: Collected, fields: JsonObject): JsonObject {
  const blocks = choices[0]?.blocks.map(blockOf) ?? []
  const output = blocks.length === 0 ? [] : turnItems({ role: 'assistant', blocks }, sameWriting(undefined))
  return {
    ...(id === '' ? {} : { id }),
    ...(model === '' ? {} : { model }),
    ...given({ created_at: createdAt, usage: usage?.own?.fields }),
    ...fields,
    output,
  }
}

/** What the block would be if the client sent it back: its item is the same in both directions. */
function blockOf({ content, text, citations, proof, closeOwn: own }: CollectedBlock): Block {
  const more = given({ proof, own })
  switch (content.kind) {
    case 'text':
      return { kind: 'text', text, ...(citations.length === 0 ? {} : { citations }), ...more }
    case 'refusal':
      return { kind: 'refusal', text, ...more }
    case 'reasoning':
      return { ...content, text, ...more }
    case 'call':
      return { kind: 'call', id: content.id, name: content.name, input: { kind: content.input, text }, ...more }
    case 'media': {
      const { mediaType, base64 } = content
      return { kind: 'image', source: { kind: 'data', mediaType, base64 }, ...more }
    }
    case 'foreign':
      return { ...content, ...more }
  }
}
