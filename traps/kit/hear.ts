import { asObject, type JsonObject, parseJson } from '../../core/json.ts'
import { heard, type Heard } from './heard.ts'
import { must, strictStream } from './strict-stream.ts'
import { type Asked, type Got, sent, type Sent, stream, whole } from './trip.ts'

/** One answer of a vendor, in both ways. */
export interface Said {
  readonly whole: JsonObject
  readonly stream: string
}

/** What the client has of a good whole reply. */
export function hearWhole(to: Sent, reply: JsonObject): Heard {
  return heard(to.asked.client, bodyOf(whole(to, reply)))
}

/** What a strict client has of a good stream that came to its end. */
export function hearStream(to: Sent, events: string, options: Parameters<typeof stream>[2] = {}): Heard {
  const got = stream(to, events, options)
  must(got.status === 200, `${got.status} ${got.text}`)
  const { reply, error, ended } = strictStream(to.asked.client, got.text)
  must(error === null && ended, `the stream did not end well: ${got.text}`)
  return heard(to.asked.client, reply)
}

/** What the client has of an answer, asked for and given whole, then streamed. */
export const hearBoth = (asked: Asked, said: Said): readonly (readonly [way: string, heard: Heard])[] => [
  ['whole', hearWhole(sent({ ...asked, stream: false }), said.whole)],
  ['streamed', hearStream(sent({ ...asked, stream: true }), said.stream)],
]

/** The body of a good answer. */
export function bodyOf({ status, text }: Got): JsonObject {
  const body = asObject(parseJson(text))
  must(status === 200 && body !== undefined, `${status} ${text}`)
  return body
}

/** The body of an answer that is an error. */
export function errorOf({ status, text }: Got): JsonObject {
  const body = asObject(parseJson(text))
  must(status !== 200 && body !== undefined, `no error: ${status} ${text}`)
  return body
}
