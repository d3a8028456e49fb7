import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of the repository: its path from the root, with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** What people write here: programs, texts and configuration, without packages, data and recorded answers of others. */
export function sourceFiles(root: string): readonly SourceFile[] {
  return globSync(patterns, { cwd: root, exclude: ['**/node_modules/**'] })
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

const patterns = [
  '{core,server,web,cli,bin,scripts,bench,e2e,catalog,traps}/**/*.{ts,tsx,mjs,sql,md}',
  '{docs,deploy,.github,.ci}/**/*.*',
  '.ci/run',
  '*.{ts,md,json,yml,yaml}',
]

export const isProgram = (path: string): boolean => /\.(?:tsx?|mjs)$/.test(path)

/** True for a test and for what only tests use: the black-box kit, the traps, a kit beside its tests, a contract suite. */
export const isTest = (path: string): boolean => /\.test\.tsx?$|-test-kit\.ts$|^e2e\/|^traps\/|\/contract\//.test(path)
