import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from './parse.ts'
import { problemText } from './problem.ts'
import { readYaml } from './yaml.ts'

const found = (text: string) => readYaml(text).findings.map(({ line, message }) => `${line}: ${message}`)

test('says what stands there, and on which line', () => {
  const { value, lineOf, findings } = readYaml('listen:\n  port: 1\nmodels:\n  "a.b":\n    targets:\n      - x/y\n')
  expect(findings).toEqual([])
  expect(value).toEqual({ listen: { port: 1 }, models: { 'a.b': { targets: ['x/y'] } } })
  expect(lineOf(['listen', 'port'])).toBe(2)
  expect(lineOf(['models', 'a.b', 'targets', 0])).toBe(6)
})

test('what is missing has the line of what it is missing in', () => {
  expect(readYaml('a:\n  b: 1\n').lineOf(['a', 'nothing', 'here'])).toBe(1)
  expect(readYaml('a: 1\n').lineOf(['nothing'])).toBeUndefined()
})

test('a day stays text, and so do yes and no', () => {
  expect(readYaml('from: 2026-01-31\nanswer: no\n').value).toEqual({ from: '2026-01-31', answer: 'no' })
})

test('nothing at all is no value and no problem', () => {
  expect(readYaml('')).toMatchObject({ value: null, findings: [] })
  expect(readYaml('# only a comment\n')).toMatchObject({ value: null, findings: [] })
})

test.each([
  ['a: 1\nb: 2\na: 3\n', '3: this key stands here twice'],
  ['a: "x\n', '2: something is missing here, such as a closing bracket, a quote or a colon'],
  ['a:\n\tb: 1\n', '2: a tab is used to indent; YAML takes spaces only'],
  ['a: 1\n---\nb: 2\n', '2: there is more than one document (a line with ---)'],
  ['a: !secret x\n', '1: tags (!name) are not taken'],
  ['? [a, b]\n: 1\n', '1: a key must be plain text'],
  ['a: *nowhere\n', '1: this alias names an anchor that does not stand above'],
  ['__proto__:\n  polluted: 1\n', '1: a field cannot have this name'],
  ['providers:\n  constructor: {}\n', '2: a field cannot have this name'],
])('%j is refused', (text, problem) => {
  expect(found(text)[0]).toBe(problem)
})

test('a broken text never comes back in what is said of it', () => {
  const secret = 'sk-live-0123456789abcdef'
  for (const text of [
    `a: "${secret}\n`,
    `${secret}: [\n`,
    `a: ${secret}: b\n`,
    `- ${secret}\nb: 1\n`,
    `a: !${secret} 1\n`,
    `a: *${secret}\n`,
    `%${secret}\n---\na: 1`,
  ]) {
    const { findings } = readYaml(text)
    expect(findings.length, text).toBeGreaterThan(0)
    expect(JSON.stringify(findings)).not.toContain(secret)
  }
})

test('aliases that unfold into billions are refused, not unfolded', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `l${level}: &l${level} [${Array.from({ length: 10 }, () => (level === 0 ? 'x' : `*l${level - 1}`)).join(', ')}]`,
  )
  expect(found(levels.join('\n'))).toEqual(['undefined: uses too many aliases'])
})

test('a few aliases are fine', () => {
  expect(readYaml('a: &t {connectMs: 1}\nb: *t\n').value).toEqual({ a: { connectMs: 1 }, b: { connectMs: 1 } })
})

test('nesting that would overflow the stack is a problem of the text, not of the process', () => {
  expect(readYaml('['.repeat(100_000)).findings.length).toBeGreaterThan(0)
  expect(readYaml(`${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}`).findings.length).toBeGreaterThan(0)
})

const parse = (text: string) => parseConfig({ text, name: 'fuzz', environment: {}, flags: {} })

test('whatever the text is, the answer is a configuration or sentences, never an exception', () => {
  const word = fc.constantFrom(
    'listen',
    'port',
    'providers',
    'kind',
    'models',
    'targets',
    'prices',
    '&a',
    '*a',
    '-',
    ':',
    '{',
    '[',
    ']',
    '}',
    '"',
    '\n',
    '\n  ',
    ' ',
    '#',
    '!',
    '%',
    '|',
    '0',
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const { config, problems } = parse(words.join(''))
      expect(config !== undefined || problems.length > 0).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('whatever value stands where another belongs, it is told without being shown', () => {
  const fields = ['listen', 'limits', 'timeouts', 'providers', 'models', 'prices', 'journal', 'log', 'drain', 'demo']
  const secret = 'sk-live-0123456789abcdef'
  const value = fc.oneof(fc.constant(secret), fc.array(fc.constant(secret), { minLength: 1, maxLength: 2 }))
  fc.assert(
    fc.property(fc.constantFrom(...fields), value, (field, given) => {
      const { problems } = parse(JSON.stringify({ [field]: given }))
      expect(problems.length).toBeGreaterThan(0)
      expect(problems.map(problemText).join()).not.toContain(secret)
    }),
  )
})
