/** Where a value stands in the configuration: keys, and numbers in lists. */
export type ConfigPath = readonly (string | number)[]

/** The path as people write it: `providers.openai.baseUrl`, `models["gpt-4.1"].targets[0]`. */
export const pathText = (path: ConfigPath): string =>
  path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`
      if (!PLAIN.test(part)) return `[${JSON.stringify(part.slice(0, KEY_LENGTH_MAX))}]`
      return index === 0 ? part : `.${part}`
    })
    .join('')

const PLAIN = /^[\w-]+$/
/** A key that somebody pasted by mistake is not printed whole. */
const KEY_LENGTH_MAX = 100

/** The value at `path`, or `undefined` when there is none. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  let current: unknown = value
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined
    current = Reflect.get(current, part)
  }
  return current
}

/** Calls `each` for every value that holds no other: texts, numbers, and empty lists and maps. */
export function eachLeaf(value: unknown, each: (path: ConfigPath, leaf: unknown) => void, path: ConfigPath = []): void {
  const entries = Array.isArray(value)
    ? value.map((item, index) => [index, item] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : []
  if (entries.length === 0) {
    if (value !== undefined) each(path, value)
    return
  }
  for (const [key, inner] of entries) eachLeaf(inner, each, [...path, key])
}
