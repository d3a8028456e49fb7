import { asList, asObject, type Json, type JsonObject } from '../../core/json.ts'
import { objects } from '../../e2e/recordings/json-parts.ts'
import { type Frames, must, objectIn, type Streamed } from './strict-stream.ts'

/**
 * Objects of `streamGenerateContent`: each a reply of its own, without a name, a call whole in one part, nothing behind a reason to finish.
 * An error stands bare behind the events. There is no terminal: a stream has ended when its candidate has.
 */
export function strictGemini({ events, rest }: Frames): Streamed {
  const error = rest.trim() === '' ? null : errorIn(rest)
  const parts: Json[] = []
  let candidate: JsonObject = {}
  let whole: JsonObject = {}
  let isBlocked = false
  for (const { name, data } of events) {
    must(name === undefined, `objects have no names: ${name}`)
    const chunk = objectIn(data)
    must(chunk['error'] === undefined, 'an error in a frame is taken for an empty answer')
    must(
      asList(chunk['candidates']) !== undefined ||
        chunk['promptFeedback'] !== undefined ||
        chunk['usageMetadata'] !== undefined,
      `no reply: ${data}`,
    )
    whole = { ...whole, ...chunk }
    isBlocked ||= chunk['promptFeedback'] !== undefined
    for (const one of objects(chunk['candidates'])) {
      must(candidate['finishReason'] === undefined, 'a candidate goes on behind its end')
      candidate = { ...candidate, ...one }
      parts.push(...objects(asObject(one['content'])?.['parts']))
    }
  }
  const content = { ...asObject(candidate['content']), parts }
  const candidates = Object.keys(candidate).length === 0 ? [] : [{ ...candidate, content }]
  const ended = error === null && (candidate['finishReason'] !== undefined || isBlocked)
  return { reply: { ...whole, candidates }, error, ended }
}

function errorIn(rest: string): JsonObject {
  const { error } = objectIn(rest)
  return asObject(error) ?? {}
}
