import type { Writable } from 'node:stream'

export interface LogOutput {
  readonly write: (line: string) => void
  /** Lines that could not be written since the start. */
  readonly lost: () => number
}

/**
 * Writes lines to a stream that may fail or stall at any time. A reader that is gone (EPIPE), a full disk (ENOSPC) and a reader that has
 * stopped cost lines, which are counted, and never the process: nothing here throws, waits, or keeps more than a bounded amount.
 */
export function openLogOutput(stream: Writable): LogOutput {
  let lost = 0
  const settle = (error?: Error | null): void => {
    if (error) lost++
  }
  // Without a listener an error of standard output ends the process. Each failed line is counted by its own callback.
  stream.on('error', () => undefined)
  return {
    write: (line) => {
      if (stream.writableLength > HELD_BYTES_MAX) lost++
      else stream.write(line, settle)
    },
    lost: () => lost,
  }
}

const HELD_BYTES_MAX = 1_048_576
