import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dataUrl, readDataUrl } from './data-url.ts'

describe('a data URL', () => {
  test('gives its media type and its base64, and is written as it was read', () => {
    const type = fc.stringMatching(/^[a-z]{1,10}\/[a-z0-9.+-]{1,20}$/)
    fc.assert(
      fc.property(type, fc.base64String(), (mediaType, base64) => {
        const url = dataUrl(mediaType, base64)
        expect(readDataUrl(url)).toEqual({ mediaType, base64 })
      }),
    )
  })

  test.each([
    ['data:image/svg+xml;charset=utf-8;base64,AA==', 'image/svg+xml', 'AA=='],
    ['DATA:IMAGE/PNG;BASE64,AA==', 'image/png', 'AA=='],
    ['data:;base64,AA==', 'text/plain', 'AA=='],
    ['data:image/png;base64,', 'image/png', ''],
  ])('%s', (url, mediaType, base64) => {
    expect(readDataUrl(url)).toEqual({ mediaType, base64 })
  })

  test('is read without a copy of its head’s length, however large it is', () => {
    const base64 = 'A'.repeat(5_000_000)
    expect(readDataUrl(dataUrl('image/png', base64))?.base64).toBe(base64)
  })
})

test.each([
  'https://example.com/a.png',
  'data:text/plain,hello',
  'data:',
  '',
  'xdata:image/png;base64,AA==',
  'data:image/png,base64,AA==',
])('%j is no data URL of base64', (url) => {
  expect(readDataUrl(url)).toBeUndefined()
})

test('an endless head is no reason to search for long', () => {
  expect(readDataUrl(`data:${';'.repeat(1_000_000)}`)).toBeUndefined()
})
