import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Environment for a gateway whose event loop is to be watched. `folder` takes the notes. */
export const loopProbeEnvironment = (folder: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${new URL('loop-probe-main.ts', import.meta.url).href}`,
  LOOP_PROBE_FILE: notesIn(folder),
})

/** How long the loop of a watched gateway was held up by its own work, each time, in milliseconds, oldest first. Short times are left out. */
export async function heldUpMs(folder: string): Promise<readonly number[]> {
  const text = await readFile(notesIn(folder), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean).map(Number)
}

const notesIn = (folder: string): string => join(folder, 'loop-probe.txt')
