import { auditList } from '../../core/admin/audit.ts'
import { Fault } from '../../core/fault.ts'
import { listAuditLines } from '../store/audit.sql.ts'
import { pageOf } from './page.ts'
import { served } from './served.ts'

export const auditActions = [
  served(auditList, async ({ action, target, limit, cursor }, { sql }) => {
    const rows = await listAuditLines(sql, { action, target, limit: limit + 1, before: lineNumber(cursor) })
    return pageOf(rows, {
      limit,
      cursorOf: (row) => String(row.id),
      view: ({ id, at, request_id, organisation_id, ...same }) => ({
        ...same,
        id: String(id),
        at: at.toISOString(),
        requestId: request_id,
        organisation: organisation_id,
      }),
    })
  }),
]

function lineNumber(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined
  const value = Number(cursor)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Fault('bad_request', 'cursor: not the cursor of a page before', { field: 'cursor' })
  return value
}
