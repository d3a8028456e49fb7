import { expect, test } from 'vitest'
import type { Chat, Turn } from '../chat.ts'
import { Losses } from '../loss.ts'
import { toldOfJson } from './instruction.ts'

const turn = (role: Turn['role'], text: string): Turn => ({ role, blocks: [{ kind: 'text', text }] })
const [rules, more, question] = [turn('system', 'Be brief.'), turn('system', 'Be kind.'), turn('user', 'Two colours.')]
const asking = (...turns: readonly Turn[]): Chat => ({
  model: 'm',
  stream: false,
  turns,
  tools: [],
  output: { kind: 'json' },
})
const told = (chat: Chat, role: 'system' | 'user' = 'system') => {
  const losses = new Losses()
  const { turns } = toldOfJson(chat, { role, losses })
  return { turns, losses: losses.list().map(({ field, what }) => `${field} ${what}`) }
}

test('a conversation that does not begin with a word of JSON is told of it right behind its rules', () => {
  const { turns, losses } = told(asking(rules, more, question))
  expect(turns).toMatchObject([
    rules,
    more,
    { role: 'system', blocks: [{ text: expect.stringContaining('JSON') }] },
    question,
  ])
  expect(losses).toEqual(['output.json emulated'])
  expect(told(asking(rules)).turns).toHaveLength(2)
})

test.each<[string, readonly Turn[]]>([
  ['its rules', [rules, turn('system', 'Answer in json.'), question]],
  ['its first question', [rules, turn('user', 'Two colours, as Json.')]],
])('one that speaks of it in %s stays as it is', (_, turns) => {
  expect(told(asking(...turns))).toEqual({ turns, losses: [] })
})

test('where only the user is heard, the user says it, whatever the rules say', () => {
  const strict = turn('system', 'Answer in JSON.')
  expect(told(asking(strict, question), 'user').turns).toMatchObject([strict, { role: 'user' }, question])
  expect(told(asking(strict, turn('user', 'As JSON')), 'user').losses).toEqual([])
})

test('a longer conversation begins with the shorter one, whatever is said in it later', () => {
  const shorter = told(asking(rules, question)).turns
  const longer = told(asking(rules, question, turn('assistant', 'What?'), turn('user', 'As JSON!'))).turns
  expect(longer.slice(0, shorter.length)).toEqual(shorter)
})

test('nothing is said where no JSON is asked for', () => {
  const { output: _, ...plain } = asking(question)
  expect(told(plain)).toEqual({ turns: [question], losses: [] })
})
