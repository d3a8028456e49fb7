import { describe, expect, test } from 'vitest'
import type { Clock, LogFields } from '../../core/world.ts'
import { type LogOptions, openLog } from './log.ts'

const clock: Clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonic: () => 0 }

function open(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = openLog({ level: 'debug', form: 'json', clock, write: (line) => lines.push(line), ...options })
  return { log, lines, last: (): unknown => JSON.parse(lines.at(-1) ?? '') }
}

describe('as JSON', () => {
  test('a line is one object with level, time, fields and message', () => {
    const { log, lines, last } = open()
    log.warn({ provider: 'openai', attempt: 2, stream: true, status: null, gone: undefined }, 'the provider is slow')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.endsWith('}\n')).toBe(true)
    expect(last()).toEqual({
      level: 'warn',
      time: '2026-01-02T03:04:05.678Z',
      provider: 'openai',
      attempt: 2,
      stream: true,
      status: null,
      message: 'the provider is slow',
    })
  })

  test('one event is one line, whatever stands in the user agent, the model or the name of a key', () => {
    const { log, lines, last } = open()
    log.info({ agent: 'curl\r\n{"level":"error"}', model: 'a\u2028b\u001b[2J' }, 'asked\nfor %s')
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n\u2028\u2029]/)
    expect(last()).toMatchObject({
      agent: 'curl␍␊{"level":"error"}',
      model: 'a\ufffdb␛[2J',
      message: 'asked␊for %s',
    })
  })

  test('a field cannot take the place of level, time or message', () => {
    const { log, last } = open()
    log.info({ level: 'error', time: 'never', message: 'another' }, 'the real one')
    expect(last()).toMatchObject({ level: 'info', message: 'the real one', level_: 'error', message_: 'another' })
  })

  test('numbers that JSON does not know are said in words', () => {
    const { log, last } = open()
    log.info({ a: Number.NaN, b: Number.POSITIVE_INFINITY }, 'odd')
    expect(last()).toMatchObject({ a: 'NaN', b: 'Infinity' })
  })

  test('a line is bounded: long texts are cut, and no more than 32 fields are taken', () => {
    const { log, lines, last } = open()
    const many: LogFields = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`f${at}`, 'x'.repeat(10_000)]))
    log.error(many, 'y'.repeat(100_000))
    expect(Object.keys(last() as object)).toHaveLength(3 + 32)
    expect(lines[0]?.length).toBeLessThan(80_000)
  })
})

describe('what never goes in', () => {
  test('an object, a header list, a buffer or an error that got past the types is not written', () => {
    const { log, lines } = open()
    const canary = 'canary-0123456789'
    const values: readonly unknown[] = [
      { authorization: canary },
      [canary],
      Buffer.from(canary),
      new Error(canary),
      new Headers({ cookie: canary }),
      () => canary,
      Symbol(canary),
      10n,
    ]
    // What only a cast can do: the check at run time is the second one.
    for (const value of values) log.error({ value } as unknown as LogFields, 'odd')
    expect(lines).toHaveLength(values.length)
    expect(lines.join('')).not.toContain('canary')
  })

  test('a name that is none (a header, a prototype, a path) is left out with its value', () => {
    const { log, last } = open()
    log.info({ 'x-api-key': 'a', 'a b': 'c', ['__proto__']: 'd', '': 'e', fine: 1 }, 'named')
    expect(Object.keys(last() as object)).toEqual(['level', 'time', 'fine', 'message'])
  })

  test('a key in a field or in the sentence is hidden', () => {
    const { log, lines } = open()
    log.error({ cause: 'Error: sk-proj-abcdefghijklmnop refused' }, 'failed with gsk_abcdefghijklmnop')
    expect(lines[0]).not.toMatch(/abcdefgh/)
    expect(lines[0]).toContain('Error: [hidden] refused')
  })
})

describe('levels', () => {
  test('below the level nothing is written, and the level can change while it runs', () => {
    const { log, lines } = open({ level: 'warn' })
    log.info({}, 'no')
    log.warn({}, 'yes')
    log.setLevel('debug')
    log.debug({}, 'now')
    log.setLevel('error')
    log.warn({}, 'no more')
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['yes', 'now'])
  })
})

describe('on a terminal', () => {
  test('a line is short: time of day, level, sentence, fields', () => {
    const { log, lines } = open({ form: 'terminal' })
    log.warn({ provider: 'openai', reason: 'connect refused', tries: 3, empty: '' }, 'no answer')
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d warn {2}no answer provider=openai reason="connect refused" tries=3 empty=""\n$/,
    )
  })

  test('nothing in a field can steer it', () => {
    const { log, lines } = open({ form: 'terminal' })
    log.info({ agent: '\u001b]0;owned\u0007\r\u009b2J' }, 'a\u001b[31mb')
    // oxlint-disable-next-line no-control-regex -- it is what must not be there
    expect(lines[0]?.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})
