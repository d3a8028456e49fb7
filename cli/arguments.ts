import { parseArgs } from 'node:util'
import { fromTexts, type InputField } from '../core/admin/input-fields.ts'
import { type Command, flagOf } from './command.ts'
import type { Terminal } from './run.ts'

/** A command line that cannot be meant. The message says what to do instead. */
export class Misuse extends Error {}

export interface Arguments {
  readonly input: { readonly [field: string]: unknown }
  readonly json: boolean
  /** Where the gateway is. */
  readonly url: URL
  readonly token: string
}

/** What the words behind a command say, and what the environment adds. Throws a Misuse. */
export async function readArguments(
  command: Command,
  words: readonly string[],
  terminal: Terminal,
): Promise<Arguments> {
  const { values, positionals } = parsed(command, words)
  const texts = [
    ...flagTexts(command, values),
    ...placeTexts(command, positionals),
    ...defaults(command, values, terminal),
  ]
  const given = new Set(texts.map(([name]) => name))
  const missing = command.fields.find(({ name, required }) => required && !given.has(name))
  if (missing !== undefined)
    throw new Misuse(
      `${nameOf(command, missing)} is needed${missing.description === '' ? '' : `: ${missing.description}`}`,
    )
  return {
    input: fromTexts(command.fields, texts),
    json: values['json'] === true,
    url: addressOf(textOf(values['url']) ?? terminal.environment['SEKISHO_URL'] ?? 'http://127.0.0.1:4100'),
    token: await tokenOf(command, values, terminal),
  }
}

/** How a field is given: `ID` or `--name`. */
export const nameOf = ({ places }: Command, field: InputField): string =>
  places.includes(field) ? field.name.toUpperCase() : `--${flagOf(field.name)}`

type Values = { readonly [flag: string]: unknown }

function parsed(
  command: Command,
  words: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  const own = command.fields.map(
    ({ name, kind }) =>
      [flagOf(name), kind === 'boolean' ? { type: 'boolean' } : { type: 'string', multiple: true }] as const,
  )
  const options = {
    json: { type: 'boolean' },
    url: { type: 'string' },
    'token-file': { type: 'string' },
    ...tokenFlag(command),
  } as const
  try {
    return parseArgs({
      args: [...words],
      options: { ...Object.fromEntries(own), ...options },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    // Node's own sentences name the flag; what follows the first one explains its conventions.
    throw new Misuse(error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : 'the flags cannot be read')
  }
}

/** Only the setup token may stand on the command line: it works once, and others on the machine can see it there. */
const tokenFlag = ({ action }: Command) =>
  action.permission === 'setup' ? ({ token: { type: 'string' } } as const) : {}

const flagTexts = ({ fields }: Command, values: Values): readonly (readonly [string, string])[] =>
  fields.flatMap(({ name, kind }) => {
    const given = [values[flagOf(name)] ?? []].flat().map(String)
    if (kind !== 'list' && given.length > 1) throw new Misuse(`--${flagOf(name)} can be given once`)
    return given.map((text) => [name, text] as const)
  })

function placeTexts(
  { places, noun, verb }: Command,
  positionals: readonly string[],
): readonly (readonly [string, string])[] {
  const extra = positionals[places.length]
  if (extra !== undefined)
    throw new Misuse(`"${extra}" is not understood; "sekisho ${noun} ${verb} --help" says what can be given`)
  return places.flatMap(({ name }, at) => {
    const text = positionals[at]
    return text === undefined ? [] : [[name, text] as const]
  })
}

/** Who sets up for the first time need not say a name. */
const defaults = (
  { action }: Command,
  values: Values,
  { environment }: Terminal,
): readonly (readonly [string, string])[] =>
  action.permission === 'setup' && values['name'] === undefined
    ? [['name', environment['USER'] || environment['LOGNAME'] || 'administrator']]
    : []

function addressOf(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Misuse(`"${text}" is not the address of a gateway; it looks like http://127.0.0.1:4100`)
  return url
}

async function tokenOf({ action }: Command, values: Values, { environment, readText }: Terminal): Promise<string> {
  const direct = textOf(values['token'])
  if (direct !== undefined) return direct
  const path = textOf(values['token-file'])
  const token = path === undefined ? environment['SEKISHO_TOKEN'] : await fileToken(path, readText)
  if (token !== undefined && token !== '') return token
  if (action.permission === 'setup')
    throw new Misuse('the setup token is needed: --token setup_... as the gateway printed it when it started')
  throw new Misuse(
    'a service token is needed: set SEKISHO_TOKEN or give --token-file; "sekisho setup" makes the first one',
  )
}

async function fileToken(path: string, readText: Terminal['readText']): Promise<string> {
  try {
    return (await readText(path)).trim()
  } catch {
    throw new Misuse(`the token file ${path} cannot be read`)
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
