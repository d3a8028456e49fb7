import { type Config } from './config-schema.ts'
import type { ConfigFlags, Environment } from './config/environment.ts'
import { type ConfigFile, readConfigFile, revisionOf } from './config/file.ts'
import type { LastGood } from './config/last-good.ts'
import type { Origins } from './config/origins.ts'
import { parseConfig } from './config/parse.ts'
import { type Problem, problemOf } from './config/problem.ts'
import { resolveSecrets, type Secrets } from './config/secrets.ts'

/** A configuration that can run. */
export interface LoadedConfig {
  readonly kind: 'loaded'
  readonly config: Config
  readonly secrets: Secrets
  readonly origins: Origins
  /** Names the text that it was read from. */
  readonly revision: string
  /** The text itself, to be kept as the last good one. */
  readonly text: string
  readonly source: ConfigSource
  /** The operator's own file, when it is broken and the last good one stands in for it: the state is degraded then. */
  readonly rejected: RejectedConfig | null
}

export type ConfigSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'last-good'; readonly path: string | null; readonly at: string }

/** A configuration that cannot run, and everything that is wrong with it. */
export interface RejectedConfig {
  readonly revision: string
  readonly problems: readonly Problem[]
}

export type LoadResult = LoadedConfig | ({ readonly kind: 'refused' } & RejectedConfig)

export interface ConfigInputs {
  readonly file: ConfigFile
  readonly environment: Environment
  readonly flags: ConfigFlags
  /** Stands in when the operator's file is broken. Only a start hands it in: a reload keeps what runs. */
  readonly lastGood?: LastGood | undefined
}

/**
 * The configuration from file, environment and flags, with its secrets looked up. Nothing is thrown: what is wrong with it is the
 * answer. The operator's file is only ever read.
 */
export async function loadConfig({ file, environment, flags, lastGood }: ConfigInputs): Promise<LoadResult> {
  const found = await readConfigFile(file.path)
  // A file that somebody named and that is not there is a mistake of the command, not of the file: nothing stands in for it.
  if (found.kind === 'absent' && file.named)
    return refused('', [{ path: '', where: file.path, message: 'there is no such file' }])
  const own =
    found.kind === 'unreadable'
      ? refused('', [{ path: '', where: file.path, message: found.message }])
      : await build(found.kind === 'text' ? found.text : '', {
          name: file.path,
          environment,
          flags,
          source: found.kind === 'text' ? { kind: 'file', path: file.path } : { kind: 'none' },
        })
  if (own.kind === 'loaded' || lastGood === undefined) return own
  const { text, path, at } = lastGood
  const standIn = await build(text, {
    name: 'last good configuration',
    environment,
    flags,
    source: { kind: 'last-good', path, at },
  })
  if (standIn.kind === 'refused') return own
  return { ...standIn, rejected: { revision: own.revision, problems: own.problems } }
}

const refused = (revision: string, problems: readonly Problem[]): LoadResult => ({
  kind: 'refused',
  revision,
  problems,
})

interface BuildInputs {
  readonly name: string
  readonly environment: Environment
  readonly flags: ConfigFlags
  readonly source: ConfigSource
}

async function build(text: string, { name, environment, flags, source }: BuildInputs): Promise<LoadResult> {
  const revision = revisionOf(text)
  const { config, origins, problems, whereOf } = parseConfig({ text, name, environment, flags })
  if (config === undefined) return refused(revision, problems)
  const { secrets, findings } = await resolveSecrets(config, environment)
  const all = [...problems, ...findings.map((finding) => problemOf(finding, whereOf(finding.path)))]
  if (all.length > 0) return refused(revision, all)
  return { kind: 'loaded', config, secrets, origins, revision, text, source, rejected: null }
}
