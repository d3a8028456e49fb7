import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { hearStream, hearWhole } from './kit/hear.ts'
import { block, candidate, messageEnd, messageStart, named, says, unnamed } from './kit/says.ts'
import { type Asked, clientsOf, refused, sent } from './kit/trip.ts'

/** A request that asks for the vendor's own web search, and how the client calls it. */
const SEARCHES: readonly (readonly [client: Asked['client'], field: string, body: JsonObject])[] = [
  ['openai-chat', 'web_search_options', { ...asks('openai-chat'), web_search_options: { search_context_size: 'low' } }],
  [
    'openai-responses',
    'tools',
    { ...asks('openai-responses'), tools: [{ type: 'web_search', search_context_size: 'low' }] },
  ],
  [
    'anthropic',
    'tools',
    { ...asks('anthropic'), tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] },
  ],
  ['gemini', 'tools', { ...asks('gemini'), tools: [{ googleSearch: {} }] }],
]
const cases = SEARCHES.flatMap(([client, field, body]) =>
  clientsOf(client)
    .filter((vendor) => vendor !== client)
    .map((vendor) => ({ client, vendor, field, body })),
)

describe("a tool that the client's own vendor would run is not given to another one, and that is never silent", () => {
  test.each(cases)('$client to $vendor: left out and told', ({ client, vendor, field, body }) => {
    const { text, losses } = sent({ client, vendor, body })
    expect(text).not.toMatch(/search/i)
    expect(losses.filter((loss) => loss.startsWith(field))).toEqual([expect.stringMatching(/=dropped$/)])
  })

  test.each(cases)('$client to $vendor: refused by its name on a strict route', ({ client, vendor, field, body }) => {
    const fault = refused({ client, vendor, body, lossMode: 'strict' })
    expect(fault).toMatchObject({ code: 'bad_request', field: expect.stringContaining(field) })
  })

  test('the functions beside it stay', () => {
    const tools = [
      { type: 'web_search_20250305', name: 'web_search' },
      ...objects(asks('anthropic', { tools: true })['tools']),
    ]
    const { body } = sent({ client: 'anthropic', vendor: 'openai-chat', body: { ...asks('anthropic'), tools } })
    expect(objects(body['tools'])).toMatchObject([
      { function: { name: 'get_weather' } },
      { function: { name: 'get_time' } },
    ])
  })
})

const search = { type: 'server_tool_use', id: 'srvtoolu_01', name: 'web_search', input: { query: 'Oslo' } }
const found = {
  type: 'web_search_tool_result',
  tool_use_id: 'srvtoolu_01',
  content: [{ type: 'web_search_result', url: 'https://example.com', title: 'Oslo', encrypted_content: 'Ev0xyz' }],
}

describe("what a vendor's own tool did is no call for a client of another wire: there is nothing to answer", () => {
  test.each(clientsOf('anthropic'))('Anthropic to %s', (client) => {
    const asked = { client, vendor: 'anthropic', body: asks(client) } as const
    const { message } = messageStart()
    const content = [search, found, { type: 'text', text: 'Rain.' }]
    const whole = { ...(message as JsonObject), content, stop_reason: 'end_turn' }
    const events =
      named(messageStart()) +
      block(0, { ...search, input: {} }, { type: 'input_json_delta', partial_json: '{"query":"Oslo"}' }) +
      block(1, found) +
      block(2, { type: 'text', text: '' }, { type: 'text_delta', text: 'Rain.' }) +
      messageEnd('end_turn')
    const natural = says('anthropic', { text: 'Rain.' })
    const { stop } = hearWhole(sent(asked), natural.whole)
    for (const heard of [hearWhole(sent(asked), whole), hearStream(sent({ ...asked, stream: true }), events)]) {
      expect(heard).toMatchObject({ text: 'Rain.', calls: [], stop })
      expect(JSON.stringify(heard.turn)).not.toContain('Ev0xyz')
    }
  })

  test.each(clientsOf('openai-responses'))('OpenAI responses to %s', (client) => {
    const asked = { client, vendor: 'openai-responses', body: asks(client) } as const
    const said = says('openai-responses', { text: 'Rain.' })
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'Oslo' } }
    const output = [item, ...objects(said.whole['output'])]
    const heard = hearWhole(sent(asked), { ...said.whole, output })
    expect(heard).toMatchObject({ text: 'Rain.', calls: [] })
    expect(JSON.stringify(heard.turn)).not.toContain('ws_1')
  })

  test.each(clientsOf('gemini'))('Gemini to %s', (client) => {
    const asked = { client, vendor: 'gemini', body: asks(client) } as const
    const parts = [
      { executableCode: { language: 'PYTHON', code: 'print(1)' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      { text: 'Rain.' },
    ]
    const whole = candidate(parts, { finishReason: 'STOP' })
    const events = unnamed(
      ...parts.map((part, index) => candidate([part], index === 2 ? { finishReason: 'STOP' } : {})),
    )
    for (const heard of [hearWhole(sent(asked), whole), hearStream(sent({ ...asked, stream: true }), events)]) {
      expect(heard).toMatchObject({ text: 'Rain.', calls: [] })
      expect(JSON.stringify(heard.turn)).not.toContain('print(1)')
    }
  })
})

test.each(clientsOf('anthropic'))(
  'a conversation with such steps in it still reaches %s, without them, and that is told',
  (vendor) => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [search, found, { type: 'text', text: 'Rain.' }] },
      { role: 'user', content: 'And tomorrow?' },
    ]
    const { text, losses } = sent({ client: 'anthropic', vendor, body: { max_tokens: 100, messages } })
    expect(text).not.toMatch(/srvtoolu|Ev0xyz/)
    expect(text).toContain('Rain.')
    for (const type of ['server_tool_use', 'web_search_tool_result'])
      expect(
        losses.some((loss) => loss.endsWith(`${type}=dropped`)),
        type,
      ).toBe(true)
  },
)
