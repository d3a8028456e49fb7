import * as fs from 'node:fs'
import { open, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** What the journal asks of the disk: a port of its own, so that a test can let the disk be full or its sync fail. */
export interface JournalDisk {
  /** A new file for reading and writing; fails when it exists. */
  create(path: string): number
  openExisting(path: string): number
  /** All of the bytes at this place, or it throws; a part of them may stand there then. */
  write(file: number, bytes: Uint8Array, position: number): void
  read(file: number, from: number, to: number): Buffer
  truncate(file: number, bytes: number): void
  close(file: number): void
  /** To the disk itself, with the file's length. */
  sync(file: number): Promise<void>
  /** A folder's list of names, without which a new file may be gone after a power loss. */
  syncFolder(path: string): Promise<void>
}

/** Owner only: records say who used what. */
const FILE_MODE = 0o600

export const localDisk: JournalDisk = {
  create: (path) => fs.openSync(path, 'wx+', FILE_MODE),
  openExisting: (path) => fs.openSync(path, 'r+'),
  write(file, bytes, position) {
    let written = 0
    // A nearly full disk takes a part first and says so only at the next call.
    while (written < bytes.length) {
      written += fs.writeSync(file, bytes, written, bytes.length - written, position + written)
    }
  },
  read(file, from, to) {
    const buffer = Buffer.alloc(to - from)
    return buffer.subarray(0, fs.readSync(file, buffer, 0, buffer.length, from))
  },
  truncate: (file, bytes) => fs.ftruncateSync(file, bytes),
  close: (file) => fs.closeSync(file),
  sync: (file) =>
    new Promise((resolve, reject) => {
      fs.fdatasync(file, (error) => (error === null ? resolve() : reject(error)))
    }),
  async syncFolder(path) {
    const folder = await open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
}

/** Where the disk set aside for running requests lies until it is needed. */
export const reservePath = (folder: string): string => join(folder, 'reserve.blank')

/** Sets disk aside by filling a file with zeros: writing over them later needs no free space. Does nothing when it is there already. */
export async function makeReserve(folder: string, bytes: number): Promise<void> {
  if (fs.existsSync(reservePath(folder))) return
  // Asked first, because filling the last of a nearly full disk again and again would take it from everybody else.
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < bytes) throw new Error('there is no room for the reserve')
  const path = `${reservePath(folder)}.part`
  const file = await open(path, 'w', FILE_MODE)
  try {
    const zeros = Buffer.alloc(Math.min(bytes, ZEROS_BYTES))
    for (let at = 0; at < bytes; at += zeros.length) await file.write(zeros, 0, Math.min(zeros.length, bytes - at), at)
    await file.close()
    await rename(path, reservePath(folder))
  } catch (error) {
    await file.close().catch(() => {})
    await rm(path, { force: true })
    throw error
  }
}

const ZEROS_BYTES = 1_048_576
