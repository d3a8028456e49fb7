import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

// The command in a checkout of its own, whose two programs say that they were called.
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sekisho '))
  cpSync(join(import.meta.dirname, 'sekisho.mjs'), join(root, 'bin', 'sekisho.mjs'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  for (const part of ['server', 'cli']) {
    mkdirSync(join(root, part))
    writeProgram(part, `console.log('${part}', ...argv); return argv.length`)
  }
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

test.each([
  ['server', ['serve', '--port', '1']],
  ['server', ['check']],
  ['server', ['config', 'schema']],
  ['cli', ['keys', 'create']],
  ['cli', ['config', 'show']],
  ['cli', ['serve', '--help']],
  ['cli', ['--help']],
  ['cli', []],
])('%s gets %j, and its number is the exit code', async (part, words) => {
  expect(await sekisho({ words })).toMatchObject({ code: words.length, stdout: `${[part, ...words].join(' ')}\n` })
})

test('a connection that was left open does not keep the process', async () => {
  writeProgram('server', 'setInterval(() => {}, 1_000_000); return 3')
  expect(await sekisho({ words: ['serve'] })).toMatchObject({ code: 3 })
})

test('an old Node gets a sentence', async () => {
  const pretence = join(root, 'old.cjs')
  writeFileSync(
    pretence,
    `Object.defineProperty(process.versions, 'node', { value: '24.14.1' })
     Object.defineProperty(process, 'version', { value: 'v24.14.1' })`,
  )
  const { code, stdout, stderr } = await sekisho({ words: ['serve'], env: { NODE_OPTIONS: `--require "${pretence}"` } })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain('Node 24.15 or newer is needed, this is v24.14.1')
})

describe('compiled code', () => {
  test('is kept beside the packages, where nobody else may write', async () => {
    await sekisho({ words: ['serve'] })
    const folder = join(root, 'node_modules', '.cache', 'sekisho')
    expect(readdirSync(folder)).toHaveLength(1)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('goes to a folder of the user when somebody else may write beside the packages', async () => {
    const shared = join(root, 'node_modules', '.cache', 'sekisho')
    mkdirSync(shared, { recursive: true })
    chmodSync(shared, 0o777)
    await sekisho({ words: ['serve'], env: { TMPDIR: root } })
    expect(readdirSync(shared)).toEqual([])
    expect(readdirSync(root).filter((name) => name.startsWith('sekisho-'))).toHaveLength(1)
  })
})

const writeProgram = (part: string, body: string): void =>
  writeFileSync(
    join(root, part, 'main.ts'),
    `export async function main(argv: readonly string[]): Promise<number> { ${body} }`,
  )

const sekisho = ({ words, env = {} }: { words: readonly string[]; env?: NodeJS.ProcessEnv }) =>
  new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'bin', 'sekisho.mjs'), ...words],
      { env: { PATH: process.env['PATH'], ...env } },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
