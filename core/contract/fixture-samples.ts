import type { JsonObject } from '../json.ts'
import type { StreamEvent, Wire } from '../wire.ts'
import type { Fixture } from './fixture.ts'
import { eventsIn, readEvents } from './streams.ts'
import type { Sample, WireSamples } from './wire.ts'

/** A case and the name of its file. */
export type NamedFixture = readonly [name: string, fixture: Fixture]

/** Everything in the fixtures that is in this wire, on either side: bodies that the wire's own laws are held against. */
export function samplesFrom(
  wire: Wire,
  fixtures: readonly NamedFixture[],
): Pick<WireSamples, 'requests' | 'replies' | 'streams'> {
  const asClient = fixtures.filter(([, { client }]) => client === wire.id)
  const asVendor = fixtures.filter(([, { vendor }]) => vendor === wire.id)
  const good = (all: readonly NamedFixture[]) => all.filter(([, fixture]) => !isRefused(fixture))
  return {
    requests: unique([
      ...bodies(good(asClient), ({ sections }) => sections.clientRequest),
      ...bodies(asVendor, ({ sections }) => sections.vendorRequest),
    ]),
    replies: unique([
      ...bodies(good(asVendor), ({ sections }) => sections.vendorReply),
      ...bodies(asClient, ({ sections }) => sections.clientReply),
    ]),
    streams: unique([
      ...bodies(good(asVendor), ({ sections }) => sections.vendorStream),
      ...bodies(asClient, ({ sections }) => sections.clientStream),
    ]).filter(({ body }) => isReadable(wire, eventsIn(body))),
  }
}

/** A request or reply that is refused is no sample of what there is. */
const isRefused = ({ sections }: Fixture): boolean =>
  sections.clientError !== undefined && sections.vendorError === undefined

const bodies = <Body extends JsonObject | string>(
  from: readonly NamedFixture[],
  pick: (fixture: Fixture) => Body | undefined,
): readonly Sample<Body>[] =>
  from.flatMap(([name, fixture]) => {
    const body = pick(fixture)
    return body === undefined ? [] : [{ name, body }]
  })

const unique = <Body>(samples: readonly Sample<Body>[]): readonly Sample<Body>[] => [
  ...new Map(samples.map((sample) => [JSON.stringify(sample.body), sample])).values(),
]

/** A stream that is nonsense throws, which its own case expects. */
function isReadable(wire: Wire, events: readonly StreamEvent[]): boolean {
  try {
    readEvents(wire, events)
    return true
  } catch {
    return false
  }
}
