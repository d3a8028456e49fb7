import type { WireId } from '../../core/chat.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Loss } from '../../core/loss.ts'
import type { Wire } from '../../core/wire.ts'
import type { Comparison } from './comparator.ts'
import { type Difference, differencesOfReplies, differencesOfRequests, replyFacts } from './differences.ts'
import { nextRequest, proofsIn } from './follow-up.ts'
import { formOfReply, formOfRequest } from './form.ts'
import { chunksOf } from './json-parts.ts'
import type { Recording } from './load.ts'
import { factsOf, type ReplyFacts } from './raw-reply.ts'
import { wholeOf } from './raw-stream.ts'
import { type RequestFacts, requestFacts, type Word, wordsIn } from './request-facts.ts'
import { fieldsIn, Shapes, without } from './shapes.ts'
import type { Tally } from './tally.ts'
import { ACCOUNT, readRequest, replyTrip, requestTrip, streamTrip } from './trips.ts'

export type Wires = { readonly [id in WireId]: Wire }

/** Something that was translated, and how it is judged: again and again, also with a field missing. */
export interface Trip {
  readonly name: string
  readonly comparison: Comparison
  /** What was written: one body, or the data of each event. */
  readonly bodies: readonly JsonObject[]
  readonly judge: (bodies: readonly JsonObject[]) => {
    readonly facts: readonly string[]
    readonly differences: readonly Difference[]
  }
}

/** A trip that ended in an error. */
export interface Crash {
  readonly name: string
  readonly comparison: Comparison
  readonly error: unknown
}

/** Translates everything from every wire to every other one. */
export function replay(
  wires: Wires,
  recordings: readonly Recording[],
): { readonly trips: readonly Trip[]; readonly crashes: readonly Crash[] } {
  const shapes = learntFrom(recordings)
  const trips: Trip[] = []
  const crashes: Crash[] = []
  for (const recording of recordings) {
    for (const to of Object.values(wires)) {
      const from = wires[recording.wire]
      if (from === to) continue
      for (const [kind, start] of startsOf(recording, { from, to, recordings, shapes, wires })) {
        const comparison: Comparison = { from: from.id, to: to.id, kind, losses: [] }
        try {
          trips.push(...start())
        } catch (error) {
          crashes.push({ name: recording.name, comparison, error })
        }
      }
    }
  }
  return { trips, crashes }
}

/** Judges trips, with a field missing from everything that was written if one is named. */
export function judge(trips: readonly Trip[], tally: Tally, missing?: string): void {
  for (const { name, comparison, bodies, judge } of trips) {
    try {
      tally.add(name, comparison, judge(missing === undefined ? bodies : bodies.map((body) => without(body, missing))))
    } catch (error) {
      tally.fail(name, comparison, error)
    }
  }
}

/** The fields that were written, and the trips that each stands in: first those where it says something. */
export function writtenFields(trips: readonly Trip[]): ReadonlyMap<string, readonly Trip[]> {
  const fields = new Map<string, { readonly telling: Trip[]; readonly silent: Trip[] }>()
  for (const trip of trips) {
    const found = new Map<string, boolean>()
    for (const body of trip.bodies)
      for (const [field, tells] of fieldsIn(body)) found.set(field, found.get(field) === true || tells)
    for (const [field, tells] of found) {
      const known = fields.get(field) ?? { telling: [], silent: [] }
      fields.set(field, known)
      known[tells ? 'telling' : 'silent'].push(trip)
    }
  }
  return new Map([...fields].map(([field, { telling, silent }]) => [field, [...telling, ...silent]]))
}

interface Between {
  readonly from: Wire
  readonly to: Wire
  readonly wires: Wires
  readonly recordings: readonly Recording[]
  readonly shapes: LearntShapes
}

interface LearntShapes {
  readonly requests: Shapes
  readonly replies: Shapes
  readonly events: Shapes
}

/** What vendors themselves send, as each is reached at home. */
function learntFrom(recordings: readonly Recording[]): LearntShapes {
  const shapes: LearntShapes = { requests: new Shapes(), replies: new Shapes(), events: new Shapes() }
  for (const { wire, request, reply, stream, sameCase } of recordings) {
    // Only the cases were all recorded at the wire's own vendor.
    const own = { own: sameCase !== null }
    if (request !== null) shapes.requests.learn(wire, request, own)
    if (reply !== null) shapes.replies.learn(wire, reply, own)
    // The counts of a stream's last chunk are those of a whole reply.
    if (reply !== null && wire === 'openai-chat') shapes.events.learn(wire, reply, own)
    for (const chunk of chunksOf(stream ?? [])) shapes.events.learn(wire, chunk, own)
  }
  return shapes
}

type Start = readonly [kind: Comparison['kind'], start: () => readonly Trip[]]

function startsOf(recording: Recording, between: Between): readonly Start[] {
  const { request, reply, stream } = recording
  return [
    ...(request === null ? [] : ([['kept', () => requestTrips(recording, between)]] as const)),
    ...(reply === null ? [] : ([['reply', () => wholeTrips(recording, reply, between)]] as const)),
    ...(stream === null ? [] : ([['reply', () => streamTrips(recording, between)]] as const)),
  ]
}

