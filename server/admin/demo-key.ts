import { keysCreate } from '../../core/admin/keys.ts'
import { keyActions } from './keys.ts'
import { perform, type ServeWorld } from './serve.ts'

/** A virtual key for the demo vendor alone, made like any other key, so that it is audited like any other. */
export async function makeDemoKey(world: ServeWorld & { readonly newId: () => string }): Promise<string> {
  const create = keyActions.find(({ action }) => action.name === keysCreate.name)
  if (create === undefined) throw new Error('keys cannot be made')
  const caller = { access: null, ip: null, requestId: world.newId() }
  const { key } = keysCreate.output.parse(await perform(create, { name: 'demo', models: ['demo/*'] }, caller, world))
  return key
}
