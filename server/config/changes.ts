import type { Config } from '../config-schema.ts'
import { eachLeaf, pathText } from './path.ts'

/** What differs between two configurations, value by value. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
  /** Whether it is taken over at once, or only by a new start. */
  readonly effect: 'reload' | 'restart'
}

/** Every value that is in one of them only, or differs: in the order of the new one, what is gone at the end. */
export function changesBetween(before: Config, after: Config): readonly Change[] {
  const old = leaves(before)
  const now = leaves(after)
  const changes: Change[] = []
  for (const [path, value] of now) {
    const was = old.get(path)
    if (was === value) continue
    changes.push({
      kind: was === undefined ? 'added' : 'changed',
      path,
      before: was,
      after: value,
      effect: effectOf(path),
    })
  }
  for (const [path, value] of old) {
    if (!now.has(path)) changes.push({ kind: 'removed', path, before: value, after: undefined, effect: effectOf(path) })
  }
  return changes
}

/** One line for a person. Values are shown: the configuration holds references to secrets, never secrets. */
export function changeText({ kind, path, before, after, effect }: Change): string {
  const line = {
    added: `+ ${path} = ${after}`,
    removed: `- ${path} = ${before}`,
    changed: `~ ${path}: ${before} -> ${after}`,
  }[kind]
  return effect === 'restart' ? `${line}  (at the next start)` : line
}

function leaves(config: Config): ReadonlyMap<string, string> {
  const all = new Map<string, string>()
  eachLeaf(config, (path, leaf) => all.set(pathText(path), JSON.stringify(leaf)))
  return all
}

const AT_START = ['listen.host', 'listen.port', 'admin.', 'demo', 'journal.'] as const
const effectOf = (path: string): Change['effect'] =>
  AT_START.some((start) => path.startsWith(start)) ? 'restart' : 'reload'
