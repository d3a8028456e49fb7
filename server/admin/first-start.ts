import { keysCreate } from '../../core/admin/keys.ts'
import { hasAdministrator, insertSetupToken } from '../store/access.sql.ts'
import { hasKey } from '../store/keys.sql.ts'
import { keyActions } from './keys.ts'
import { newSecret } from './secret.ts'
import { perform, type ServeWorld } from './serve.ts'

/** What a start prints once and keeps nowhere. */
export interface FirstStart {
  /** For the first administrator; `null` when there is one. Each start without one prints a new token. */
  readonly setupToken: string | null
  /** A virtual key for the demo vendor, made when there is no key at all; `null` otherwise. */
  readonly demoKey: string | null
}

/** Makes the way in and a key to try things with, where they are missing. */
export async function firstStart(world: ServeWorld & { readonly newId: () => string }): Promise<FirstStart> {
  const { control } = world.sql
  return {
    setupToken: (await hasAdministrator(control)) ? null : await makeSetupToken(world),
    demoKey: (await hasKey(control)) ? null : await makeDemoKey(world),
  }
}

/** A token that makes one first administrator. */
export async function makeSetupToken({
  sql,
  clock,
  random,
}: Pick<ServeWorld, 'sql' | 'clock' | 'random'>): Promise<string> {
  const { text, hash } = newSecret('setup', random)
  await sql.transaction((transaction) => insertSetupToken(transaction, { hash, created_at: new Date(clock.now()) }))
  return text
}

/** Made like any other key, so that it is audited like any other. */
async function makeDemoKey(world: ServeWorld & { readonly newId: () => string }): Promise<string> {
  const create = keyActions.find(({ action }) => action.name === keysCreate.name)
  if (create === undefined) throw new Error('keys cannot be made')
  const caller = { administrator: null, ip: null, requestId: world.newId() }
  const { key } = keysCreate.output.parse(await perform(create, { name: 'demo', models: ['demo/*'] }, caller, world))
  return key
}
