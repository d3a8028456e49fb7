import { describe, expect, test } from 'vitest'
import type { Chat } from '../../chat.ts'
import { Fault } from '../../fault.ts'
import type { Json, JsonObject } from '../../json.ts'
import { readRequest } from './request-read.ts'
import { REQUESTS } from './samples-test-kit.ts'

const read = (body: JsonObject): Chat => readRequest(body, { model: 'from the path', stream: false })
const sample = (name: string): Chat => read(REQUESTS[name] ?? {})
const input = (...items: readonly Json[]): JsonObject => ({ model: 'm', input: items })

describe('what a client of this wire asks', () => {
  test('a bare text is a turn of the user', () => {
    expect(sample('a bare text')).toMatchObject({
      model: 'm',
      stream: false,
      turns: [{ role: 'user', blocks: [{ kind: 'text', text: 'Hello' }] }],
      tools: [],
    })
  })

  test('instructions are the first turn, and later system messages stay in their place', () => {
    const { turns } = sample('messages in every spelling')
    expect(turns.map(({ role }) => role)).toEqual(['system', 'system', 'system', 'user', 'user', 'assistant', 'user'])
    expect(turns[0]?.blocks).toMatchObject([{ text: 'Be brief.' }])
    expect(turns[5]?.blocks.map(({ kind }) => kind)).toEqual(['text', 'text', 'text', 'text', 'refusal', 'foreign'])
  })

  test('a thought, its calls, and their answers are one turn each, as other wires have them', () => {
    const { turns } = read(
      input(
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }], encrypted_content: 'gA' },
        { role: 'assistant', content: 'I look.' },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":1}' },
        { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: 'x' },
        { type: 'custom_tool_call_output', call_id: 'c2', output: 'done' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'Rain' }] },
        { role: 'user', content: 'Thanks' },
      ),
    )
    expect(turns).toMatchObject([
      {
        role: 'assistant',
        blocks: [
          {
            kind: 'reasoning',
            id: 'rs_1',
            text: 'Hm.',
            proof: { wire: 'openai-responses', account: null, data: 'gA' },
          },
          { kind: 'text', text: 'I look.' },
          { kind: 'call', id: 'c1', name: 'look', input: { kind: 'function', text: '{"a":1}' } },
          { kind: 'call', id: 'c2', name: 'patch', input: { kind: 'custom', text: 'x' } },
        ],
      },
      {
        role: 'user',
        blocks: [
          { kind: 'result', callId: 'c2', custom: true, blocks: [{ kind: 'text', text: 'done' }] },
          { kind: 'result', callId: 'c1', blocks: [{ kind: 'text', text: 'Rain' }] },
        ],
      },
      { role: 'user', blocks: [{ kind: 'text', text: 'Thanks' }] },
    ])
  })

  test('several summaries of a thought are one text, with a blank line between them', () => {
    const texts = sample('thoughts in every shape').turns.flatMap(({ blocks }) =>
      blocks.flatMap((block) => (block.kind === 'reasoning' ? [block.text] : [])),
    )
    expect(texts).toEqual(['', 'First.\n\nThen\n\nmore.', 'All of it', 'Short', '', '', ''])
  })

  test('pictures and files, wherever they are', () => {
    const [turn] = sample('pictures and files').turns
    expect(turn?.blocks).toMatchObject([
      { kind: 'image', source: { kind: 'url', url: 'https://example.com/cat.png' }, detail: 'high' },
      { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: 'iVBORw0K' } },
      { kind: 'image', source: { kind: 'id', id: 'file-1' }, cacheMark: {} },
      { kind: 'file', name: 'a.pdf', source: { kind: 'data', mediaType: 'application/pdf', base64: 'JVBERi0x' } },
      { kind: 'file', source: { kind: 'data', base64: 'JVBERi0x' } },
      { kind: 'file', source: { kind: 'url', url: 'https://example.com/a.pdf' } },
      { kind: 'file', source: { kind: 'id', id: 'file-2' } },
      { kind: 'foreign', type: 'input_audio' },
    ])
  })

  test('a picture that a tool of the vendor made can be seen by others', () => {
    const blocks = sample('items that only this API knows').turns.flatMap((turn) => turn.blocks)
    expect(blocks.filter(({ kind }) => kind === 'image')).toMatchObject([
      { source: { kind: 'data', mediaType: 'image/webp', base64: 'iVBORw0K' } },
    ])
  })

  test('tools, and which of them may be called', () => {
    const chat = sample('tools of every kind')
    expect(chat.tools).toMatchObject([
      { kind: 'function', name: 'a', strict: true, schema: { type: 'object' } },
      { kind: 'function', name: 'b' },
      { kind: 'custom', name: 'c', grammar: { syntax: 'lark' } },
      { kind: 'custom', name: 'd' },
      { kind: 'custom', name: 'e' },
      { kind: 'foreign', wire: 'openai-responses', type: 'web_search' },
      { kind: 'foreign', wire: 'openai-responses', type: 'mcp' },
    ])
    expect(chat.toolChoice).toEqual({ kind: 'allowed', names: ['a', 'c'], required: true })
    expect(chat.parallelCalls).toBe(false)
    expect(sample('a custom tool named').toolChoice).toEqual({ kind: 'named', name: 'a', custom: true })
  })

  test('settings', () => {
    expect(sample('every setting')).toMatchObject({
      stream: true,
      output: { kind: 'schema', name: 'n', schema: { type: 'object' }, strict: true },
      verbosity: 'low',
      reasoning: { effort: 'xhigh', text: 'shown' },
      outputTokensMax: 5,
      temperature: 0.5,
      topP: 1,
      serviceTier: 'fast',
      user: 'u',
      store: true,
      metadata: { a: 'b' },
    })
    expect(sample('thinking off').reasoning).toMatchObject({ mode: 'off' })
    expect(sample('words that are not known')).toMatchObject({ user: 'u', logprobs: { alternatives: 3 } })
  })

  test('what only this API knows is named when it is left behind, and marks of the vendor’s own output are not', () => {
    const fields = (name: string): readonly string[] => Object.keys(sample(name).own?.fields ?? {})
    expect(fields('every setting')).toEqual([
      'stream_options',
      'user',
      'truncation',
      'max_tool_calls',
      'context_management',
      'text',
      'include',
    ])
    expect(fields('thoughts in every shape')).toEqual([])
    const blocks = sample('messages in every spelling').turns.flatMap((turn) => turn.blocks)
    expect(blocks.flatMap(({ own }) => Object.keys(own?.fields ?? {}))).toEqual([])
  })

  test('the path says the model where the body does not', () => {
    expect(read({ input: 'x' }).model).toBe('from the path')
  })
})

