/** What a cell can hold. `null` is an empty cell. */
export type Cell = string | number | boolean | null

/**
 * One line of a table as RFC 4180 has it, its end included. Text that a spreadsheet would take for a formula gets a `'` before it, because
 * what clients wrote is in these tables and must not run where they are opened.
 */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(written).join(',')}\r\n`

function written(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const FORMULA = /^[=+\-@\t\r]/
const SPECIAL = /[",\r\n]/
