import { expect, test } from 'vitest'
import { readMetrics, readPrinted } from './gateway-output.ts'

const SETUP = `setup_${'a'.repeat(12)}_${'B'.repeat(43)}_${'0'.repeat(6)}`
const KEY = `sek_${'c'.repeat(12)}_${'D'.repeat(43)}_${'1'.repeat(6)}`

test('address, setup token and key are found among log lines, and a vendor of the configuration is no address of ours', () => {
  const printed = `{"msg":"provider http://127.0.0.1:9999/v1"}\n  Sekisho listens on http://127.0.0.1:4100\n  Setup token: ${SETUP}\n  curl http://127.0.0.1:4100/v1/models -H 'authorization: Bearer ${KEY}'\n`
  expect(readPrinted(printed, 'baseUrl: http://127.0.0.1:9999/v1')).toEqual({
    address: 'http://127.0.0.1:4100',
    setupToken: SETUP,
    key: KEY,
  })
  expect(readPrinted('http://[::1]:80/x', '').address).toBe('http://[::1]:80')
  expect(readPrinted('starting', '')).toEqual({ address: undefined, setupToken: undefined, key: undefined })
})

test('metrics are summed over the labels that were not asked for', () => {
  const metrics = readMetrics(
    '# HELP a x\n# TYPE a counter\na{code="200",provider="x"} 2\na{code="200",provider="y"} 3\na{code="500",provider="x \\"q\\""} 1\nb 1.5e3\n',
  )
  expect(metrics.value('a')).toBe(6)
  expect(metrics.value('a', { code: '200' })).toBe(5)
  expect(metrics.value('a', { provider: 'x "q"' })).toBe(1)
  expect(metrics.value('b')).toBe(1_500)
  expect(metrics.value('a', { code: '404' })).toBeUndefined()
  expect(metrics.value('c')).toBeUndefined()
})
