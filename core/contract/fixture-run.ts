import { expect } from 'vitest'
import type { Chat } from '../chat.ts'
import { Fault, faultOf } from '../fault.ts'
import { fit } from '../fit.ts'
import { parseJson } from '../json.ts'
import type { Loss } from '../loss.ts'
import type { Part } from '../part.ts'
import { undoing } from '../undo.ts'
import type { ReadReply, Undo, Wire, WriteReply } from '../wire.ts'
import { canonical } from './canonical.ts'
import { asking } from './chat-parts.ts'
import type { Fixture } from './fixture.ts'
import { meaning } from './meaning.ts'
import { cut, eventsIn, readChunks, readStream } from './streams.ts'

/** The two sides of a case. */
export interface Sides {
  readonly client: Wire
  readonly vendor: Wire
}

/** What a case checks, by name: only what stands in its file. */
export function checksOf(fixture: Fixture, sides: Sides): readonly (readonly [name: string, check: () => void])[] {
  const {
    clientRequest,
    vendorRequest,
    vendorReply,
    clientReply,
    vendorStream,
    clientStream,
    vendorError,
    clientError,
  } = fixture.sections
  const checks: (readonly [string, boolean, () => void])[] = [
    ['request', vendorRequest !== undefined, () => checkRequest(fixture, sides)],
    ['reply', clientReply !== undefined, () => checkReply(fixture, sides)],
    ['stream', clientStream !== undefined, () => checkStream(fixture, sides)],
    [
      'whole and streamed reply are the same',
      vendorReply !== undefined && vendorStream !== undefined,
      () => checkSame(fixture, sides),
    ],
    ['error', clientError !== undefined, () => checkError(fixture, sides)],
  ]
  const orphans =
    (vendorRequest !== undefined && clientRequest === undefined) ||
    (clientReply !== undefined && vendorReply === undefined) ||
    (clientStream !== undefined && vendorStream === undefined) ||
    (vendorError !== undefined && clientError === undefined)
  const sections: readonly [string, boolean, () => void] = [
    'a section that needs another one which is not there',
    orphans,
    () => {
      throw new Error('a result stands in the file without what it comes from')
    },
  ]
  return [...checks, sections].filter(([, there]) => there).map(([name, , check]) => [name, check])
}

function checkRequest(fixture: Fixture, sides: Sides): void {
  const { written, losses } = translated(fixture, sides)
  expect(canonical(written.body)).toBe(canonical(fixture.sections.vendorRequest))
  expect(said(losses), 'losses').toEqual(fixture.sections.losses.toSorted())
}

function checkReply(fixture: Fixture, sides: Sides): void {
  const parts = sides.vendor.reply.read(fixture.sections.vendorReply ?? {}, readReply(fixture))
  const { body, losses } = sides.client.reply.write(undone(parts, undoOf(fixture, sides)), writeReply(fixture, sides))
  expect(canonical(body)).toBe(canonical(fixture.sections.clientReply))
  expect(said(losses), 'reply losses').toEqual(fixture.sections.replyLosses.toSorted())
}

function checkStream(fixture: Fixture, sides: Sides): void {
  const { vendorStream = '', clientStream = '' } = fixture.sections
  const bytes = new TextEncoder().encode(`${vendorStream}\n\n`)
  const writeFor = (chunks: readonly Uint8Array[]) => streamFor(readChunksOf(fixture, sides, chunks), fixture, sides)
  const written = writeFor([bytes])
  expect(eventLines(written)).toBe(eventLines(`${clientStream}\n\n`))
  expect(
    writeFor(
      cut(
        bytes,
        Array.from(bytes, () => 1),
      ),
    ),
    'one byte at a time',
  ).toBe(written)
}

/** Where a file holds the same answer both ways, it is the same answer. */
function checkSame(fixture: Fixture, { vendor }: Sides): void {
  const { vendorReply = {}, vendorStream = '' } = fixture.sections
  const whole = vendor.reply.read(vendorReply, readReply(fixture))
  expect(canonical(meaning(readStream(vendor, `${vendorStream}\n\n`, readReply(fixture))))).toBe(
    canonical(meaning(whole)),
  )
}

