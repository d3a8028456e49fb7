import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { bodyOf, hearStream } from './kit/hear.ts'
import { heard } from './kit/heard.ts'
import { chunk, DONE, says, unnamed, usageChunk } from './kit/says.ts'
import { clientsOf, sent, stream, whole } from './kit/trip.ts'

const fine = { hate: { filtered: false, severity: 'safe' } }
const results = { prompt_filter_results: [{ prompt_index: 0, content_filter_results: fine }] }
/** Azure's first chunk: no choices, no id, no model. */
const FIRST: JsonObject = { choices: [], created: 0, id: '', model: '', object: '', ...results }
const filtered = { content_filter_results: fine }

describe.each(clientsOf('openai-chat'))('%s', (client) => {
  const asked = { client, vendor: 'openai-chat', kind: 'azure-openai', body: asks(client) } as const

  test('a first chunk without choices begins no answer: id and model are those of the first real one', () => {
    const events = unnamed(
      FIRST,
      chunk({ role: 'assistant', content: '' }, filtered),
      chunk({ content: 'Hello' }, filtered),
      chunk({}, { finish_reason: 'stop', ...filtered }),
      usageChunk({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }),
    )
    const to = sent({ ...asked, stream: true })
    expect(hearStream(to, events + DONE)).toMatchObject({ text: 'Hello' })
    expect(stream(to, events + DONE).reading.model).toBe('m-1')
    expect(stream(to, events + DONE).text).not.toContain('filter_results')
  })

  test('it opens nothing either: a vendor that says no more is a 502', () => {
    expect(stream(sent({ ...asked, stream: true }), unnamed(FIRST)).status).toBe(502)
  })

  test('in a whole reply the results of the filter mean nothing', () => {
    const said = says('openai-chat', { text: 'Hello' }).whole
    expect(heard(client, bodyOf(whole(sent(asked), { ...said, ...results })))).toMatchObject({ text: 'Hello' })
  })
})
