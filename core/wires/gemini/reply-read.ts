import { Fault } from '../../fault.ts'
import { asList, asObject, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply, StreamReader } from '../../wire.ts'
import { ReplyParts } from './reply-parts.ts'

/** A whole reply. Throws `upstream_error` when it is not of this wire, or does not say how it ended. */
export function readReply(body: JsonObject, context: ReadReply): readonly Part[] {
  const reply = new ReplyParts(context, 'whole')
  const parts = [...reply.push(body), ...reply.end()]
  const last = parts.at(-1)?.kind
  if (last === 'finish' || last === 'fault') return parts
  throw notThisWire('broken_reply')
}

/**
 * Reads a stream: each event holds a whole response object, without a name and without a terminal behind the last one. The reply is
 * finished when the vendor closes its side and every candidate has said how it ended. Throws `upstream_error` for nonsense.
 */
export function streamReader(context: ReadReply): StreamReader {
  const reply = new ReplyParts(context, 'stream')
  return {
    push: ({ data }) => {
      if (data.trim() === '') return []
      const json = parseJson(data)
      // An error may come as a list of one (the compatible endpoint), or bare behind the events (wire-formats 1.3).
      const body = asObject(asList(json)?.[0] ?? json)
      if (body === undefined)
        throw new Fault('upstream_error', 'The provider sent an event that is not of its wire', {
          reason: 'broken_event',
        })
      return reply.push(body)
    },
    end: () => reply.end(),
  }
}
