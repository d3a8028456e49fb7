import { setupAdministrator } from '../../core/admin/setup.ts'
import { insertFounder, insertServiceToken } from '../store/access.sql.ts'
import { setupDone } from './permission.ts'
import { newId, newSecret } from './secret.ts'
import { served } from './served.ts'

export const setupActions = [
  served(setupAdministrator, async ({ name }, { sql, now, random }) => {
    const administrator = { id: newId(random), name, created_at: now }
    // Of all who hold the token and ask at once, one gets in: the database decides, not this program.
    if (!(await insertFounder(sql, administrator))) throw setupDone()
    const { id, text, hash } = newSecret('svc', random)
    await insertServiceToken(sql, {
      id,
      hash,
      user_id: administrator.id,
      created_at: now,
      created_by: administrator.id,
      expires_at: null,
    })
    return { id, administrator: name, token: text }
  }),
]