describe('a body that is wrong is refused with the path of the field', () => {
  const user = (part: Json) => input({ role: 'user', content: [part] })
  test.each<readonly [path: string, body: JsonObject]>([
    ['model', { model: 7, input: 'x' }],
    ['stream', { model: 'm', input: 'x', stream: 'yes' }],
    ['input', { model: 'm' }],
    ['input', { model: 'm', input: 7 }],
    ['input', { model: 'm', input: { role: 'user' } }],
    ['input[0]', input('x')],
    ['input[1]', input({ role: 'user', content: 'x' }, null)],
    ['input[0].type', input({})],
    ['input[0].type', input({ type: 7, role: 'user' })],
    ['input[0].role', input({ type: 'message', content: 'x' })],
    ['input[0].role', input({ role: 'moon', content: 'x' })],
    ['input[0].role', input({ role: '__proto__', content: 'x' })],
    ['input[0].content', input({ role: 'user' })],
    ['input[0].content', input({ role: 'user', content: 7 })],
    ['input[0].content[0]', user('x')],
    ['input[0].content[0].type', user({ text: 'x' })],
    ['input[0].content[0].text', user({ type: 'input_text' })],
    ['input[0].content[0].text', user({ type: 'input_text', text: 7 })],
    ['input[0].content[0].image_url', user({ type: 'input_image' })],
    ['input[0].content[0].image_url', user({ type: 'input_image', image_url: { url: 'x' } })],
    ['input[0].content[0].image_url', user({ type: 'input_image', image_url: '' })],
    ['input[0].content[0].image_url', user({ type: 'input_image', image_url: 'data:image/png,plain' })],
    ['input[0].content[0].image_url', user({ type: 'input_image', image_url: 'data:image/png;base64,%%%' })],
    ['input[0].content[0].image_url', user({ type: 'input_image', image_url: 'data:image/png;base64,' })],
    ['input[0].content[0].file_data', user({ type: 'input_file', file_data: 'not base64!' })],
    ['input[0].content[0].file_data', user({ type: 'input_file' })],
    ['input[0].content[0].filename', user({ type: 'input_file', file_id: 'file-1', filename: 7 })],
    [
      'input[0].content[0].annotations',
      input({ role: 'assistant', content: [{ type: 'output_text', text: '', annotations: 1 }] }),
    ],
    [
      'input[0].content[0].annotations[0]',
      input({ role: 'assistant', content: [{ type: 'output_text', text: '', annotations: [1] }] }),
    ],
    ['input[0].call_id', input({ type: 'function_call', name: 'a', arguments: '' })],
    ['input[0].arguments', input({ type: 'function_call', name: 'a', call_id: 'c', arguments: {} })],
    ['input[0].input', input({ type: 'custom_tool_call', name: 'a', call_id: 'c' })],
    ['input[0].call_id', input({ type: 'function_call_output', output: 'x' })],
    ['input[0].call_id', input({ type: 'function_call_output', call_id: 'c', output: 'x' })],
    [
      'input[1].call_id',
      input({ role: 'user', content: 'x' }, { type: 'custom_tool_call_output', call_id: 'c', output: 'x' }),
    ],
    [
      'input[1].output',
      input(
        { type: 'function_call', name: 'a', call_id: 'c', arguments: '' },
        { type: 'function_call_output', call_id: 'c' },
      ),
    ],
    ['input[0].summary', input({ type: 'reasoning', summary: 'x' })],
    ['input[0].summary[0]', input({ type: 'reasoning', summary: ['x'] })],
    ['input[0].summary[0].text', input({ type: 'reasoning', summary: [{ type: 'summary_text', text: 7 }] })],
    ['input[0].encrypted_content', input({ type: 'reasoning', summary: [], encrypted_content: 7 })],
    ['instructions', { model: 'm', input: 'x', instructions: ['x'] }],
    ['tools', { model: 'm', input: 'x', tools: {} }],
    ['tools[0].type', { model: 'm', input: 'x', tools: [{ name: 'a' }] }],
    ['tools[0].name', { model: 'm', input: 'x', tools: [{ type: 'function', function: { name: 'a' } }] }],
    ['tools[0].name', { model: 'm', input: 'x', tools: [{ type: 'custom', name: '' }] }],
    ['tools[0].parameters', { model: 'm', input: 'x', tools: [{ type: 'function', name: 'a', parameters: [] }] }],
    ['tools[0].format', { model: 'm', input: 'x', tools: [{ type: 'custom', name: 'a', format: 'text' }] }],
    ['tool_choice', { model: 'm', input: 'x', tool_choice: 'any' }],
    ['tool_choice', { model: 'm', input: 'x', tool_choice: 7 }],
    ['text', { model: 'm', input: 'x', text: 'json' }],
    ['text.format.type', { model: 'm', input: 'x', text: { format: {} } }],
    ['text.format.schema', { model: 'm', input: 'x', text: { format: { type: 'json_schema', name: 'n' } } }],
    ['reasoning', { model: 'm', input: 'x', reasoning: 'high' }],
    ['reasoning.effort', { model: 'm', input: 'x', reasoning: { effort: 3 } }],
    ['reasoning.summary', { model: 'm', input: 'x', reasoning: { summary: true } }],
    ['include', { model: 'm', input: 'x', include: 'all' }],
    ['include[0]', { model: 'm', input: 'x', include: [1] }],
    ['max_output_tokens', { model: 'm', input: 'x', max_output_tokens: -1 }],
    ['temperature', { model: 'm', input: 'x', temperature: '1' }],
    ['service_tier', { model: 'm', input: 'x', service_tier: 1 }],
    ['metadata', { model: 'm', input: 'x', metadata: [] }],
  ])('%s', (path, body) => {
    const refused = () => read(body)
    expect(refused).toThrow(Fault)
    expect(refused).toThrow(expect.objectContaining({ code: 'bad_request', field: path }))
  })

  test('an answer to a call that only the vendor may know is taken', () => {
    const answer = { type: 'function_call_output', call_id: 'c', output: 'x' }
    for (const more of [{ previous_response_id: 'resp_1' }, { conversation: 'conv_1' }]) {
      expect(read({ ...input(answer), ...more }).turns).toHaveLength(1)
    }
    expect(read(input({ type: 'item_reference', id: 'fc_1' }, answer)).turns).toHaveLength(2)
  })
})
