import type { Given } from './environment.ts'
import { type ConfigPath, eachLeaf, pathText, valueAt } from './path.ts'

/** Where a value comes from. */
export type Origin = `file:${number}` | `environment:${string}` | 'flag' | 'default'

/** The origin of every value of the running configuration, by its path as text. */
export type Origins = ReadonlyMap<string, Origin>

/** Says for each value of `config` who set it: what was given from outside, a line of the file, or nobody. */
export function originsOf(
  config: unknown,
  told: {
    readonly file: unknown
    readonly given: readonly Given[]
    readonly lineOf: (path: ConfigPath) => number | undefined
  },
): Origins {
  const given = new Map(told.given.map(({ path, origin }) => [pathText(path), origin]))
  const origins = new Map<string, Origin>()
  eachLeaf(config, (path) => {
    const text = pathText(path)
    const line = valueAt(told.file, path) === undefined ? undefined : told.lineOf(path)
    origins.set(text, given.get(text) ?? (line === undefined ? 'default' : `file:${line}`))
  })
  return origins
}
