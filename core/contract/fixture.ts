import type { Capabilities } from '../capabilities.ts'
import type { WireId } from '../chat.ts'
import { asObject, type JsonObject, parseJson } from '../json.ts'
import type { Dialect, ReadReply } from '../wire.ts'

/** One case of `fixtures/wires/`: the README there says how the file is written. */
export interface Fixture {
  /** What the case proves, in a sentence. */
  readonly headline: string
  readonly client: WireId
  readonly vendor: WireId
  readonly settings: FixtureSettings
  readonly sections: FixtureSections
}

/** How this vendor and model differ from the usual; all of them may be left out of the file. */
export interface FixtureSettings {
  readonly model: string
  readonly account: string
  readonly outputTokensMax: number | null
  readonly dialect: Dialect
  readonly capabilities: Capabilities | undefined
  readonly flavour: ReadReply['flavour']
  readonly endsWithDone: boolean
  readonly usageAsked: boolean
  /** Whether a stream is asked for, on the wire where the path says it. */
  readonly stream: boolean
}

/** What stands in the file; a section that is not there is not checked, except `losses`: then there are none. */
export interface FixtureSections {
  readonly clientRequest?: JsonObject
  readonly vendorRequest?: JsonObject
  readonly vendorReply?: JsonObject
  readonly clientReply?: JsonObject
  readonly vendorStream?: string
  readonly clientStream?: string
  readonly vendorError?: FixtureError
  readonly clientError?: FixtureError
  /** `feature what`, one in a line. */
  readonly losses: readonly string[]
  readonly replyLosses: readonly string[]
}

/** An error with its status. */
export interface FixtureError {
  readonly status: number
  readonly body: JsonObject
}

/** Reads the text of a file. Throws an error that names what is wrong with it. */
export function readFixture(text: string): Fixture {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').split(/^--- /m)
  const [headline = '', ...settingLines] = head.trim().split(/\n\n+/)
  const settings = readSettings(settingLines.join('\n'))
  const sections = new Map(rest.map(readSection))
  for (const name of sections.keys()) {
    if (!SECTIONS.includes(name)) throw new Error(`no section is called '${name}', only: ${SECTIONS.join(', ')}`)
  }
  return {
    headline: headline.replaceAll('\n', ' '),
    client: wireOf(settings, 'client'),
    vendor: wireOf(settings, 'vendor'),
    settings: settingsOf(settings),
    sections: sectionsOf(sections),
  }
}

const SECTIONS: readonly string[] = [
  'client request',
  'vendor request',
  'vendor reply',
  'client reply',
  'vendor stream',
  'client stream',
  'vendor error',
  'client error',
  'losses',
  'reply losses',
]
const SETTINGS: readonly string[] = [
  'client',
  'vendor',
  'model',
  'account',
  'outputTokensMax',
  'dialect',
  'capabilities',
  'flavour',
  'endsWithDone',
  'usageAsked',
  'stream',
]
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

function readSection(text: string): readonly [name: string, content: string] {
  const end = text.indexOf('\n')
  return end < 0 ? [text.trim(), ''] : [text.slice(0, end).trim(), text.slice(end + 1).trim()]
}

function readSettings(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? []
      if (!SETTINGS.includes(name))
        throw new Error(`'${line}' is no setting: 'name: value', one of ${SETTINGS.join(', ')}`)
      return [name, value.trim()] as const
    }),
  )
}

function wireOf(settings: ReadonlyMap<string, string>, role: 'client' | 'vendor'): WireId {
  const wire = WIRES.find((id) => id === settings.get(role))
  if (wire === undefined) throw new Error(`'${role}: ' must be one of ${WIRES.join(', ')}`)
  return wire
}

function settingsOf(settings: ReadonlyMap<string, string>): FixtureSettings {
  const json = <Value>(name: string, fallback: Value): Value => {
    const text = settings.get(name)
    if (text === undefined) return fallback
    const value = parseJson(text)
    if (value === undefined) throw new Error(`the setting '${name}' is no JSON: ${text}`)
    return value as Value
  }
  return {
    model: settings.get('model') ?? 'vendor-model',
    account: settings.get('account') ?? 'main',
    outputTokensMax: json('outputTokensMax', 8_000),
    dialect: dialectOf(json('dialect', {})),
    capabilities: json('capabilities', undefined),
    flavour: settings.get('flavour') === 'openai-reasoning-apart' ? 'openai-reasoning-apart' : 'openai',
    endsWithDone: json('endsWithDone', true),
    usageAsked: json('usageAsked', true),
    stream: json('stream', false),
  }
}

/** The pattern of call ids is written as text. */
function dialectOf({ callId, ...dialect }: Dialect): Dialect {
  return callId === undefined
    ? dialect
    : { ...dialect, callId: { ...callId, pattern: new RegExp(String(callId.pattern)) } }
}

function sectionsOf(sections: ReadonlyMap<string, string>): FixtureSections {
  const body = (name: string) => {
    const text = sections.get(name)
    return text === undefined ? undefined : objectIn(name, text)
  }
  const error = (name: string): FixtureError | undefined => {
    const [, status, rest = ''] = /^(\d{3})\s+([^]*)$/.exec(sections.get(name) ?? '') ?? []
    if (status === undefined && sections.has(name)) throw new Error(`'${name}' begins with its status`)
    return status === undefined ? undefined : { status: Number(status), body: objectIn(name, rest) }
  }
  const lines = (name: string) => (sections.get(name) ?? '').split('\n').filter((line) => line !== '')
  const all = {
    clientRequest: body('client request'),
    vendorRequest: body('vendor request'),
    vendorReply: body('vendor reply'),
    clientReply: body('client reply'),
    vendorStream: sections.get('vendor stream'),
    clientStream: sections.get('client stream'),
    vendorError: error('vendor error'),
    clientError: error('client error'),
  }
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return { ...present, losses: lines('losses'), replyLosses: lines('reply losses') }
}

function objectIn(name: string, text: string): JsonObject {
  try {
    const object = asObject(JSON.parse(text))
    if (object !== undefined) return object
  } catch (error) {
    throw new Error(`'${name}' is no JSON: ${String(error)}`, { cause: error })
  }
  throw new Error(`'${name}' is no JSON object`)
}
