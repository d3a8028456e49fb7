import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FRAME_TYPES, frameBytesMax, writeFrame } from './journal-frame.ts'
import { readWindow } from './journal-reader.ts'
import { temporaryFolder } from './ledger-test-kit.ts'

describe('a segment read window by window', () => {
  test('gives every frame once, also those that lie across two windows', async () => {
    const { path, payloads } = await written()
    expect(await readAll(path)).toMatchObject({ payloads, damagedBytes: 0, tornBytes: 0 })
  })

  test('loses only the frame that a damaged byte lies in, wherever that is', async () => {
    const { path, payloads } = await written()
    const bytes = await readFile(path)
    for (let place = 5; place < bytes.length; place += 97_001) {
      const damaged = Buffer.from(bytes)
      damaged[place] = (damaged[place] ?? 0) ^ 0x40
      await writeFile(path, damaged)
      const read = await readAll(path)
      expect(payloads.filter((payload) => !read.payloads.includes(payload))).toHaveLength(1)
      expect(read.payloads).toHaveLength(payloads.length - 1)
      expect(read.damagedBytes + read.tornBytes).toBeGreaterThan(0)
    }
  })

  test('goes on behind a hole of zeros that is larger than a window', async () => {
    const { path, payloads } = await written()
    const bytes = await readFile(path)
    bytes.fill(0, 100_000, 500_000)
    await writeFile(path, bytes)
    const read = await readAll(path)
    expect(read.payloads.at(0)).toBe(payloads.at(0))
    expect(read.payloads.at(-1)).toBe(payloads.at(-1))
    expect(read.damagedBytes).toBeGreaterThanOrEqual(400_000)
  })

  test('ends where the file ends, when that is before the place that was named', async () => {
    const { path, payloads, bytes } = await written()
    await truncate(path, bytes - 3)
    const read = await readAll(path, bytes)
    expect(read.payloads).toEqual(payloads.slice(0, -1))
    expect(read.tornBytes).toBeGreaterThan(0)
  })
})

/** A file of about a megabyte with frames of every size. */
async function written() {
  const path = join(await temporaryFolder(), 'segment')
  const payloads = Array.from({ length: 600 }, (_, index) =>
    JSON.stringify([`id_${index}`, 'x'.repeat((index * 7_919) % 3_500)]),
  )
  const buffer = Buffer.alloc(payloads.reduce((sum, payload) => sum + frameBytesMax(payload), 0))
  let end = 0
  for (const payload of payloads) end = writeFrame(buffer, end, FRAME_TYPES.settle, payload)
  await writeFile(path, buffer.subarray(0, end))
  return { path, payloads, bytes: end }
}

async function readAll(path: string, to?: number) {
  const end = to ?? (await readFile(path)).length
  const payloads: string[] = []
  let damagedBytes = 0
  let tornBytes = 0
  for (let from = 0; from < end; ) {
    const window = await readWindow(path, { from, to: end })
    expect(window.next).toBeGreaterThan(from)
    from = window.next
    damagedBytes += window.damagedBytes
    tornBytes += window.tornBytes
    payloads.push(...window.frames.map((frame) => window.bytes.toString('utf8', frame.start, frame.end)))
  }
  return { payloads, damagedBytes, tornBytes }
}
