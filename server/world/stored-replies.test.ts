import { Pool } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { openStoredReplies } from './stored-replies.ts'

/** A pool without a server behind it: whatever asks it fails. */
const pool = new Pool({ host: '/nonexistent-socket-folder' })
afterAll(() => pool.end())
const owner = { keyId: 'k', provider: 'gpt' }

describe('whose a kept reply is', () => {
  test('is known from memory while the record is on its way', async () => {
    const replies = openStoredReplies(pool)
    replies.note('resp_1', owner)
    expect(await replies.find('resp_1')).toEqual(owner)
  })

  test('can be asked again soon when the database is away', async () => {
    await expect(openStoredReplies(pool).find('resp_2')).rejects.toMatchObject({ code: 'not_ready' })
  })

  test.each(['', 'a\0b', 'a b', 'é', 'r'.repeat(257)])('is not asked for what is no id: %j', async (id) => {
    expect(await openStoredReplies(pool).find(id)).toBeUndefined()
  })
})
