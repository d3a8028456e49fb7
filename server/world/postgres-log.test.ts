import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { keepLogSmall } from './postgres-log.ts'

test('a log that grew too long starts again, its end of before stays beside it, and the writer notices nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-log-'))
  const path = join(folder, 'postgres.log')
  const writer = await open(path, 'a')
  await writer.write(`${'x'.repeat(5 * 1024 * 1024)}last of before\n`)
  const log = keepLogSmall(path)
  await waitUntil('it starts again', async () => (await stat(path)).size === 0)
  log.stop()
  await writer.write('first of now\n')
  await writer.close()
  expect(await readFile(path, 'utf8')).toBe('first of now\n')
  expect((await readFile(`${path}.1`, 'utf8')).endsWith('last of before\n')).toBe(true)
  await rm(folder, { recursive: true })
})
