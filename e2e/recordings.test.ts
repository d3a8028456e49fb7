import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { Catalog } from '../core/catalog.ts'
import { canonical } from '../core/contract/canonical.ts'
import { cut, readChunks, readEvents, type Torture, tortured, torture } from '../core/contract/streams.ts'
import { grammarFaults } from '../core/contract/wire-streams.ts'
import type { Part } from '../core/part.ts'
import { type Price, priceAt } from '../core/price.ts'
import type { Wire } from '../core/wire.ts'
import { wires } from '../core/wires/index.ts'
import { passingOf } from '../core/wires/passing.ts'
import { CATALOG_FOLDER, loadCatalog } from '../server/world/catalog-files.ts'
import { notRunMark } from './kit/not-run.ts'
import { judged, MAY_MISS } from './recordings/comparator.ts'
import { differencesOfReplies } from './recordings/differences.ts'
import { nextRequest, proofsIn } from './recordings/follow-up.ts'
import { faultsIn, messageIn } from './recordings/faults-in.ts'
import { loadRecordings, loadUsages, type Recording, recordingsMissing } from './recordings/load.ts'
import { framed, PASSING, passed, sizesOf } from './recordings/passing.ts'
import {
  dollars,
  inTheirWords,
  isPricedOtherwise,
  readUsage,
  type RecordedUsage,
  recordedUsages,
  theirCounts,
} from './recordings/prices.ts'
import { factsOf, type ReplyFacts } from './recordings/raw-reply.ts'
import { lastResponse, wholeOf } from './recordings/raw-stream.ts'
import { type Crash, judge, replay, type Trip, writtenFields } from './recordings/replay.ts'
import { Tally } from './recordings/tally.ts'
import { ACCOUNT, OTHER_ACCOUNT, readReply, streamOf, WRITE } from './recordings/trips.ts'

/** Trips that each missing field is tried on: more of them find no more. */
const TRIPS_MAX = 30
/** Cases that agree, or whose losses are reported, of each ordered pair of wires. */
const SHARE_MIN = 0.98
/** Errors about the account that the gateway uses: the client hears of them, not what the vendor says of it. */
const OUR_ACCOUNT = ['upstream_funds', 'upstream_auth_failed']
/** Cases with one fact in which it is right: under it, a writer has lost the fact. */
const FACT_SHARE_MIN = 0.8

const missing = recordingsMissing()
if (missing === null) describe('recorded exchanges with real vendors', replayed)

// Nobody's of this project, so not even a machine that must run everything has to have them: the run says that they were not there.
test.skipIf(missing !== null)(
  missing === null ? 'the recordings are there' : `${notRunMark}recorded exchanges (${missing})`,
  () => {
    expect(loadRecordings()).not.toEqual([])
  },
)

