import { expect, test } from 'vitest'
import type { Block, Chat } from './chat.ts'
import { estimateTokens } from './estimate.ts'

const chatOf = (...blocks: readonly Block[]): Chat => ({
  model: 'm',
  stream: false,
  turns: [{ role: 'user', blocks }],
  tools: [],
})
const text = (words: string): Block => ({ kind: 'text', text: words })

test('a longer prompt has more tokens, Latin letters about four to one', () => {
  const short = estimateTokens(chatOf(text('a'.repeat(400))))
  expect(short).toBeGreaterThanOrEqual(100)
  expect(short).toBeLessThan(120)
  expect(estimateTokens(chatOf(text('a'.repeat(4_000))))).toBeGreaterThan(1_000)
})

test('a Japanese or Chinese letter is about a token', () => {
  const tokens = estimateTokens(chatOf(text('関所は道の番人です'.repeat(10))))
  expect(tokens).toBeGreaterThanOrEqual(90)
  expect(tokens).toBeLessThan(110)
})

test('a picture weighs the same however many bytes it has, and so does one in a tool result', () => {
  const picture = (bytes: number): Block => ({ kind: 'image', source: { kind: 'data', base64: 'A'.repeat(bytes) } })
  expect(estimateTokens(chatOf(picture(10)))).toBe(estimateTokens(chatOf(picture(1_000_000))))
  const result: Block = { kind: 'result', callId: 'c', blocks: [picture(10)] }
  expect(estimateTokens(chatOf(result))).toBeGreaterThan(1_000)
})

test('tools and schemas count', () => {
  const plain = chatOf(text('hi'))
  const tools: Chat = { ...plain, tools: [{ kind: 'function', name: 'f', description: 'd'.repeat(400) }] }
  expect(estimateTokens(tools)).toBeGreaterThan(estimateTokens(plain) + 100)
})
