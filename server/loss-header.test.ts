import { expect, test } from 'vitest'
import type { Loss } from '../core/loss.ts'
import { lossHeader } from './loss-header.ts'

const dropped = (field: string): Loss => ({ field, what: 'dropped', why: 'x' })

test('each thing stands once, by its name and what became of it', () => {
  const losses: Loss[] = [dropped('top_k'), { field: 'temperature', what: 'clamped', why: 'x' }, dropped('top_k')]
  expect(lossHeader(losses)).toBe('top_k=dropped, temperature=clamped')
  expect(lossHeader([dropped('tools[0].input_schema.$ref')])).toBe('tools[0].input_schema.$ref=dropped')
})

test.each([
  ['a\r\nset-cookie: x', 'a%0D%0Aset-cookie:%20x=dropped'],
  ['a=dropped, temperature', 'a%3Ddropped%2C%20temperature=dropped'],
  ['100%', '100%25=dropped'],
  ['é\0\ud800', '%C3%A9%00%EF%BF%BD=dropped'],
])('the name of a field cannot end the header or look like another entry: %j', (field, expected) => {
  expect(lossHeader([dropped(field)])).toBe(expected)
})

test('a long name and many names fit into a header that every client takes', () => {
  expect(lossHeader([dropped('k'.repeat(100_000))]).length).toBeLessThan(300)
  const many = lossHeader(Array.from({ length: 10_000 }, (_, index) => dropped(`字段${index}`)))
  expect(many.length).toBeLessThan(4_200)
  expect(many).toMatch(/^%E5.*, and \d+ more$/)
})
