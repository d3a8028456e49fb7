import { open } from 'node:fs/promises'

/** Why a record could not be stored, in a word. */
export interface Refusal {
  /** The record as it stands in the journal. */
  readonly payload: string
  readonly reason: string
}

/** Keeps records that the database will never take, one JSON line each, for people to look at: they block nobody, and are not thrown away. */
export async function quarantine(path: string, refused: readonly Refusal[]): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.write(refused.map((refusal) => `${JSON.stringify(refusal)}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
}
