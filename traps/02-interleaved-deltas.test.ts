import { describe, expect, test } from 'vitest'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { callChunk, chunk, DONE, named, unnamed } from './kit/says.ts'
import { clientsOf, sent } from './kit/trip.ts'

const call = (id: string, name: string) => ({ id, type: 'function', function: { name, arguments: '' } })

/** Words, two calls and more words, all mixed. The strict client refuses a delta of a block that is not open. */
const CHAT = unnamed(
  chunk({ role: 'assistant', content: '' }),
  chunk({ reasoning_content: 'Two ' }),
  chunk({ reasoning_content: 'tools.' }),
  chunk({ content: 'I ' }),
  callChunk(0, call('call_a', 'get_weather')),
  callChunk(0, { function: { arguments: '{"city":' } }),
  chunk({ content: 'look.' }),
  callChunk(1, call('call_b', 'get_time')),
  callChunk(1, { function: { arguments: '{"city":"Ber' } }),
  callChunk(0, { function: { arguments: '"Oslo"}' } }),
  callChunk(1, { function: { arguments: 'gen"}' } }),
  chunk({}, { finish_reason: 'tool_calls' }),
)

const item = (index: number, id: string) => ({ output_index: index, item_id: id })
const begun = (id: string, callId: string, name: string) => ({
  type: 'function_call',
  id,
  call_id: callId,
  name,
  arguments: '',
})
const OUTPUT = [
  { ...begun('fc_a', 'call_a', 'get_weather'), arguments: '{"city":"Oslo"}' },
  { ...begun('fc_b', 'call_b', 'get_time'), arguments: '{"city":"Bergen"}' },
]

/** Two items that are open at once, the second one done first. */
const RESPONSES = named(
  { type: 'response.created', response: { id: 'resp_1', model: 'm-1', status: 'in_progress', output: [] } },
  { type: 'response.output_item.added', output_index: 0, item: begun('fc_a', 'call_a', 'get_weather') },
  { type: 'response.output_item.added', output_index: 1, item: begun('fc_b', 'call_b', 'get_time') },
  { type: 'response.function_call_arguments.delta', ...item(1, 'fc_b'), delta: '{"city":' },
  { type: 'response.function_call_arguments.delta', ...item(0, 'fc_a'), delta: '{"city":"Os' },
  { type: 'response.function_call_arguments.delta', ...item(1, 'fc_b'), delta: '"Bergen"}' },
  { type: 'response.output_item.done', output_index: 1, item: OUTPUT[1] ?? {} },
  { type: 'response.function_call_arguments.delta', ...item(0, 'fc_a'), delta: 'lo"}' },
  { type: 'response.output_item.done', output_index: 0, item: OUTPUT[0] ?? {} },
  { type: 'response.completed', response: { id: 'resp_1', model: 'm-1', status: 'completed', output: OUTPUT } },
)

const CALLS = [
  { name: 'get_weather', given: { city: 'Oslo' } },
  { name: 'get_time', given: { city: 'Bergen' } },
]

describe('what comes by turns is told one block after the other: no delta stands in another block, none is lost', () => {
  test.each(clientsOf('openai-chat'))('chat to %s', (client) => {
    const to = sent({ client, vendor: 'openai-chat', body: asks(client, { tools: true }), stream: true })
    const heard = hearStream(to, CHAT + DONE)
    expect([heard.text, heard.reasoning]).toEqual(['I look.', 'Two tools.'])
    expect(heard.calls).toMatchObject(CALLS)
  })

  test.each(clientsOf('openai-responses'))('responses to %s', (client) => {
    const to = sent({ client, vendor: 'openai-responses', body: asks(client, { tools: true }), stream: true })
    expect(hearStream(to, RESPONSES).calls).toMatchObject(CALLS)
  })
})
