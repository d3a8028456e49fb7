import { isProgram, isTest, type SourceFile } from './source-files.ts'

/** What CONTRIBUTING.md asks of every file and a text can tell. Gives one sentence for each place, or none. */
export function houseFaults(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => [...nameFaults(file), ...rules.flatMap((rule) => placesOf(rule, file))])
}

interface Rule {
  readonly says: string
  readonly finds: RegExp
  readonly holdsFor: (path: string) => boolean
  /** True when the rule only wants a comment that says why, on the line, right above it or right below. */
  readonly unlessExplained?: true
}

const everywhere = (): boolean => true
const production = (path: string): boolean => /^(?:core|server|cli|web)\/.*\.tsx?$/.test(path) && !isTest(path)

const rules: readonly Rule[] = [
  { says: 'a test runs alone and hides all others', finds: /\b(?:test|it|describe)\.only\b/, holdsFor: isProgram },
  {
    says: 'a test that is switched off needs a comment that says why',
    finds: /\b(?:test|it|describe|context)\.(?:skip|skipIf|runIf|todo)\b/,
    holdsFor: isProgram,
    unlessExplained: true,
  },
  {
    says: 'a cast needs a comment that says why it is safe',
    finds: /[\w)\]}] as (?!const\b)\(?[\w{[]/,
    holdsFor: production,
    unlessExplained: true,
  },
  {
    says: 'what a module keeps is shared by whoever imports it: hand it in',
    finds: /^(?:export )?(?:let|var) /,
    holdsFor: production,
  },
  { says: 'what is unfinished is an issue, not a comment', finds: /\b(?:T[O]DO|F[I]XME|X[X]X)\b/, holdsFor: isProgram },
  { says: 'a path of one machine', finds: /(?<![\w.])\/(?:home|Users|work)\/[\w.]+/, holdsFor: everywhere },
  {
    says: 'the host of a package registry',
    finds: /\bregistry\.(?:npmjs|yarnpkg|[\w.-]*\.npm)\b/,
    holdsFor: everywhere,
  },
  { says: 'temporary files go to os.tmpdir()', finds: /['"`]\/tmp\//, holdsFor: isProgram },
]

const vague = /(?:^|[/.-])(?:utils?|helpers?|common|misc|managers?|services?)(?=\.|\/)/

const nameFaults = ({ path }: SourceFile): readonly string[] =>
  vague.test(path) ? [`${path}: name the file after the one thing that it is`] : []

function placesOf(rule: Rule, { path, text }: SourceFile): readonly string[] {
  if (!rule.holdsFor(path)) return []
  const lines = text.split('\n')
  const searched = rule.unlessExplained ? withoutWords(text).split('\n') : lines
  return searched.flatMap((line, index) => {
    if (!rule.finds.test(line)) return []
    if (rule.unlessExplained && isExplained(lines, index)) return []
    return [`${path}:${index + 1}: ${rule.says}`]
  })
}

/** The text with its lines, but without what is no code: comments, what stands in quotes, and the `as` of import and export lists. */
const withoutWords = (text: string): string =>
  text.replace(words, linesOf).replace(/^(?:import|export) (?:type )?(?:\*|\{[^}]*\})/gm, linesOf)

const words = /\/\*[^]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[^])*`/g

const linesOf = (removed: string): string => `''${removed.replace(/[^\n]/g, '')}`

// A statement that the formatter broke over several lines has its comment above its first one.
const linesAboveMax = 6

function isExplained(lines: readonly string[], at: number): boolean {
  if (lines[at]?.includes('//') || /^\s*\/\//.test(lines[at + 1] ?? '')) return true
  for (let above = at - 1; above >= Math.max(0, at - linesAboveMax); above--) {
    const line = lines[above] ?? ''
    if (/^\s*(?:\/\/|\*\/|\/\*\*.*\*\/$)/.test(line)) return true
    if (line.trim() === '') return false
  }
  return false
}
