import { PROVIDER_KINDS } from '../../core/providers/index.ts'
import type { ProviderKind } from '../../core/provider.ts'
import type { Origin } from './origins.ts'
import type { ConfigPath } from './path.ts'
import type { Finding } from './problem.ts'

/** Environment variables, handed in. */
export type Environment = { readonly [name: string]: string | undefined }

/** What the command line gave, as text. */
export interface ConfigFlags {
  /** `--config FILE` */
  readonly config?: string | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  /** `--data FOLDER` */
  readonly data?: string | undefined
}

/** A value that does not come from the file. */
export interface Given {
  readonly path: ConfigPath
  readonly value: unknown
  readonly origin: Origin
}

/** Where to listen, when flags or environment say so; a flag wins over a variable, both win over the file. */
export function overrides(flags: ConfigFlags, environment: Environment): readonly Given[] {
  return OVERRIDES.flatMap(({ path, flag, variable, read }): readonly Given[] => {
    const fromFlag = flags[flag]
    if (fromFlag !== undefined) return [{ path, value: read(fromFlag), origin: 'flag' }]
    const fromEnvironment = environment[variable]
    if (fromEnvironment === undefined || fromEnvironment === '') return []
    return [{ path, value: read(fromEnvironment), origin: `environment:${variable}` }]
  })
}

/** Text that is no whole number stays text, so that the schema refuses it like any other. */
const wholeNumber = (text: string): unknown => (/^\d{1,9}$/.test(text) ? Number(text) : text)

const OVERRIDES = [
  { path: ['listen', 'host'], flag: 'host', variable: 'SEKISHO_HOST', read: (text: string): unknown => text },
  { path: ['listen', 'port'], flag: 'port', variable: 'SEKISHO_PORT', read: wholeNumber },
] as const

/** Folder of everything that is kept: never from the file, because the last configuration that ran lies in it. */
export const dataFolder = (flags: ConfigFlags, environment: Environment): string =>
  flags.data ?? (environment['SEKISHO_DATA'] || './data')

/** The vendors whose variables are set, as far as the file has none of their kind and none of their name. */
export function environmentProviders(
  environment: Environment,
  configured: { readonly names: ReadonlySet<string>; readonly kinds: ReadonlySet<string> },
): { readonly given: readonly Given[]; readonly findings: readonly (Finding & { readonly variable: string })[] } {
  const given: Given[] = []
  const findings: (Finding & { readonly variable: string })[] = []
  for (const kind of PROVIDER_KINDS) {
    const variable = kind.environment.credential ?? kind.environment.url
    const text = variable === undefined ? undefined : environment[variable]?.trim()
    if (variable === undefined || text === undefined || text === '') continue
    if (configured.names.has(kind.id) || configured.kinds.has(kind.id)) continue
    const field = fieldOf(kind, variable, text)
    const path = ['providers', kind.id]
    if (field === undefined) findings.push({ path, message: 'is not the address of a node', variable })
    else {
      const origin = `environment:${variable}` as const
      given.push(
        { path: [...path, 'kind'], value: kind.id, origin },
        { path: [...path, ...field.path], value: field.value, origin },
      )
    }
  }
  return { given, findings }
}

function fieldOf(
  kind: ProviderKind,
  variable: string,
  text: string,
): { readonly path: ConfigPath; readonly value: string } | undefined {
  const { credential, readUrl } = kind.environment
  if (credential !== undefined) return { path: ['credential'], value: `\${${variable}}` }
  const url = readUrl === undefined ? text : readUrl(text)
  return url === undefined ? undefined : { path: ['baseUrl'], value: url }
}