function checkError(fixture: Fixture, sides: Sides): void {
  const { status, body } = sides.client.fault.write(faultIn(fixture, sides), REQUEST_ID)
  expect(canonical({ status, body })).toBe(canonical(fixture.sections.clientError))
}

/** The error of a case: the vendor's, or ours about the request or about a reply that is nonsense. */
function faultIn(fixture: Fixture, sides: Sides): Fault {
  const { vendorError, vendorReply, vendorStream } = fixture.sections
  if (vendorError !== undefined) return sides.vendor.fault.read(vendorError.status, vendorError.body)
  const parts = attempt(() => {
    if (vendorReply !== undefined) return sides.vendor.reply.read(vendorReply, readReply(fixture))
    if (vendorStream !== undefined) return readStream(sides.vendor, `${vendorStream}\n\n`, readReply(fixture))
    translated(fixture, sides)
    return []
  })
  if (parts instanceof Fault) return parts
  const told = parts.find((part) => part.kind === 'fault')
  if (told?.kind === 'fault') return told.fault
  throw new Error('nothing in this case is an error')
}

function attempt<Value>(run: () => Value): Value | Fault {
  try {
    return run()
  } catch (error) {
    return faultOf(error)
  }
}

function chatOf({ sections, settings }: Fixture, { client }: Sides): Chat {
  if (sections.clientRequest === undefined) return asking({ stream: sections.vendorStream !== undefined })
  return client.request.read(sections.clientRequest, { model: 'client-model', stream: settings.stream })
}

function translated(fixture: Fixture, sides: Sides) {
  const { settings } = fixture
  const chat = chatOf(fixture, sides)
  const { stream } = chat
  const fitted =
    settings.capabilities === undefined
      ? undefined
      : fit(chat, settings.capabilities, { stream, wire: sides.vendor.id })
  const { model, account, outputTokensMax, dialect } = settings
  const target = {
    model,
    account,
    outputTokensMax,
    dialect,
    ...(sides.client === sides.vendor ? {} : { foreign: true as const }),
  }
  const written = sides.vendor.request.write(fitted?.chat ?? chat, target)
  return { written, losses: [...(fitted?.losses ?? []), ...written.losses] }
}

const said = (losses: readonly Loss[]): readonly string[] =>
  losses.map(({ field, what }) => `${field} ${what}`).toSorted()

const undoOf = (fixture: Fixture, sides: Sides): Undo | undefined =>
  fixture.sections.clientRequest === undefined ? undefined : translated(fixture, sides).written.undo

function undone(parts: readonly Part[], undo: Undo | undefined): readonly Part[] {
  if (undo === undefined) return parts
  const step = undoing(undo)
  return parts.flatMap((part) => step(part))
}

function readChunksOf(fixture: Fixture, sides: Sides, chunks: readonly Uint8Array[]): readonly Part[] | Fault {
  return attempt(() => readChunks(sides.vendor, chunks, readReply(fixture)))
}

function streamFor(parts: readonly Part[] | Fault, fixture: Fixture, sides: Sides): string {
  const writer = sides.client.stream.writer(writeReply(fixture, sides))
  if (parts instanceof Fault) return writer.fault(parts)
  return undone(parts, undoOf(fixture, sides))
    .map((part) => (part.kind === 'fault' ? writer.fault(part.fault) : writer.push(part)))
    .join('')
}

/** A stream as text that compares well: each event's name and its data, the JSON with sorted keys. */
const eventLines = (text: string): string =>
  eventsIn(text)
    .map(({ name, data }) => `${name === undefined ? '' : `event: ${name}\n`}data: ${dataLines(data)}`)
    .join('\n\n')

function dataLines(data: string): string {
  const json = parseJson(data)
  return json === undefined ? data : canonical(json)
}

const REQUEST_ID = 'req_1'

const readReply = ({ settings: { flavour, account, endsWithDone } }: Fixture): ReadReply => ({
  flavour,
  account,
  endsWithDone,
  spendLimitCodes: ['insufficient_quota'],
})

const writeReply = (fixture: Fixture, sides: Sides): WriteReply => ({
  requestId: REQUEST_ID,
  createdAt: 1_790_000_000,
  inputEstimate: 10,
  usageAsked: fixture.settings.usageAsked,
  chat: chatOf(fixture, sides),
})