function replayed(): void {
  const recordings = loadRecordings()
  const all = Object.values(wires)

  describe.each(all.map((wire) => [wire.id, wire] as const))('%s at home', (id, wire) => {
    const own = recordings.filter((recording) => recording.wire === id)

    test('every request is written as it was read, without a loss', () => {
      const faults = faultsIn(withRequest(own), ({ request, model }) => {
        const chat = wire.request.read(request, { model, stream: request['stream'] === true })
        const { body, losses } = wire.request.write(chat, {
          model,
          account: ACCOUNT,
          outputTokensMax: null,
          dialect: {},
        })
        expect(canonical(body)).toBe(canonical(request))
        expect(losses).toEqual([])
      })
      expect(faults).toEqual([])
    })

    test('every reply is written as it was read', () => {
      const faults = faultsIn(withReply(own), ({ reply, flavour }) => {
        const parts = wire.reply.read(reply, readReply(flavour))
        expect(canonical(wire.reply.write(parts, WRITE).body)).toBe(canonical(reply))
        expect(grammarFaults(parts)).toEqual([])
      })
      expect(faults).toEqual([])
    })

    test('every stream is whole, well formed, and says what its own events say', () => {
      const faults = faultsIn(withStream(own), ({ stream, flavour }) => {
        const parts = readEvents(wire, stream, readReply(flavour))
        expect(grammarFaults(parts)).toEqual([])
        expect(parts.at(-1)?.kind).toBe('finish')
        const said = factsOf(id, wholeOf(id, stream), flavour)
        expect(differing(said, factsOf(id, wholeOf(id, streamOf(wire, parts))), id)).toEqual([])
      })
      expect(faults).toEqual([])
    })

    test('every stream gives the same parts under every torture of its bytes, and is never finished when it was cut', () => {
      const faults = faultsIn(withStream(own), ({ stream, flavour }) => {
        const context = readReply(flavour)
        const expected = canonical(readEvents(wire, stream, context))
        const same = (how: Torture): boolean =>
          canonical(readChunks(wire, tortured(stream, [': keep-alive'], how), context)) === expected
        expect(fc.check(fc.property(torture(), same), { numRuns: 2 }).counterexample).toBe(null)
        // The last events are what a stream ends with: the finish, the usage, the terminal of the line.
        const cuts = Array.from({ length: 12 }, (_, index) => Math.floor((index * (stream.length - 4)) / 12))
        const finished = cuts.filter((at) => readEvents(wire, stream.slice(0, Math.max(0, at)), context).some(isFinish))
        expect(finished).toEqual([])
      })
      expect(faults).toEqual([])
    })

    test('every stream and every reply passes byte by byte, and what is read in passing is what it says', () => {
      const streams = withStream(own).map(({ name, stream, flavour }) => ({
        name,
        bytes: encoder.encode(framed(stream, id === 'gemini' ? '\r\n' : '\n')),
        reader: () => passingOf[id].stream({ ...PASSING, flavour }),
        facts: factsOf(id, wholeOf(id, stream), flavour),
      }))
      const replies = withReply(own).map(({ name, reply, flavour }) => ({
        name,
        bytes: encoder.encode(JSON.stringify(reply)),
        reader: () => passingOf[id].whole({ ...PASSING, flavour }),
        facts: factsOf(id, reply, flavour),
      }))
      const faults = faultsIn([...streams, ...replies], ({ bytes, reader, facts }) => {
        for (const size of [bytes.length, 997, 7]) {
          const { out, ending, usage } = passed(reader(), cut(bytes, sizesOf(bytes, size)))
          expect(decoder.decode(out) === decoder.decode(bytes)).toBe(true)
          expect(ending).toBe('complete')
          expect(usage).toEqual(facts.usage === null ? null : { input: facts.usage.input, output: facts.usage.output })
        }
      })
      expect(faults).toEqual([])
    })

    test('every reply of any vendor means the same to a client of this wire whole and streamed', () => {
      const faults = faultsIn(withReply(recordings), ({ wire: issuer, reply, flavour }) => {
        const parts = wires[issuer].reply.read(reply, readReply(flavour))
        // At home a vendor's own way of counting is kept.
        const counts = issuer === id ? flavour : 'openai'
        const whole = factsOf(id, wire.reply.write(parts, WRITE).body, counts)
        expect(differing(whole, factsOf(id, wholeOf(id, streamOf(wire, parts)), counts), id)).toEqual([])
      })
      expect(faults).toEqual([])
    })
  })

  describe('translated to every other wire', () => {
    const { trips, crashes } = replay(wires, recordings)
    const limits = { shareMin: SHARE_MIN, factShareMin: FACT_SHARE_MIN }

    test('agrees by meaning, or the loss is reported, in nearly every case of every pair', () => {
      const tally = talliedOf(trips, crashes)
      console.log(`\n${tally.table()}\n\n${tally.compared} compared\n${tally.details()}`)
      expect(tally.red(limits)).toEqual([])
    })

    test('turns red when a writer leaves out any one field', () => {
      const unnoticed = [...Map.groupBy(trips, writerOf)].flatMap(([writer, written]) =>
        [...writtenFields(written)].flatMap(([field, there]) => {
          const some = there.slice(0, TRIPS_MAX)
          const before = talliedOf(some, []).red(limits)
          const found = talliedOf(some, [], field)
            .red(limits)
            .filter((one) => !before.includes(one))
          const mayMiss = MAY_MISS.some((may) => may.field.test(`${writer} ${field}`))
          return found.length > 0 || mayMiss ? [] : [`${writer} ${field}`]
        }),
      )
      expect(unnoticed).toEqual([])
    }, 180_000)
  })

  test('signed blocks come back unchanged to whom they are from after a trip through any wire, and to nobody else', () => {
    const trips = withReply(recordings).flatMap((recording) => {
      const proofs = proofsIn(recording.wire, recording.reply)
      const clients = all.filter(({ id }) => id !== recording.wire && proofs.length > 0)
      return clients.map((client) => ({ ...recording, name: `${recording.name} through ${client.id}`, client, proofs }))
    })
    expect(trips).not.toEqual([])
    const faults = faultsIn(trips, ({ wire: id, client, proofs, reply, flavour }) => {
      const issuer = wires[id]
      const shown = client.reply.write(issuer.reply.read(reply, readReply(flavour)), WRITE).body
      const chat = client.request.read(nextRequest(client.id, shown), { model: 'model', stream: false })
      const sent = (to: Wire, account: string): string =>
        JSON.stringify(
          to.request.write(chat, { model: 'model', account, outputTokensMax: 8_000, dialect: {}, foreign: true }).body,
        )
      const home = sent(issuer, ACCOUNT)
      expect(proofs.filter((proof) => !home.includes(JSON.stringify(proof)))).toEqual([])
      const elsewhere = [
        sent(issuer, OTHER_ACCOUNT),
        ...all.filter((wire) => wire !== issuer).map((wire) => sent(wire, ACCOUNT)),
      ]
      expect(proofs.filter((proof) => elsewhere.some((text) => text.includes(JSON.stringify(proof))))).toEqual([])
    })
    expect(faults).toEqual([])
  })

  test('errors keep their status, their kind and their message for clients of every wire', () => {
    const errors = recordings.flatMap(({ name, wire, error }) =>
      error === null ? [] : all.map((client) => ({ name: `${name} for ${client.id}`, wire, client, error })),
    )
    expect(errors).not.toEqual([])
    const faults = faultsIn(errors, ({ wire, client, error }) => {
      const fault = wires[wire].fault.read(error.status, error.body)
      const { status, body } = client.fault.write(fault, 'req_recordings')
      const message = JSON.stringify(messageIn(error.body).slice(0, 300)).slice(1, -1)
      const { isOurs, told } = {
        isOurs: OUR_ACCOUNT.includes(fault.code),
        told: JSON.stringify(body).includes(message),
      }
      expect({ status, told }).toEqual({ status: isOurs ? fault.status : error.status, told: !isOurs })
      const again = client.fault.read(status, body).code
      expect(isOurs ? fault.code : again).toBe(fault.code)
    })
    expect(faults).toEqual([])
  })

  describe('usage and money', () => {
    const usages = recordedUsages(loadUsages())

    test('every vendor’s counts are normalised as expected', () => {
      const faults = faultsIn(usages, (recorded) => {
        const usage = readUsage(wires[recorded.wire], recorded)
        expect(usage === undefined ? {} : inTheirWords(usage, recorded.expected)).toEqual(
          theirCounts(recorded.expected),
        )
      })
      expect(faults).toEqual([])
    })

    test('the cost is the same to a billionth for every model of which our catalogue has the same price', () => {
      const catalog = loadCatalog(CATALOG_FOLDER)
      const costs = usages.flatMap((recorded) => {
        const usage = readUsage(wires[recorded.wire], recorded)
        const price = priceAt(pricesOf(catalog, recorded), Date.parse('2026-11-20'))
        if (usage === undefined || price === undefined || recorded.price === null || isPricedOtherwise(recorded))
          return []
        const same = Math.abs(dollars(usage, price) - recorded.price) < 1e-9
        return [{ name: recorded.name, model: `${recorded.provider} ${recorded.model}`, same }]
      })
      const byModel = Map.groupBy(costs, ({ model }) => model)
      const known = costs.filter(({ model }) => byModel.get(model)?.some(({ same }) => same) === true)
      const other = [...byModel].filter(([, all]) => all.every(({ same }) => !same)).map(([model]) => model)
      console.log(`cost: ${known.length} compared; at another price: ${other.join(', ')}`)
      expect(known.filter(({ same }) => !same)).toEqual([])
      expect(known.length).toBeGreaterThan(other.length)
    })
  })

  describe('the yardstick itself', () => {
    test('what the deltas of a responses stream add up to is what its end says', () => {
      const streams = withStream(recordings).flatMap((recording) => {
        const last = recording.wire === 'openai-responses' ? lastResponse(recording.stream) : undefined
        return last === undefined ? [] : [{ ...recording, last }]
      })
      const faults = faultsIn(streams, ({ wire, stream, last }) => {
        expect(differing(factsOf(wire, last), factsOf(wire, wholeOf(wire, stream)), wire)).toEqual([])
      })
      expect(faults).toEqual([])
    })

    test('there is something to compare, of every wire', () => {
      for (const { id } of all) {
        const own = recordings.filter(({ wire }) => wire === id)
        expect(Math.min(withRequest(own).length, withReply(own).length, withStream(own).length)).toBeGreaterThan(10)
      }
    })
  })
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const withRequest = (all: readonly Recording[]) =>
  all.flatMap((recording) => (recording.request === null ? [] : [{ ...recording, request: recording.request }]))
const withReply = (all: readonly Recording[]) =>
  all.flatMap((recording) => (recording.reply === null ? [] : [{ ...recording, reply: recording.reply }]))
const withStream = (all: readonly Recording[]) =>
  all.flatMap((recording) => (recording.stream === null ? [] : [{ ...recording, stream: recording.stream }]))

const isFinish = ({ kind }: Part): boolean => kind === 'finish'

/** What differs in meaning between two replies of one wire. */
const differing = (expected: ReplyFacts, got: ReplyFacts, wire: WireId) =>
  judged(differencesOfReplies(expected, got), { from: wire, to: wire, kind: 'reply', losses: [] }, new Map()).disagree

/** What wrote it: three writers for each wire. */
const writerOf = ({ name, comparison: { to, kind } }: Trip): string =>
  `${to} ${kind !== 'reply' ? 'request' : name.endsWith('(stream)') ? 'stream' : 'reply'}`

function talliedOf(trips: readonly Trip[], crashes: readonly Crash[], missing?: string): Tally {
  const tally = new Tally()
  judge(trips, tally, missing)
  for (const { name, comparison, error } of crashes) tally.fail(name, comparison, error)
  return tally
}

/** Their names for vendors, and ours. */
const PROVIDERS: { readonly [provider: string]: string } = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'gemini',
  'x-ai': 'xai',
  groq: 'groq',
  mistral: 'mistral',
  deepseek: 'deepseek',
}

const pricesOf = ({ models }: Catalog, { provider, model }: RecordedUsage): readonly Price[] =>
  models.find((row) => row.provider === PROVIDERS[provider] && (row.id === model || row.aliases.includes(model ?? '')))
    ?.prices ?? []
