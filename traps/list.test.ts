import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('./', import.meta.url)
const files = readdirSync(folder).filter((name) => /^\d.*\.test\.ts$/.test(name))
const rows = readFileSync(new URL('README.md', folder), 'utf8').matchAll(
  /^\| (\d+) \| .+ \| \[(\d+)\]\(([^)]+)\) \|$/gm,
)
const listed = Array.from(rows, ([, number = '', label = '', file = '']) => ({ number: Number(number), label, file }))

test('README.md lists the fifty-two traps, each once and in order, with the file that has its number', () => {
  expect(listed.map(({ number }) => number)).toEqual(Array.from({ length: 52 }, (_, index) => index + 1))
  for (const { number, label, file } of listed) {
    expect(label).toBe(String(number).padStart(2, '0'))
    expect(file.slice(0, 3)).toBe(`${label}-`)
  }
})

test('and every file, and no other', () => {
  expect(listed.map(({ file }) => file)).toEqual(files.toSorted())
})
