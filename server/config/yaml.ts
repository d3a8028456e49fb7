import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type ConfigPath, pathText } from './path.ts'
import type { Finding } from './problem.ts'

/** What a YAML text says, and on which line it says it. */
export interface YamlText {
  /** `undefined` when the text is broken. */
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** The line (from 1) of what stands at `path`, or of the nearest thing around it. */
  readonly lineOf: (path: ConfigPath) => number | undefined
}

/**
 * Reads YAML 1.2 (core schema: no dates, no custom tags, no merge keys) with what makes it dangerous refused: a key twice, keys that
 * reach for a prototype, aliases that grow without bound, nesting that overflows the stack.
 */
export function readYaml(text: string): YamlText {
  const counter = new LineCounter()
  try {
    const document = parseDocument(text, { ...OPTIONS, lineCounter: counter })
    const lines = new Map<string, number>()
    const findings: Finding[] = []
    const lineAt = (offset: number) => counter.linePos(offset).line
    for (const { code, pos } of [...document.errors, ...document.warnings]) {
      findings.push({ path: [], line: lineAt(pos[0]), message: SENTENCES[code] ?? BROKEN })
    }
    if (findings.length === 0) walk(document.contents, [], { lines, findings, lineAt, anchors: new Set() })
    const value: unknown = findings.length > 0 ? undefined : document.toJS({ maxAliasCount: ALIASES_MAX })
    return { value, findings, lineOf: (path) => nearestLine(lines, path) }
  } catch (error) {
    // YAML that was written to hurt: the reader overflows (RangeError), or refuses to unfold more aliases (ReferenceError).
    if (!(error instanceof RangeError) && !(error instanceof ReferenceError)) throw error
    const message = error instanceof RangeError ? 'is nested too deeply' : 'uses too many aliases'
    return { value: undefined, findings: [{ path: [], message }], lineOf: () => undefined }
  }
}

const ALIASES_MAX = 100
const OPTIONS = {
  version: '1.2',
  schema: 'core',
  uniqueKeys: false,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'error',
} as const
const BROKEN = 'is not valid YAML here'
const UNKNOWN_ANCHOR = 'this alias names an anchor that does not stand above'

/** Our own sentences: those of the reader quote the text, and the text may be a secret that somebody wrote in the wrong place. */
const SENTENCES: { readonly [code: string]: string } = {
  BAD_INDENT: 'the indentation does not fit what stands above',
  MISSING_CHAR: 'something is missing here, such as a closing bracket, a quote or a colon',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; perhaps a colon is missing',
  MULTIPLE_DOCS: 'there is more than one document (a line with ---)',
  NON_STRING_KEY: 'a key must be plain text',
  TAB_AS_INDENT: 'a tab is used to indent; YAML takes spaces only',
  TAG_RESOLVE_FAILED: 'tags (!name) are not taken',
  BAD_ALIAS: 'an alias cannot be written like this',
}

interface Walk {
  readonly lines: Map<string, number>
  readonly findings: Finding[]
  readonly lineAt: (offset: number) => number
  /** Names that stood above. */
  readonly anchors: Set<string>
}

/** Notes the line of every path. An alias is one place: what it stands for is found where its anchor is. */
function walk(node: unknown, path: ConfigPath, into: Walk): void {
  if (isAlias(node) && !into.anchors.has(node.source)) {
    into.findings.push({ path, line: into.lineAt(node.range?.[0] ?? 0), message: UNKNOWN_ANCHOR })
  }
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) into.anchors.add(node.anchor)
  if (isMap(node)) {
    // The reader's own look for keys that stand twice takes the square of their number: ten seconds for a full file.
    const names = new Set<string>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const at = [...path, name]
      const line = into.lineAt(isScalar(key) ? (key.range?.[0] ?? 0) : 0)
      if (REACHING.has(name)) into.findings.push({ path: at, line, message: 'a field cannot have this name' })
      if (names.has(name)) into.findings.push({ path: at, line, message: 'this key stands here twice' })
      names.add(name)
      into.lines.set(pathText(at), line)
      walk(value, at, into)
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const at = [...path, index]
      const range = isNode(item) ? item.range : undefined
      if (range) into.lines.set(pathText(at), into.lineAt(range[0]))
      walk(item, at, into)
    }
  }
}

const REACHING: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const isNode = (value: unknown): value is Node => isScalar(value) || isMap(value) || isSeq(value) || isAlias(value)

function nearestLine(lines: ReadonlyMap<string, number>, path: ConfigPath): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(pathText(path.slice(0, length)))
    if (line !== undefined) return line
  }
  return undefined
}
