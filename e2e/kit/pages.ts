import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A text of the repository for people. */
export interface Page {
  /** From the root of the checkout: `docs/guides/keys.md`. */
  readonly path: string
  readonly text: string
}

/** A fenced block of code. */
export interface Block {
  readonly language: string
  readonly text: string
}

export const pageAt = (path: string): Page => ({ path, text: textAt(path) })

export const textAt = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every page, found by looking: one that is new is held to the same. */
export const allPages = (): readonly Page[] =>
  ['.', 'bench', 'catalog', 'docs', 'docs/decisions', 'docs/guides'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => pageAt(join(folder, name))),
  )

export const blocksOf = ({ text }: Page, language?: string): readonly Block[] =>
  [...text.matchAll(FENCE)]
    .map(([, name = '', content = '']) => ({ language: name, text: content }))
    .filter((block) => language === undefined || block.language === language)

/** What stands in backticks within sentences and tables. */
export const codeWords = ({ text }: Page): readonly string[] =>
  [...text.replaceAll(FENCE, '').matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word)

/** Where a page's links lead, those to other hosts left out. */
export const linksOf = ({ text }: Page): readonly string[] =>
  [...text.replaceAll(FENCE, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))

const FENCE = /^```(\w*).*\n([^]*?)^```$/gm
