import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks, moreAsk, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const CALL = { id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }
const CALLED = says('openai-chat', { thought: { text: 'Look first.' }, calls: [CALL] })
const ANSWERED = says('openai-chat', { thought: { text: 'Now I know.' }, text: 'Rain.' })

/** The thoughts of the assistant's messages. */
const thoughtsIn = (body: JsonObject) =>
  objects(body['messages']).flatMap(({ role, reasoning_content: thought = null }) =>
    role === 'assistant' ? [thought] : [],
  )

describe.each(clientsOf('openai-chat'))('DeepSeek behind a client of %s', (client) => {
  const first = asks(client, { tools: true })
  const deepseek = { client, vendor: 'openai-chat', kind: 'deepseek' } as const

  test('gets its reasoning back while tools are called, which it demands', () => {
    for (const [way, heard] of hearBoth({ ...deepseek, body: first }, CALLED)) {
      const { body } = sent({ ...deepseek, body: nextAsk(client, first, heard) })
      expect(thoughtsIn(body), way).toEqual(['Look first.'])
    }
  })

  test('and not once the user has spoken again, which it refuses', () => {
    const [[, called] = []] = hearBoth({ ...deepseek, body: first }, CALLED)
    if (called === undefined) throw new Error('nothing was heard')
    const second = nextAsk(client, first, called)
    for (const [way, heard] of hearBoth({ ...deepseek, body: second }, ANSWERED)) {
      const { body, losses } = sent({
        ...deepseek,
        body: moreAsk(client, nextAsk(client, second, heard), 'And tomorrow?'),
      })
      expect(thoughtsIn(body), way).toEqual([null, null])
      expect(
        losses.filter((loss) => loss.includes('reason') || loss.includes('think')),
        way,
      ).toEqual([])
    }
  })

  test('a node that takes no reasoning back gets none', () => {
    for (const [way, heard] of hearBoth({ ...deepseek, body: first }, CALLED)) {
      const { text } = sent({ client, vendor: 'openai-chat', body: nextAsk(client, first, heard) })
      expect(text, way).not.toContain('Look first.')
    }
  })
})
