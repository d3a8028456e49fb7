import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeKekFile } from './kek-file.ts'
import { readKeks } from './keks.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sekisho-keks-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const key = randomBytes(32).toString('base64')
const older = randomBytes(32).toString('base64')

describe('key-encryption keys', () => {
  test('are read from the environment, newest first', async () => {
    const keks = await readKeks({ environment: `k2:${key}\r\n\n  k1:${older}\n` })
    expect(keks.map(({ id }) => id)).toEqual(['k2', 'k1'])
    expect(keks[0].key.export().toString('base64')).toBe(key)
  })

  test('are read from a file that only its owner may read', async () => {
    const path = await fileWith('closed', `k2:${key}\nk1:${older}`)
    const keks = await readKeks({ file: path })
    expect(keks.map(({ id, key }) => `${id}:${key.export().toString('base64')}`)).toEqual([`k2:${key}`, `k1:${older}`])
  })

  // Only POSIX has these permissions.
  test.skipIf(process.platform === 'win32')('are refused from a file that others may read', async () => {
    const path = await fileWith('open', `k1:${key}`)
    for (const mode of [0o604, 0o644, 0o660, 0o602, 0o620]) {
      await chmod(path, mode)
      await expect(readKeks({ file: path })).rejects.toThrow('may be read by others')
    }
    await chmod(path, 0o400)
    await expect(readKeks({ file: path })).resolves.toHaveLength(1)
  })

  // Only root can make a file that belongs to root.
  test.runIf(process.getuid?.() === 0)('may be read by a group where the file belongs to root', async () => {
    const path = await fileWith('group', `k1:${key}`)
    await chmod(path, 0o440)
    await expect(readKeks({ file: path })).resolves.toHaveLength(1)
  })

  test('say where they are wrong', async () => {
    const where = 'the environment variable with key-encryption keys'
    await expect(readKeks({ environment: ' \n' })).rejects.toThrow(`${where} holds no key`)
    await expect(readKeks({ environment: `k2:${key}\n${older}` })).rejects.toThrow(`${where}, line 2 must be 'id:key'`)
    await expect(readKeks({ environment: `k1:${key}\nk1:${older}` })).rejects.toThrow('two keys with the same id')
    await expect(readKeks({ environment: `k1:${Buffer.alloc(32, 7).toString('base64')}` })).rejects.toThrow(
      'placeholder',
    )
    await expect(readKeks({ file: join(folder, 'absent') })).rejects.toThrow('absent cannot be read (ENOENT)')
    await expect(readKeks({ file: folder })).rejects.toThrow('is not a file')
    await expect(readKeks({ file: await fileWith('large', ' '.repeat(65_537)) })).rejects.toThrow(
      'larger than 65536 bytes',
    )
  })

  test('are never shown, neither by an error nor when they are printed', async () => {
    const wrong = [
      key,
      `:${key}`,
      `${key}:k1`,
      `k1:${key.slice(1)}`,
      `k1:${key.slice(0, -1)}`,
      `k1:${key}${key}`,
      `k1:${key.slice(0, 20)} ${key.slice(20)}`,
      `k1:${Buffer.from(key, 'base64').toString('hex')}`,
      `k1=${key}`,
      `k1:${key}\nk1:${key}`,
    ]
    const path = await fileWith('wrong', '')
    const shown = [inspect(await readKeks({ environment: `k1:${key}` }), { depth: null, showHidden: true })]
    for (const text of wrong) {
      await writeFile(path, text)
      for (const source of [{ environment: text }, { file: path }]) {
        shown.push(inspect(await readKeks(source).catch((error: unknown) => error), { depth: null, showHidden: true }))
        expect(shown.at(-1)).toMatch(/^Error: the /)
      }
    }
    for (const hidden of [key, Buffer.from(key, 'base64').toString('hex')]) {
      for (let at = 0; at + 8 <= hidden.length; at++) expect(shown.join('\n')).not.toContain(hidden.slice(at, at + 8))
    }
  })
})

describe('the file of the first start', () => {
  test('has one random key, and is closed to others', async () => {
    const [one, other] = [join(folder, 'first'), join(folder, 'second')]
    await makeKekFile(one)
    await makeKekFile(other)
    expect((await stat(one)).mode & 0o777).toBe(0o600)
    const [[first], [second]] = [await readKeks({ file: one }), await readKeks({ file: other })]
    expect(first.id).not.toBe(second.id)
    expect(first.key.equals(second.key)).toBe(false)
  })

  test('never takes the place of one that is there', async () => {
    const path = await fileWith('there', `k1:${key}\n`)
    await expect(makeKekFile(path)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(path, 'utf8')).toBe(`k1:${key}\n`)
  })
})

async function fileWith(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}
