import type { Pool } from 'pg'
import { Fault } from '../../core/fault.ts'
import { ownerOfReply } from '../store/stored-replies.sql.ts'

/** Whose a reply is, and who keeps it. */
export interface ReplyOwner {
  readonly keyId: string
  /** By its name in the configuration. */
  readonly provider: string
}

/**
 * Replies that vendors keep and that can be asked for again by an id. The ledger has them; those of the last minutes are in memory too,
 * because a client goes on from its reply before the record has reached the database.
 */
export interface StoredReplies {
  note(id: string, owner: ReplyOwner): void
  /** Asks the database where the memory does not know. Rejects with `not_ready` when it does not answer. */
  find(id: string): Promise<ReplyOwner | undefined>
}

export function openStoredReplies(pool: Pool): StoredReplies {
  const recent = new Map<string, ReplyOwner>()
  return {
    note(id, owner) {
      // It belongs to whom it was first given, as in the ledger.
      if (recent.has(id)) return
      if (recent.size >= RECENT_MAX) forgetOldest(recent)
      recent.set(id, owner)
    },
    find: async (id) => recent.get(id) ?? (REPLY_ID.test(id) ? await ask(pool, id) : undefined),
  }
}

async function ask(pool: Pool, id: string): Promise<ReplyOwner | undefined> {
  try {
    return await ownerOfReply(pool, id)
  } catch (cause) {
    const detail = { cause, retryAfterSeconds: 1 }
    throw new Fault('not_ready', 'The gateway cannot look up kept responses now; try again soon', detail)
  }
}

/** What no vendor calls a reply, and no database can store, is not asked for. */
const REPLY_ID = /^[\x21-\x7e]{1,256}$/

/** Far more than are made while a record is on its way. */
const RECENT_MAX = 10_000

function forgetOldest(recent: Map<string, ReplyOwner>): void {
  const [oldest] = recent.keys()
  if (oldest !== undefined) recent.delete(oldest)
}
