import pg from 'pg'

/**
 * How values come out of the database. `int8` and whole `numeric` (what sums are) become numbers while a double holds them exactly,
 * and BigInt beyond, so that money is never rounded on the way; a `numeric` with digits behind the point stays text.
 */
export const exactNumbers = new pg.TypeOverrides()
exactNumbers.setTypeParser(pg.types.builtins.INT8, exact)
exactNumbers.setTypeParser(pg.types.builtins.NUMERIC, exact)

export function exact(text: string): number | bigint | string {
  if (!/^-?\d+$/.test(text)) return text
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : BigInt(text)
}
