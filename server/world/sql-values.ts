import pg from 'pg'
import type { CustomTypesConfig } from 'pg'

/**
 * How values come out of the database. `int8` and whole `numeric` (what sums are) become numbers while a double holds them exactly,
 * and BigInt beyond, so that money is never rounded on the way; a `numeric` with digits behind the point stays text.
 */
export const exactNumbers: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && (oid === INT8 || oid === NUMERIC)) return exact
    return pg.types.getTypeParser(oid, format)
  }) satisfies CustomTypesConfig['getTypeParser'],
}

export function exact(text: string): number | bigint | string {
  if (!/^-?\d+$/.test(text)) return text
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}

const INT8 = 20
const NUMERIC = 1700
