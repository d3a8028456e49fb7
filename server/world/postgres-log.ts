import { copyFile, stat, truncate } from 'node:fs/promises'

/**
 * Keeps the file that PostgreSQL appends its messages to below `bytesMax` (and what one look apart can bring): what was written goes
 * into one file `.1` beside it, and the file starts again. PostgreSQL appends, so it needs not be told.
 */
export function keepLogSmall(path: string): { stop(): void } {
  const look = () => {
    shorten(path).catch(() => undefined)
  }
  look()
  const timer = setInterval(look, everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

/** One look at the size. */
async function shorten(path: string): Promise<void> {
  const { size } = await stat(path)
  if (size <= bytesMax) return
  await copyFile(path, `${path}.1`)
  await truncate(path, 0)
}

const everyMs = 30_000
const bytesMax = 4 * 1024 * 1024
