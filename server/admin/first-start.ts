import { findFirsts, insertSetupToken } from '../store/first-start.sql.ts'
import { newSecret } from './secret.ts'
import type { ServeWorld } from './serve.ts'

/** What a start prints once and keeps nowhere. */
export interface FirstStart {
  /** For the first administrator; `null` when there is one. Each start without one prints a new token. */
  readonly setupToken: string | null
  /** A virtual key for the demo vendor, made when there is no key at all; `null` otherwise. */
  readonly demoKey: string | null
}

/** Makes the way in and a key to try things with, where they are missing. Only the key needs what actions need; that is loaded then. */
export async function firstStart(world: ServeWorld & { readonly newId: () => string }): Promise<FirstStart> {
  const found = await findFirsts(world.sql.control)
  return {
    setupToken: found.administrator ? null : await makeSetupToken(world),
    demoKey: found.key ? null : await (await import('./demo-key.ts')).makeDemoKey(world),
  }
}

/** A token that makes one first administrator. */
export async function makeSetupToken({
  sql,
  clock,
  random,
}: Pick<ServeWorld, 'clock' | 'random'> & { readonly sql: Pick<ServeWorld['sql'], 'control'> }): Promise<string> {
  const { text, hash } = newSecret('setup', random)
  await insertSetupToken(sql.control, { hash, createdAt: new Date(clock.now()) })
  return text
}
