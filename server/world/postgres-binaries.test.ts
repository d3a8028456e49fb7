import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBinaries, forgetOtherCopies, readyBinaries } from './postgres-binaries.ts'

const now = { base: '', native: '', home: '' }
const ready = (version = '18.4.0') =>
  readyBinaries({ source: { native: now.native, version }, account: undefined, home: now.home })

beforeEach(async () => {
  now.base = await mkdtemp(join(tmpdir(), 'sekisho-binaries-'))
  now.native = join(now.base, 'native')
  now.home = join(now.base, 'home')
  for (const folder of ['home', 'native/bin', 'native/lib', 'native/share'])
    await mkdir(join(now.base, folder), { recursive: true })
  await writeFile(join(now.native, 'lib/libx.so.1.2'), 'library')
  await writeFile(join(now.native, 'bin/postgres'), '#!/bin/sh\n', { mode: 0o755 })
  const links = ['libx.so', 'libx.so.1'].map((name) => ({
    source: 'native/lib/libx.so.1.2',
    target: `native/lib/${name}`,
  }))
  await writeFile(join(now.native, 'pg-symlinks.json'), JSON.stringify(links))
})
afterEach(() => rm(now.base, { recursive: true, force: true }))

test('missing links between libraries are made where the programs are, also by many starts at once and again', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => ready()))
  expect(new Set(all.map(({ bin }) => bin))).toEqual(new Set([join(now.native, 'bin')]))
  expect(all[0]).toMatchObject({ major: 18, copied: false })
  expect(await readlink(join(now.native, 'lib/libx.so.1'))).toBe('libx.so.1.2')
  expect(await readFile(join(now.native, 'lib/libx.so'), 'utf8')).toBe('library')
  expect((await ready()).copied).toBe(false)
})

// Root writes into any folder, so only an ordinary user can be kept from it.
test.skipIf(process.getuid?.() === 0)(
  'programs in a read-only tree are copied once for each version, and old copies go',
  async () => {
    await chmod(join(now.native, 'lib'), 0o555)
    const old = await ready('18.3.0')
    expect(old).toMatchObject({ bin: join(now.home, 'postgres-18.3.0/bin'), copied: true })
    const used = await ready()
    expect(await readFile(join(now.home, 'postgres-18.4.0/lib/libx.so.1'), 'utf8')).toBe('library')
    await forgetOtherCopies(now.home, used)
    expect(await readdir(now.home)).toEqual(['postgres-18.4.0'])
    await chmod(join(now.native, 'lib'), 0o755)
  },
)

test('the installed package is found, with the version of PostgreSQL that it brings', async () => {
  const { native, version } = await findBinaries()
  expect(version).toMatch(/^18\./)
  expect(await readdir(join(native, 'bin'))).toContain('postgres')
})
