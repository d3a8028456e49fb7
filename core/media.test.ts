import { expect, test } from 'vitest'
import { mediaFeature, mediaTypeByBytes } from './media.ts'

const base64 = (text: string): string => btoa(text)

test.each([
  [base64('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'image/png'],
  [base64('\xff\xd8\xff\xe0rest'), 'image/jpeg'],
  [base64('GIF89a'), 'image/gif'],
  [base64('RIFF\x01\x02\x03\x04WEBPVP8 '), 'image/webp'],
  [base64('%PDF-1.7'), 'application/pdf'],
  // A sound begins with the same four letters.
  [base64('RIFF\x01\x02\x03\x04WAVEfmt '), undefined],
  [base64('plain text'), undefined],
  ['', undefined],
])('a file that begins with %s is %s', (bytes, mediaType) => {
  expect(mediaTypeByBytes(bytes)).toBe(mediaType)
})

test('media are reported by what they are and where they lie', () => {
  expect(mediaFeature({ kind: 'image', source: { kind: 'url', url: 'https://a.example' } })).toBe('image.url')
  expect(mediaFeature({ kind: 'file', source: { kind: 'text', mediaType: 'text/plain', text: 'a' } })).toBe('file.text')
  expect(mediaFeature({ kind: 'audio', source: { kind: 'id', id: 'a' } })).toBe('audio.data')
})
