import { afterEach, describe, expect, test } from 'vitest'
import { countTokens } from '../../core/prompt-tokens.ts'
import { Fault } from '../../core/fault.ts'
import type { ToTranslate } from '../../core/translate.ts'
import { systemClock } from './clock.ts'
import { openTranslator, type Translator } from './translator.ts'

const target: ToTranslate = {
  form: 'openai-chat',
  asked: { model: 'm', stream: false },
  spoken: ['anthropic'],
  model: 'claude',
  account: 'a',
  outputTokensMax: 1_000,
  capabilities: {},
  dialect: { callId: { pattern: /^[a-z]+$/, lengthMax: 9 } },
  store: false,
  lossMode: 'warn',
  usageOnRequest: false,
}

const bodyOf = (text: string, chunkBytes = text.length) => {
  const bytes = Buffer.from(text)
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  return { chunks, bytes: bytes.length }
}
const request = (content: string) => JSON.stringify({ model: 'm', seed: 7, messages: [{ role: 'user', content }] })

/** A client that does not leave. */
const stays = () => {}

let translator: Translator | undefined
const open = () => {
  translator = openTranslator({ clock: systemClock })
  return translator
}
afterEach(() => translator?.close())

describe('the translator thread', () => {
  test('gives the body for the vendor, what was lost, and no conversation back', async () => {
    const text = 'word '.repeat(100_000)
    const done = await open().translate(bodyOf(request(text), 65_536), target, stays)
    const body = JSON.parse(Buffer.from(done.body).toString('utf8'))
    expect(body).toMatchObject({ model: 'claude', messages: [{ role: 'user' }] })
    expect(JSON.stringify(body)).toContain('word word')
    expect(done.wire).toBe('anthropic')
    expect(done.losses).toContainEqual(expect.objectContaining({ field: 'seed', what: 'dropped' }))
    expect(done.chat.turns).toEqual([])
  })

  test('answers several at once, each its own', async () => {
    const one = open()
    const texts = ['first', 'second', 'third']
    const done = await Promise.all(texts.map((text) => one.translate(bodyOf(request(text)), target, stays)))
    for (const [index, text] of texts.entries()) {
      expect(Buffer.from(done[index]?.body ?? []).toString('utf8')).toContain(text)
    }
  })

  test.each([
    ['{"model":"m","messages":[', undefined],
    ['{"model":"m","messages":[{"role":7}]}', 'messages[0].role'],
  ])('refuses %s as the thread of the loop would, with its field', async (text, field) => {
    const fault: unknown = await open()
      .translate(bodyOf(text), target, stays)
      .catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(Fault)
    expect(fault).toMatchObject({ code: 'bad_request', field })
  })

  test('counts as the thread of the loop would', async () => {
    const json = { model: 'm', messages: [{ role: 'user', content: 'word '.repeat(100_000) }] }
    const asked = { wire: 'openai-chat', asked: { model: 'm', stream: false } } as const
    const counted = await open().count(bodyOf(JSON.stringify(json), 65_536), asked, stays)
    expect(counted).toBe(countTokens(json, asked))
  })

  test('is left at once by a client that leaves, in line or while it is at work, and goes on with the others', async () => {
    const one = open()
    const large = request('word '.repeat(1_000_000))
    const leaving: ((fault: Fault) => void)[] = []
    const gone = [0, 1, 2].map(() =>
      one.translate(bodyOf(large), target, (cancel) => leaving.push(cancel)).catch((error: unknown) => error),
    )
    const staying = one.translate(bodyOf(request('Still here')), target, stays)
    for (const cancel of leaving) cancel(new Fault('client_gone', 'The client left'))
    for (const left of gone) expect(await left).toMatchObject({ code: 'client_gone' })
    expect(Buffer.from((await staying).body).toString('utf8')).toContain('Still here')
  })

  test('that is closed lets nobody wait', async () => {
    const one = open()
    const waiting = ['x', 'y'].map((text) =>
      one.translate(bodyOf(request(text)), target, stays).catch((error: unknown) => error),
    )
    await one.close()
    for (const refused of waiting) expect(await refused).toMatchObject({ code: 'draining' })
  })

  test('begins again after its end', async () => {
    const one = open()
    await one.translate(bodyOf(request('x')), target, stays)
    await one.close()
    expect((await one.translate(bodyOf(request('again')), target, stays)).wire).toBe('anthropic')
  })
})
