import { createHash } from 'node:crypto'
import { readBounded } from './bounded-file.ts'
import type { ConfigFlags, Environment } from './environment.ts'

/** Which file is the operator's. */
export interface ConfigFile {
  readonly path: string
  /** Somebody named it, so it must be there; the usual one may be missing. */
  readonly named: boolean
}

/** `--config FILE`, else `SEKISHO_CONFIG`, else `./sekisho.yaml`. */
export function configFile(flags: ConfigFlags, environment: Environment): ConfigFile {
  const named = flags.config ?? (environment['SEKISHO_CONFIG'] || undefined)
  return named === undefined ? { path: 'sekisho.yaml', named: false } : { path: named, named: true }
}

export type ConfigFileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  /** It is there but cannot be used; `message` says why. */
  | { readonly kind: 'unreadable'; readonly message: string }

/** Reads the file, up to a size that no configuration has. */
export async function readConfigFile(path: string): Promise<ConfigFileText> {
  const found = await readBounded(path, CONFIG_BYTES_MAX)
  if (found.kind !== 'bytes') return found
  try {
    return { kind: 'text', text: DECODER.decode(found.bytes) }
  } catch {
    return { kind: 'unreadable', message: 'is not UTF-8 text' }
  }
}

/** Names a text: the same one always has the same revision. */
export const revisionOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

export const CONFIG_BYTES_MAX = 1_048_576
const DECODER = new TextDecoder('utf-8', { fatal: true })
