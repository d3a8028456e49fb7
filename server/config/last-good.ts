import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { parseJson } from '../../core/json.ts'
import { readBounded } from './bounded-file.ts'
import { CONFIG_BYTES_MAX, revisionOf } from './file.ts'

/** The last configuration that this process really ran: what a start falls back to, and what `sekisho check` compares with. */
export interface LastGood {
  /** As the operator wrote it. It holds no secret, because the schema takes references only. */
  readonly text: string
  readonly revision: string
  /** The file that it came from, or `null` when there was none. */
  readonly path: string | null
  /** ISO time at which it was taken. */
  readonly at: string
}

/** Keeps it in the data folder: the text with one line about it above, so that one rename replaces both together. */
export async function keepLastGood(dataFolder: string, { text, revision, path, at }: LastGood): Promise<void> {
  const folder = join(dataFolder, FOLDER)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const beside = join(folder, `${NAME}.new`)
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(`${MARK}${JSON.stringify({ revision, path, at })}\n${text}`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, join(folder, NAME))
}

/** The kept one, or `undefined` when there is none or it is not as it was written. */
export async function readLastGood(dataFolder: string): Promise<LastGood | undefined> {
  const kept = await keptText(join(dataFolder, FOLDER, NAME))
  const end = kept?.indexOf('\n') ?? -1
  if (kept === undefined || end === -1 || !kept.startsWith(MARK)) return undefined
  const about = aboutSchema.safeParse(parseJson(kept.slice(MARK.length, end)))
  const text = kept.slice(end + 1)
  return about.success && about.data.revision === revisionOf(text) ? { ...about.data, text } : undefined
}

const FOLDER = 'config'
const NAME = 'last-good.yaml'
const MARK = '# The configuration that ran last, kept by sekisho: '
const HEAD_BYTES_MAX = 8_192

const aboutSchema = z.strictObject({ revision: z.string(), path: z.string().nullable(), at: z.string() })

/** Missing or unreadable: then there is none, and the operator's own file must do. */
async function keptText(path: string): Promise<string | undefined> {
  const found = await readBounded(path, CONFIG_BYTES_MAX + HEAD_BYTES_MAX)
  return found.kind === 'bytes' ? found.bytes.toString('utf8') : undefined
}