function requestTrips(recording: Recording, { from, to, wires, recordings, shapes }: Between): readonly Trip[] {
  // What follows an answer quotes it, and every vendor answered otherwise.
  const native = recordings.find(
    ({ sameCase, wire, request, isFirst }) =>
      isFirst && recording.isFirst && sameCase === recording.sameCase && wire === to.id && request !== null,
  )
  const { chat, body, losses } = requestTrip(recording, { from, to, native })
  const asked = requestFacts(chat)
  const back = (written: JsonObject): RequestFacts =>
    requestFacts(
      to.request.read(written, {
        model: 'model',
        stream: to.id === 'gemini' ? chat.stream : written['stream'] === true,
      }),
    )
  const words = wordsIn(recording.request ?? {})
  const trip = (kind: 'kept' | 'native', expected: RequestFacts): Trip => ({
    name: recording.name,
    comparison: { from: from.id, to: to.id, kind, losses, asked },
    bodies: [body],
    judge: ([written = {}]) => {
      const got = back(written)
      const shape = shapes.requests.check(to.id, written)
      return {
        facts: [...expected.keys(), ...shape.wanted, ...FORM, 'words'],
        differences: [
          ...differencesOfRequests(expected, got),
          ...missingFields([...shape.missing, ...formOfRequest(to.id, written)]),
          ...missingWords(words, written, losses),
        ],
      }
    },
  })
  return [
    trip('kept', asked),
    ...(native === undefined ? [] : [trip('native', requestFacts(readRequest(wires[to.id], native)))]),
  ]
}

/** Whatever a person or program wrote into the request stands somewhere in what we wrote, unless the field that it stood in was reported. */
function missingWords(words: readonly Word[], written: JsonObject, losses: readonly Loss[]): readonly Difference[] {
  const all = squeezed(JSON.stringify(written))
  const isThere = ({ text }: Word): boolean => {
    const once = JSON.stringify(text).slice(1, -1)
    return [once, JSON.stringify(once).slice(1, -1)].some((spelt) => all.includes(squeezed(spelt)))
  }
  const isReported = ({ path }: Word): boolean =>
    losses.some(({ field, what }) => what !== 'clamped' && path.includes(field.slice(field.lastIndexOf('.') + 1)))
  const missing = words.filter((word) => !isThere(word) && !isReported(word))
  return missing.length === 0 ? [] : [{ fact: 'words', expected: missing.map(({ text }) => text), got: undefined }]
}

/** White space between pieces is the wire's business. */
const squeezed = (text: string): string => text.replace(/\\+n|\s/g, '')

const missingFields = (missing: readonly string[]): readonly Difference[] =>
  missing.map((fact) => ({ fact, expected: 'always there at the vendor', got: undefined }))

function wholeTrips({ name, flavour }: Recording, reply: JsonObject, between: Between): readonly Trip[] {
  const { from, to, shapes } = between
  const { body, losses } = replyTrip(reply, { from, to, flavour })
  const judge = judgeReply(factsOf(from.id, reply, flavour), proofsIn(from.id, reply), between)
  return [
    {
      name,
      comparison: { from: from.id, to: to.id, kind: 'reply', losses },
      bodies: [body],
      judge: ([written = {}]) => judge(written, shapes.replies.check(to.id, written)),
    },
  ]
}

function streamTrips({ name, stream, flavour }: Recording, between: Between): readonly Trip[] {
  const { from, to, shapes } = between
  const { events, losses } = streamTrip(stream ?? [], { from, to, flavour })
  const native = wholeOf(from.id, stream ?? [])
  const judge = judgeReply(factsOf(from.id, native, flavour), proofsIn(from.id, native), between)
  return [
    {
      name: `${name} (stream)`,
      comparison: { from: from.id, to: to.id, kind: 'reply', losses },
      bodies: chunksOf(events),
      judge: (written) => {
        const checks = written.map((chunk) => shapes.events.check(to.id, chunk))
        const whole = wholeOf(
          to.id,
          written.map((chunk) => ({ name: undefined, data: JSON.stringify(chunk) })),
        )
        const wanted = [...new Set(checks.flatMap((check) => check.wanted))]
        return judge(whole, { wanted, missing: [...new Set(checks.flatMap((check) => check.missing))] })
      },
    },
  ]
}

/** Judges a whole reply, written so or put together from a stream. */
function judgeReply(expected: ReplyFacts, proofs: readonly string[], { from, to }: Between) {
  return (written: JsonObject, shape: { readonly wanted: readonly string[]; readonly missing: readonly string[] }) => {
    const got = factsOf(to.id, written)
    const lost = proofs.filter((proof) => !comesBack(proof, written, { from, to }))
    return {
      facts: [...said(expected, got), ...shape.wanted, ...FORM, ...(proofs.length > 0 ? ['proofs come back'] : [])],
      differences: [
        ...differencesOfReplies(expected, got),
        ...missingFields([...shape.missing, ...formOfReply(to.id, written)]),
        ...(lost.length > 0 ? [{ fact: 'proofs come back', expected: lost, got: undefined }] : []),
      ],
    }
  }
}

/** Whether the client's next request, with the reply as it got it, brings a proof back to its issuer. */
function comesBack(
  proof: string,
  written: JsonObject,
  { from, to }: { readonly from: Wire; readonly to: Wire },
): boolean {
  const chat = to.request.read(nextRequest(to.id, written), { model: 'model', stream: false })
  const target = { model: 'model', account: ACCOUNT, outputTokensMax: 8_000, dialect: {}, foreign: true } as const
  return JSON.stringify(from.request.write(chat, target).body).includes(JSON.stringify(proof))
}

/** Every rule of form is one that may be broken anywhere. */
const FORM = ['form: model', 'form: role', 'form: type of a call']

/** The facts that this reply has anything of. */
function said(expected: ReplyFacts, got: ReplyFacts): readonly string[] {
  const isSaid = (value: Json): boolean =>
    value !== '' && value !== null && value !== 0 && JSON.stringify(value) !== '[]'
  const entries = [replyFacts(expected), replyFacts(got)].flatMap((facts) => Object.entries(facts))
  return [...new Set(entries.flatMap(([fact, value]) => (isSaid(value) ? [fact] : [])))]
}
