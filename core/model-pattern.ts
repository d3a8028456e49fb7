import type { Target } from './route.ts'

/**
 * Whether one of `patterns` matches `name`. In a pattern `*` stands for any run of characters, `/` included, and everything
 * else for itself. Linear in the length of the name for each part of the pattern: no expression is built, nothing backtracks,
 * so a pattern that somebody wrote with malice costs nothing.
 */
export const allows = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matches(pattern, name))

/**
 * Whether one of `patterns` matches the target by either of its names: `provider/model`, or the model's own as the provider knows it. For what must
 * hold whatever a client asks for: `gpt-5*` is also `openai/gpt-5-pro`, and an alias of it.
 */
export const isNamed = (patterns: readonly string[], { id, model }: Pick<Target, 'id' | 'model'>): boolean =>
  allows(patterns, id) || allows(patterns, model)

/**
 * Each part between stars is taken at its first place behind the part before it. That is enough: taking an earlier place never
 * leaves less room for what follows. Only the last part must stand at the very end.
 */
function matches(pattern: string, name: string): boolean {
  const first = pattern.indexOf('*')
  if (first === -1) return pattern === name
  const last = pattern.lastIndexOf('*')
  const tail = pattern.length - last - 1
  if (name.length < first + tail) return false
  if (!name.startsWith(pattern.slice(0, first)) || !name.endsWith(pattern.slice(last + 1))) return false
  let at = first
  for (let star = first; star < last; ) {
    const next = pattern.indexOf('*', star + 1)
    const part = pattern.slice(star + 1, next)
    const found = name.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
    star = next
  }
  return at <= name.length - tail
}
