import fc from 'fast-check'
import { expect, test } from 'vitest'
import { csvLine } from './csv.ts'

test('numbers, yes and no, and nothing stand as they are', () => {
  expect(csvLine(['a', 1, -2.5, true, null, ''])).toBe('a,1,-2.5,true,,\r\n')
})

test('a comma, a quote or a line end is within quotes', () => {
  expect(csvLine(['a,b', 'say "x"', 'one\ntwo'])).toBe('"a,b","say ""x""","one\ntwo"\r\n')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\r=1'])('%j is text for a spreadsheet', (text) => {
  expect(csvLine([text]).replace(/^"/, '')).toMatch(/^'/)
})

test('what was written is read again, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 5 }), (cells) => {
      const safe = cells.map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell))
      expect(cellsOf(csvLine(cells))).toEqual(safe)
    }),
  )
})

/** A reader of one line as RFC 4180 says. */
function cellsOf(line: string): readonly string[] {
  const cells: string[] = []
  let rest = line
  while (rest !== '') {
    const [all = '', quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,(?!$)|\r\n$|,(?=\r\n$))/.exec(rest) ?? []
    if (all === '') throw new Error(`cannot be read: ${JSON.stringify(rest)}`)
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    rest = rest.slice(all.length)
    if (rest === '' && all.endsWith(',')) cells.push('')
  }
  return cells
}
