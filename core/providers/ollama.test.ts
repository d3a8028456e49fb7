import { expect, test } from 'vitest'
import { ollama } from './ollama.ts'

test.each([
  ['127.0.0.1', 'http://127.0.0.1:11434/v1'],
  ['box', 'http://box:11434/v1'],
  ['box:80', 'http://box/v1'],
  ['box:9000', 'http://box:9000/v1'],
  [':9000', 'http://127.0.0.1:9000/v1'],
  ['0.0.0.0', 'http://127.0.0.1:11434/v1'],
  ['0.0.0.0:9000', 'http://127.0.0.1:9000/v1'],
  ['[::]:9000', 'http://[::1]:9000/v1'],
  ['[::1]', 'http://[::1]:11434/v1'],
  ['http://box:9000', 'http://box:9000/v1'],
  ['http://box', 'http://box/v1'],
  ['https://ollama.example.com', 'https://ollama.example.com/v1'],
  ['https://ollama.example.com/', 'https://ollama.example.com/v1'],
  ['https://example.com/ollama/v1/', 'https://example.com/ollama/v1'],
  [' "box" ', 'http://box:11434/v1'],
])('OLLAMA_HOST=%s is %s', (value, url) => {
  expect(ollama.environment.readUrl?.(value)).toBe(url)
})

test.each(['', 'http://', 'two words', 'http://user:secret@box'])('OLLAMA_HOST=%s is no address', (value) => {
  expect(ollama.environment.readUrl?.(value)).toBeUndefined()
})
