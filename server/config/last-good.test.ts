import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { revisionOf } from './file.ts'
import { keepLastGood, readLastGood } from './last-good.ts'

const folder = mkdtempSync(join(tmpdir(), 'sekisho-last-good-'))
afterAll(() => rmSync(folder, { recursive: true }))
const kept = join(folder, 'config', 'last-good.yaml')
const text = '# mine\nlisten:\n  port: 1\n'
const good = { text, revision: revisionOf(text), path: '/etc/sekisho/sekisho.yaml', at: '2026-01-01T00:00:00.000Z' }

test('there is none before one was kept', async () => {
  expect(await readLastGood(folder)).toBeUndefined()
})

test('comes back as it was, for the owner of the folder only', async () => {
  await keepLastGood(folder, good)
  expect(await readLastGood(folder)).toEqual(good)
  expect(statSync(kept).mode & 0o777).toBe(0o600)
  expect(readFileSync(kept, 'utf8').endsWith(text)).toBe(true)
})

test('a newer one takes its place, also one that is empty', async () => {
  await keepLastGood(folder, { ...good, text: '', revision: revisionOf(''), path: null })
  expect(await readLastGood(folder)).toMatchObject({ text: '', path: null })
})

test.each([
  ['cut off', (whole: string) => whole.slice(0, -3)],
  ['changed by hand', (whole: string) => whole.replace('port: 1', 'port: 2')],
  ['without its head', (whole: string) => whole.slice(whole.indexOf('\n') + 1)],
  ['with a damaged head', (whole: string) => whole.replace('{', '[')],
])('one that is %s is none', async (_how, damage) => {
  await keepLastGood(folder, good)
  writeFileSync(kept, damage(readFileSync(kept, 'utf8')))
  expect(await readLastGood(folder)).toBeUndefined()
})
