import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

export type BoundedRead =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  /** It is there but cannot be used; `message` says why, without anything of its content. */
  | { readonly kind: 'unreadable'; readonly message: string }

/** Reads a regular file of at most `bytesMax` bytes. A pipe or device is refused, because reading one may never end. */
export async function readBounded(path: string, bytesMax: number): Promise<BoundedRead> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for whoever writes into it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await file.stat()).isFile()) return { kind: 'unreadable', message: 'is not a file' }
      const buffer = Buffer.alloc(bytesMax + 1)
      const length = await fill(buffer, file)
      if (length > bytesMax) return { kind: 'unreadable', message: `is larger than ${bytesMax} bytes` }
      return { kind: 'bytes', bytes: buffer.subarray(0, length) }
    } finally {
      await file.close()
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unreadable', message: `cannot be read (${code})` }
  }
}

async function fill(buffer: Buffer, file: FileHandle): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}
