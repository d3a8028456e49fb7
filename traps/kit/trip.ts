import { asObject, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { Capabilities } from '../../core/capabilities.ts'
import { type Chat, WIRE_IDS, type WireId } from '../../core/chat.ts'
import { Fault, faultOf } from '../../core/fault.ts'
import type { LossMode } from '../../core/loss.ts'
import type { ProviderKind } from '../../core/provider.ts'
import { findKind } from '../../core/providers/index.ts'
import type { Reading } from '../../core/reply-reader.ts'
import { type Translated, translateRequest } from '../../core/translate.ts'
import { Translating } from '../../core/translating.ts'
import { type FormId, forms } from '../../core/wires/forms.ts'
import { wires } from '../../core/wires/index.ts'
import { CATALOG_FOLDER, loadCatalog } from '../../server/world/catalog-files.ts'

/** A client's request and whom it is for. */
export interface Asked {
  readonly client: WireId
  /** The vendor's wire. */
  readonly vendor: WireId
  readonly body: JsonObject
  /** Id of the provider's kind. Absent: the plainest one that speaks the wire. */
  readonly kind?: string
  /** As the vendor calls it; the catalogue's rows decide about it. Absent: one that nobody knows. */
  readonly model?: string
  readonly stream?: boolean
  /** The gateway's name for the account that is used. */
  readonly account?: string
  readonly lossMode?: LossMode
  readonly form?: FormId
}

/** What the vendor gets, and what was said about it. */
export interface Sent {
  readonly asked: Asked
  readonly wire: WireId
  readonly body: JsonObject
  /** The body as text, as it goes over the line. */
  readonly text: string
  /** `field=what`, as `x-sekisho-lossy` has them. */
  readonly losses: readonly string[]
  readonly translated: Translated
}

/** The reply as the client gets it. A status other than 200: nothing had gone out before, and the body is the error. */
export interface Got {
  readonly status: number
  readonly text: string
  /** What the meter knows at the end. */
  readonly reading: Reading
}

/** The pairs of wires that differ: what passes in its own wire is not translated. */
export const PAIRS = WIRE_IDS.flatMap((client) =>
  WIRE_IDS.flatMap((vendor) => (client === vendor ? [] : [{ client, vendor }])),
)

/** The clients of a vendor that speak another wire than it. */
export const clientsOf = (vendor: WireId): readonly WireId[] => WIRE_IDS.filter((id) => id !== vendor)

/** Says the request in the vendor's wire: what `server/translation.ts` does, with the catalogue that the program ships. Throws the client's 400. */
export function sent(asked: Asked): Sent {
  const { form = asked.client, model = MODEL, account = ACCOUNT, stream = false, lossMode = 'warn' } = asked
  const kind = kindOf(asked)
  const spoken = asked.vendor === 'openai-responses' ? (['openai-responses'] as const) : kind.wires
  const capabilities = capabilitiesOf(kind, model)
  const translated = translateRequest(bodyOf(asked), {
    form,
    asked: { model: CLIENT_MODEL, stream },
    spoken,
    model,
    account,
    outputTokensMax: capabilities.outputTokensMax ?? null,
    capabilities,
    dialect: kind.dialect ?? {},
    store: false,
    lossMode,
    usageOnRequest: kind.stream.usage === 'asked',
  })
  const text = new TextDecoder().decode(translated.body)
  const losses = translated.losses.map(({ field, what }) => `${field}=${what}`)
  return { asked, wire: translated.wire, body: asObject(parseJson(text)) ?? {}, text, losses, translated }
}

/** The 400 that a request ends in. */
export function refused(asked: Asked): Fault {
  try {
    sent(asked)
  } catch (error) {
    return faultOf(error)
  }
  throw new Error('it was not refused')
}

/** Brings a whole reply back. */
export const whole = (to: Sent, reply: JsonObject): Got => gotOf(to, { bytes: JSON.stringify(reply), way: 'whole' })

/** Brings a stream back; `bytesEach` bytes in each piece of it, or all in one. */
export const stream = (to: Sent, events: string, { bytesEach }: { readonly bytesEach?: number } = {}): Got =>
  gotOf(to, { bytes: events, way: 'stream', ...(bytesEach === undefined ? {} : { bytesEach }) })

const MODEL = 'm-1'
const CLIENT_MODEL = 'the-client-s-name'
const ACCOUNT = 'main'
const REQUEST_ID = 'req_1'
/** What the gateway guesses that every prompt here has. */
export const INPUT_ESTIMATE = 17

const KINDS: { readonly [wire in WireId]: string } = {
  'openai-chat': 'openai-compatible',
  'openai-responses': 'openai',
  anthropic: 'anthropic',
  gemini: 'gemini',
}

function kindOf({ vendor, kind: id = KINDS[vendor] }: Asked): ProviderKind {
  const kind = findKind(id)
  if (kind === undefined) throw new Error(`no kind of provider is called ${id}`)
  return kind
}

/** On Gemini's wire the path says what others say in the body. */
const bodyOf = ({ client, body, stream }: Asked): JsonObject =>
  client === 'gemini' ? body : { model: CLIENT_MODEL, ...(stream === true ? { stream } : {}), ...body }

const catalog = loadCatalog(CATALOG_FOLDER)

function capabilitiesOf({ id }: ProviderKind, model: string): Capabilities {
  const row = catalog.models.find(
    (found) => found.provider === id && (found.id === model || found.aliases.includes(model)),
  )
  const limit = row?.outputTokensMax ?? undefined
  return {
    ...catalog.factsOf(model),
    ...(row === undefined ? {} : { input: row.modalities.input }),
    ...(limit === undefined ? {} : { outputTokensMax: limit }),
  }
}

interface Came {
  readonly bytes: string
  readonly way: 'whole' | 'stream'
  readonly bytesEach?: number
}

function gotOf(to: Sent, came: Came): Got {
  const reader = readerOf(to, came.way)
  const bytes = new TextEncoder().encode(came.bytes)
  const size = came.bytesEach ?? bytes.length
  let text = ''
  const add = (out: Uint8Array | undefined) => (text += out === undefined ? '' : new TextDecoder().decode(out))
  try {
    for (let at = 0; at < bytes.length && reader.openingFault === undefined; at += size)
      add(reader.push(bytes.subarray(at, at + size)))
    add(reader.end())
  } catch (error) {
    return ended(to, { reader, text, thrown: faultOf(error) })
  }
  return ended(to, { reader, text, thrown: undefined })
}

interface Ended {
  readonly reader: Translating
  readonly text: string
  readonly thrown: Fault | undefined
}

/** As the hops `call` and `send` have it: an error before the first content is a status, one behind it stands in the stream. */
function ended({ asked }: Sent, { reader, text, thrown }: Ended): Got {
  const reading = reader.reading()
  const broken = new Fault('upstream_error', 'The provider ended the stream before it was finished')
  const early =
    reader.openingFault ?? (text === '' ? (thrown ?? (reader.ending() === 'broken' ? broken : undefined)) : undefined)
  if (early !== undefined) {
    const { status, body } = wires[asked.client].fault.write(early, REQUEST_ID)
    return { status, text: JSON.stringify(body), reading }
  }
  const late = thrown ?? (reader.ending() === 'broken' ? (reader.brokenBy ?? broken) : undefined)
  return { status: 200, text: late === undefined ? text : text + reader.faultFrame(late), reading }
}

function readerOf({ asked, wire, translated }: Sent, way: Came['way']): Translating {
  const kind = kindOf(asked)
  const { form = asked.client, account = ACCOUNT } = asked
  const chat: Chat = { ...translated.chat, stream: way === 'stream' }
  return new Translating({
    vendor: wires[wire],
    form: forms[form],
    undo: translated.undo,
    from: way,
    to: way,
    read: {
      flavour: kind.usage,
      account,
      spendLimitCodes: kind.spendLimitCodes ?? [],
      endsWithDone: kind.stream.done,
    },
    write: {
      requestId: REQUEST_ID,
      createdAt: 1_800_000_000,
      inputEstimate: INPUT_ESTIMATE,
      usageAsked: isUsageAsked(asked.body['stream_options'] ?? null),
      chat,
    },
    eventBytesMax: 1_000_000,
    replyBytesMax: 10_000_000,
  })
}

const isUsageAsked = (options: Json): boolean => asObject(options)?.['include_usage'] === true
