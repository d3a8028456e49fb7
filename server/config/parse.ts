import { demo } from '../../core/providers/demo.ts'
import { type Config, configSchema } from '../config-schema.ts'
import { checkConfig } from './check.ts'
import { type ConfigFlags, type Environment, environmentProviders, type Given, overrides } from './environment.ts'
import { findingsOf } from './issues.ts'
import { type Origins, originsOf } from './origins.ts'
import { type ConfigPath, pathText, valueAt } from './path.ts'
import { type Finding, type Problem, problemOf } from './problem.ts'
import { readYaml } from './yaml.ts'

/** What a configuration is made of, before anything has been read from it. */
export interface ConfigText {
  readonly text: string
  /** What people call the file, for messages. */
  readonly name: string
  readonly environment: Environment
  readonly flags: ConfigFlags
}

export interface ParsedConfig {
  /** Complete, with every default; when there are problems, as much of it as could be read, or `undefined`. */
  readonly config: Config | undefined
  readonly origins: Origins
  readonly problems: readonly Problem[]
  /** Says for a path of this configuration where it stands. */
  readonly whereOf: (path: ConfigPath) => string
}

/** Text, environment and flags as one configuration. Everything that is wrong with it is found at once, references to secrets apart. */
export function parseConfig({ text, name, environment, flags }: ConfigText): ParsedConfig {
  const yaml = readYaml(text)
  if (yaml.findings.length > 0) {
    return broken(
      yaml.findings.map((finding) =>
        problemOf(finding, `${name}${lineSuffix(finding.line ?? yaml.lineOf(finding.path))}`),
      ),
    )
  }
  const file = yaml.value ?? {}
  if (!isRecord(file)) return broken([{ path: '', where: name, message: 'must be a map of fields' }])
  const fromOutside = environmentProviders(environment, configuredProviders(file))
  const given = [...overrides(flags, environment), ...fromOutside.given]
  const whole = assembled(file, given)
  const whereOf = (path: ConfigPath) => givenWhere(given, path) ?? `${name}${lineSuffix(yaml.lineOf(path))}`
  const schema = configSchema.safeParse(whole)
  const config = schema.success ? schema.data : salvaged(whole)
  const findings = [
    ...(schema.success ? [] : findingsOf(schema.error, whole, configSchema)),
    ...(config === undefined ? [] : checkConfig(config, configuredProviders(whole).names)),
  ]
  return {
    config,
    origins: config === undefined ? new Map() : originsOf(config, { file, given, lineOf: yaml.lineOf }),
    problems: [
      ...fromOutside.findings.map((finding) => problemOf(finding, `environment variable ${finding.variable}`)),
      ...onePerPath(findings).map((finding) => problemOf(finding, whereOf(finding.path))),
    ],
    whereOf,
  }
}

const broken = (problems: readonly Problem[]): ParsedConfig => ({
  config: undefined,
  origins: new Map(),
  problems,
  whereOf: () => '',
})

const lineSuffix = (line: number | undefined): string => (line === undefined ? '' : `:${line}`)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function configuredProviders(value: unknown): {
  readonly names: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
} {
  const providers = valueAt(value, ['providers'])
  if (!isRecord(providers)) return { names: new Set(), kinds: new Set() }
  const kinds = Object.values(providers).map((provider) => valueAt(provider, ['kind']))
  return { names: new Set(Object.keys(providers)), kinds: new Set(kinds.filter((kind) => typeof kind === 'string')) }
}

/** The file with what was given from outside laid over it, and the built-in vendor at the end. */
function assembled(file: Record<string, unknown>, given: readonly Given[]): unknown {
  const whole = structuredClone(file)
  for (const { path, value } of given) put(whole, path, value)
  const named = valueAt(whole, ['providers', demo.id]) !== undefined
  if (whole['demo'] !== false && !named) put(whole, ['providers', demo.id, 'kind'], demo.id)
  return whole
}

/** Sets the value, making maps on the way. Where something else is in the way it is left: the schema will say so. */
function put(into: Record<string, unknown>, path: ConfigPath, value: unknown): void {
  const [first, ...rest] = path
  if (first === undefined) return
  if (rest.length === 0) {
    into[first] = value
    return
  }
  const inner = into[first] ?? {}
  if (!isRecord(inner)) return
  into[first] = inner
  put(inner, rest, value)
}

function givenWhere(given: readonly Given[], path: ConfigPath): string | undefined {
  const text = pathText(path)
  const origin = given.find((one) => pathText(one.path) === text)?.origin
  if (origin === undefined) return undefined
  return origin === 'flag' ? `--${path.at(-1)}` : `environment variable ${origin.slice('environment:'.length)}`
}

/** A path is told once: the schema's sentence comes first and says more than what follows from it. */
function onePerPath(findings: readonly Finding[]): readonly Finding[] {
  const told = new Set<string>()
  return findings.filter(({ path }) => {
    const text = pathText(path)
    if (told.has(text)) return false
    told.add(text)
    return true
  })
}

/** What is left when everything that the schema refuses is taken away: good enough to look for further problems in the same run. */
function salvaged(value: unknown): Config | undefined {
  const left: unknown = structuredClone(value)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const result = configSchema.safeParse(left)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) drop(left, [...path, key])
      else drop(left, valueAt(left, path) === undefined ? path.slice(0, -1) : path)
    }
  }
  return undefined
}

/** Taking a map away because a field is missing may leave its own parent without one, and so on: the schema is no deeper. */
const ROUNDS_MAX = 8

/** A list goes as a whole, because taking one entry out would move the others. */
function drop(from: unknown, path: ConfigPath): void {
  const number = path.findIndex((part) => typeof part === 'number')
  const whole = number === -1 ? path : path.slice(0, number)
  const last = whole.at(-1)
  const parent = valueAt(from, whole.slice(0, -1))
  if (last !== undefined && isRecord(parent)) Reflect.deleteProperty(parent, last)
}
