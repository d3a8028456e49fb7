import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KeksRefused, openKeks } from './kek-source.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sekisho-kek-source-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

const line = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

describe('the key-encryption keys of an installation', () => {
  test('are made once in the data folder, closed to others, when nobody brings any', async () => {
    const made = await openKeks({ dataDir, file: undefined, text: undefined })
    expect((await stat(join(dataDir, 'kek'))).mode & 0o777).toBe(0o600)
    const again = await openKeks({ dataDir, file: undefined, text: undefined })
    expect(again.map(({ id, key }) => [id, key.export()])).toEqual(made.map(({ id, key }) => [id, key.export()]))
  })

  test('are those of the environment or of the file that it names', async () => {
    expect(await openKeks({ dataDir, file: undefined, text: line('theirs') })).toMatchObject([{ id: 'theirs' }])
    const file = join(dataDir, 'brought')
    await writeFile(file, line('brought'), { mode: 0o600 })
    expect(await openKeks({ dataDir, file, text: undefined })).toMatchObject([{ id: 'brought' }])
  })

  test('are refused with a sentence when both are set, or when they cannot be read; none is made in their place', async () => {
    await expect(openKeks({ dataDir, file: 'a', text: line('b') })).rejects.toThrow(/not both/)
    const missing = openKeks({ dataDir, file: join(dataDir, 'missing'), text: undefined })
    await expect(missing).rejects.toThrow(KeksRefused)
    await expect(missing).rejects.toThrow(/cannot be read \(ENOENT\)/)
  })
})
