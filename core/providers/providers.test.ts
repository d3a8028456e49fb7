import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { OPERATIONS } from '../operation.ts'
import { usualPath } from '../provider.ts'
import { findKind, PROVIDER_KINDS } from './index.ts'

const FOLDER = import.meta.dirname
const ROOT = join(FOLDER, '../..')

test('every file of the folder is in the list, and nothing is twice', () => {
  const files = readdirSync(FOLDER).filter((name) => !name.endsWith('.test.ts') && name !== 'index.ts')
  const ids = PROVIDER_KINDS.map((kind) => kind.id)
  expect(ids.map((id) => `${id}.ts`).toSorted()).toEqual(files.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
})

test('no two kinds stand in from the same environment variable', () => {
  const variables = PROVIDER_KINDS.flatMap(({ environment }) => [environment.credential, environment.url]).filter(
    (name) => name !== undefined,
  )
  expect(new Set(variables).size).toBe(variables.length)
})

test('an id that nobody has finds nothing', () => {
  expect(findKind('constructor')).toBeUndefined()
})

describe.each(PROVIDER_KINDS.map((kind) => [kind.id, kind] as const))('%s', (id, kind) => {
  test('is found by its id, which may stand before a slash', () => {
    expect(findKind(id)).toBe(kind)
    expect(id).toMatch(/^[a-z0-9][a-z0-9-]*$/)
    expect(kind.label).not.toBe('')
  })

  test('has an address that paths can be put behind', () => {
    if (kind.baseUrl === null) return
    const url = new URL(kind.baseUrl)
    expect(kind.baseUrl.endsWith('/')).toBe(false)
    expect([url.search, url.hash, url.username, url.password]).toEqual(['', '', '', ''])
    const local = url.hostname === '127.0.0.1'
    expect(url.protocol).toBe(local ? 'http:' : 'https:')
    // Whoever is reached over the internet wants a credential.
    expect(kind.credentialRequired).toBe(!local)
  })

  test('serves operations that there are, each by a path', () => {
    expect(kind.operations.length).toBeGreaterThan(0)
    for (const operation of kind.operations) {
      expect(OPERATIONS).toContain(operation)
      for (const wire of kind.wires) {
        const asked = { operation, wire, model: 'model', stream: false, batch: false }
        expect(kind.path?.(asked, {}) ?? usualPath(asked)).toMatch(/^\/[\w./:-]+$/)
      }
    }
  })

  test('sends a credential in one header of its own', () => {
    const [name, value] = kind.auth?.('secret-value') ?? ['authorization', 'Bearer secret-value']
    expect(name).toMatch(/^[a-z-]+$/)
    expect(value).toContain('secret-value')
  })
})

/** Wires carry the name of the vendor that made them, and the built-in vendor is a part of this program. */
const ELSEWHERE_TOO: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini', 'demo'])
const VENDORS = PROVIDER_KINDS.map(({ id }) => id).filter((id) => !ELSEWHERE_TOO.has(id))

test.each(VENDORS)('the name %s stands in its own file and the list only', (id) => {
  const own = new Set([`core/providers/${id}.ts`, ...NAMED_ELSEWHERE])
  const quoted = new RegExp(`['"\`]${id}['"\`/]`)
  const others = sources().filter(({ path, text }) => !own.has(path) && quoted.test(text))
  expect(others.map(({ path }) => path)).toEqual([])
})

/** Ways to count are named after the vendor that counts so. */
const NAMED_ELSEWHERE = ['core/provider.ts']

interface Source {
  readonly path: string
  readonly text: string
}

function sources(): readonly Source[] {
  return ['core', 'server', 'cli'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => ({ path: join(folder, name), text: readFileSync(join(ROOT, folder, name), 'utf8') })),
  )
}
