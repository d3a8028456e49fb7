import type { ConfigPath } from './path.ts'
import { pathText } from './path.ts'

/** One thing that is wrong with the configuration. Its text never holds a value, because a value may be a secret in the wrong place. */
export interface Problem {
  /** Where it stands, as people write it; empty for the file as a whole. */
  readonly path: string
  /** `sekisho.yaml:12`, `environment variable SEKISHO_PORT`, `--port`. */
  readonly where: string
  readonly message: string
}

/** The same before anybody has said in which file. */
export interface Finding {
  readonly path: ConfigPath
  readonly message: string
  /** Line of the file, when it is not that of the path. */
  readonly line?: number
}

/** One line for a person. */
export const problemText = ({ where, path, message }: Problem): string =>
  path === '' ? `${where}: ${message}` : `${where}: ${path}: ${message}`

/** `; did you mean 'credential'?`, or nothing. */
export const suggestion = (word: string | undefined): string => (word === undefined ? '' : `; did you mean '${word}'?`)

export const problemOf = (finding: Finding, where: string): Problem => ({
  path: pathText(finding.path),
  where,
  message: finding.message,
})
