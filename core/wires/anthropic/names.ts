import type { CallIdRule } from '../../call-id.ts'
import { plainNames } from '../../tool-names.ts'

/** What ids of calls look like at the vendor, which names no length. */
export const CALL_ID: CallIdRule = { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 512 }

/** The same for clients: long enough that every id of another vendor is kept in it, whatever it looks like. */
export const CLIENT_CALL_ID: CallIdRule = { pattern: CALL_ID.pattern, lengthMax: 4_096 }

/** What names of tools look like at the vendor. */
export const TOOL_NAME = plainNames(128)
