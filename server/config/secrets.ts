import { inspect } from 'node:util'
import type { Config } from '../config-schema.ts'
import { readBounded } from './bounded-file.ts'
import type { Environment } from './environment.ts'
import type { ConfigPath } from './path.ts'
import type { Finding } from './problem.ts'

/** A text that is not shown, however it is printed. Whoever needs it must ask by name. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

export const HIDDEN = '[secret]'

/** Secrets by the reference that stands in the configuration (`${NAME}`, `file:/path`). */
export type Secrets = ReadonlyMap<string, Secret>

/** Looks up every reference of the configuration. Each that leads nowhere is a finding that names it, never what was found. */
export async function resolveSecrets(
  config: Config,
  environment: Environment,
): Promise<{ readonly secrets: Secrets; readonly findings: readonly Finding[] }> {
  const secrets = new Map<string, Secret>()
  const findings: Finding[] = []
  for (const { path, reference } of references(config)) {
    if (secrets.has(reference)) continue
    const found = await resolve(reference, environment)
    if (typeof found === 'string') findings.push({ path, message: found })
    else secrets.set(reference, found)
  }
  return { secrets, findings }
}

/** Where secrets stand in the configuration. */
export const references = (config: Config): readonly { readonly path: ConfigPath; readonly reference: string }[] =>
  Object.entries(config.providers).flatMap(([name, { credential }]) =>
    credential === undefined ? [] : [{ path: ['providers', name, 'credential'], reference: credential }],
  )

/** The secret, or a sentence about what is wrong. */
async function resolve(reference: string, environment: Environment): Promise<Secret | string> {
  const variable = /^\$\{(\w+)\}$/.exec(reference)?.[1]
  if (variable === undefined) return await secretOfFile(reference.slice('file:'.length))
  return secretOf(environment[variable], `the environment variable ${variable}`)
}

async function secretOfFile(path: string): Promise<Secret | string> {
  const found = await readBounded(path, SECRET_BYTES_MAX)
  switch (found.kind) {
    case 'bytes':
      return secretOf(found.bytes.toString('utf8'), 'the file that it names')
    case 'absent':
      return 'the file that it names does not exist'
    case 'unreadable':
      return `the file that it names ${found.message}`
  }
}

function secretOf(text: string | undefined, source: string): Secret | string {
  if (text === undefined) return `${source} is not set`
  const trimmed = text.trim()
  if (trimmed === '') return `${source} is empty`
  return SENDABLE.test(trimmed) ? new Secret(trimmed) : `${source} holds characters that cannot stand in a header`
}

/** Printable ASCII: a line break in a header value would end the header. */
const SENDABLE = /^[\x21-\x7e]+$/
const SECRET_BYTES_MAX = 65_536
