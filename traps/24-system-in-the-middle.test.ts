import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects, text } from '../e2e/recordings/json-parts.ts'
import { type Asked, sent } from './kit/trip.ts'

const LATER = 'From now on in French.'
const turn = (role: string, content: string) => ({ role, content })
const BEHIND_USER = [turn('user', 'Hi'), turn('assistant', 'Hello'), turn('user', 'Go on'), turn('system', LATER)]
const BEFORE_USER = [turn('user', 'Hi'), turn('assistant', 'Hello'), turn('system', LATER), turn('user', 'Go on')]

const asked = (turns: readonly JsonObject[]): readonly Pick<Asked, 'client' | 'body'>[] => [
  { client: 'openai-chat', body: { messages: [turn('system', 'Be brief.'), ...turns] } },
  { client: 'openai-responses', body: { instructions: 'Be brief.', input: turns } },
  { client: 'anthropic', body: { max_tokens: 100, system: 'Be brief.', messages: turns } },
]
const cases = (vendor: Asked['vendor'], turns: readonly JsonObject[], more: Partial<Asked> = {}): readonly Asked[] =>
  asked(turns).flatMap((one) => (one.client === vendor ? [] : [{ ...one, vendor, ...more }]))

/** The texts of the conversation in their order, with the role that says each. */
function told(body: JsonObject): readonly string[] {
  const turns = objects(body['messages'] ?? body['contents'] ?? body['input'])
  return turns.flatMap(({ role, content, parts }) => {
    const texts = typeof content === 'string' ? [content] : objects(content ?? parts).map((part) => text(part['text']))
    return texts.map((words) => `${text(role)}: ${words}`)
  })
}

/** Behind which text of the conversation, and before which, the later system text stands. */
function placeIn(body: JsonObject) {
  const all = told(body).filter((one) => !one.includes('Be brief.'))
  const at = all.findIndex((one) => one.includes(LATER))
  return { before: all[at - 1]?.replace(/^\w+: /, ''), text: all[at], after: all[at + 1]?.replace(/^\w+: /, '') }
}

describe('a model that takes system messages in the conversation gets them where they stood', () => {
  test.each(cases('anthropic', BEHIND_USER, { model: 'claude-opus-5-5' }))('Anthropic, from $client', (one) => {
    const { body, losses } = sent(one)
    expect(placeIn(body)).toEqual({ before: 'Go on', text: `system: ${LATER}`, after: undefined })
    expect(JSON.stringify(body['system'])).not.toContain(LATER)
    expect(losses.filter((loss) => loss.includes('system') || loss.includes('message'))).toEqual([])
  })

  test.each([...cases('openai-chat', BEFORE_USER, { kind: 'openai' }), ...cases('openai-responses', BEFORE_USER)])(
    'OpenAI, $client to $vendor',
    (one) => {
      const { body } = sent(one)
      expect(placeIn(body)).toMatchObject({ before: 'Hello', after: 'Go on' })
      expect(placeIn(body).text).toMatch(/^(developer|system): From now on in French\.$/)
    },
  )
})

describe('any other model hears it in the same place, from the user and under a mark: it never moves to the front', () => {
  const targets = [
    ...cases('anthropic', BEFORE_USER, { model: 'claude-sonnet-4-5' }),
    ...cases('anthropic', BEFORE_USER, { model: 'claude-opus-5-5' }),
    ...cases('gemini', BEFORE_USER),
  ]
  test.each(cases('anthropic', BEHIND_USER, { model: 'claude-sonnet-4-5' }))(
    'at the end too: $client to $model',
    (one) => {
      const { body } = sent(one)
      expect(objects(body['messages']).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
      expect(placeIn(body)).toMatchObject({ before: 'Go on', text: expect.stringMatching(/^user: .*system.*French/s) })
    },
  )

  test.each(targets)('$client to $vendor ($model)', (one) => {
    const { body, losses } = sent(one)
    const { text: said, before, after } = placeIn(body)
    expect([before, after]).toEqual(['Hello', 'Go on'])
    expect(said).toMatch(/^user: .*system.*From now on in French\..*system/s)
    expect(JSON.stringify([body['system'], body['systemInstruction']])).not.toContain(LATER)
    expect(losses.some((loss) => loss.endsWith('=emulated'))).toBe(true)
  })
})
