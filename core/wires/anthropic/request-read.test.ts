import { describe, expect, test } from 'vitest'
import { Fault } from '../../fault.ts'
import { asText, type Json, type JsonObject } from '../../json.ts'
import { readRequest } from './request-read.ts'

const read = (body: JsonObject) => readRequest(body, { model: 'asked', stream: false })
const asked = (fields: JsonObject): JsonObject => ({
  model: 'claude-x',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hello' }],
  ...fields,
})
const one = (...content: readonly Json[]) => asked({ messages: [{ role: 'user', content }] })
const answer = (...content: readonly Json[]) => asked({ messages: [{ role: 'assistant', content }] })

describe('a body that is wrong is refused with the path of its field', () => {
  const { max_tokens: _, ...limitless } = asked({})
  const wrong: readonly (readonly [path: string, body: JsonObject])[] = [
    ['max_tokens', limitless],
    ['max_tokens', asked({ max_tokens: -1 })],
    ['max_tokens', asked({ max_tokens: '100' })],
    ['model', asked({ model: 7 })],
    ['stream', asked({ stream: 'yes' })],
    ['messages', asked({ messages: [] })],
    ['messages', asked({ messages: null })],
    ['messages', asked({ messages: { role: 'user' } })],
    ['messages[0]', asked({ messages: ['Hello'] })],
    ['messages[0].role', asked({ messages: [{ content: 'Hello' }] })],
    ['messages[0].role', asked({ messages: [{ role: 'tool', content: 'Hello' }] })],
    ['messages[0].content', asked({ messages: [{ role: 'user' }] })],
    ['messages[0].content', asked({ messages: [{ role: 'user', content: 7 }] })],
    ['messages[0].content', asked({ messages: [{ role: 'user', content: ' \n' }] })],
    [
      'messages[1].content',
      asked({
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: '' },
          { role: 'user', content: 'b' },
        ],
      }),
    ],
    ['messages[0].content[0]', one('Hello')],
    ['messages[0].content[0].type', one({ text: 'Hello' })],
    ['messages[0].content[0].type', one({ type: 7 })],
    ['messages[0].content[0].text', one({ type: 'text' })],
    ['messages[0].content[0].text', one({ type: 'text', text: ' ' })],
    ['messages[0].content[0].text', one({ type: 'text', text: ['a'] })],
    ['messages[0].content[0].cache_control', one({ type: 'text', text: 'a', cache_control: true })],
    ['messages[0].content[0].cache_control.type', one({ type: 'text', text: 'a', cache_control: {} })],
    ['messages[0].content[0].citations[0].type', one({ type: 'text', text: 'a', citations: [{}] })],
    ['messages[0].content[0].source', one({ type: 'image' })],
    ['messages[0].content[0].source.type', one({ type: 'image', source: {} })],
    ['messages[0].content[0].source.media_type', one({ type: 'image', source: { type: 'base64', data: 'iVBO' } })],
    [
      'messages[0].content[0].source.data',
      one({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } }),
    ],
    [
      'messages[0].content[0].source.data',
      one({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'data:image/png;base64,iVBO' } }),
    ],
    ['messages[0].content[0].source.url', one({ type: 'image', source: { type: 'url' } })],
    [
      'messages[0].content[0].title',
      one({ type: 'document', title: 1, source: { type: 'url', url: 'https://e.com/a.pdf' } }),
    ],
    ['messages[0].content[0].type', one({ type: 'tool_use', id: 'a', name: 'f', input: {} })],
    ['messages[0].content[0].type', one({ type: 'thinking', thinking: 'Hm', signature: 's' })],
    ['messages[0].content[0].type', answer({ type: 'tool_result', tool_use_id: 'a' })],
    ['messages[0].content[0].id', answer({ type: 'tool_use', name: 'f', input: {} })],
    ['messages[0].content[0].input', answer({ type: 'tool_use', id: 'a', name: 'f' })],
    ['messages[0].content[0].input', answer({ type: 'tool_use', id: 'a', name: 'f', input: '{}' })],
    ['messages[0].content[0].thinking', answer({ type: 'thinking', signature: 's' })],
    ['messages[0].content[0].signature', answer({ type: 'thinking', thinking: '', signature: 1 })],
    ['messages[0].content[0].data', answer({ type: 'redacted_thinking' })],
    ['messages[0].content[0].tool_use_id', one({ type: 'tool_result' })],
    ['messages[0].content[0].tool_use_id', one({ type: 'tool_result', tool_use_id: 'nobody', content: 'x' })],
    ['messages[0].content[0].content', one({ type: 'tool_result', tool_use_id: 'a', content: 7 })],
    [
      'messages[0].content[0].content[1].text',
      one({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'x' }, { type: 'text' }] }),
    ],
    ['messages[0].content[0].is_error', one({ type: 'tool_result', tool_use_id: 'a', is_error: 'no' })],
    ['system', asked({ system: 7 })],
    ['system[0].text', asked({ system: [{ type: 'text', text: '' }] })],
    ['tools', asked({ tools: {} })],
    ['tools[0].name', asked({ tools: [{ input_schema: {} }] })],
    ['tools[0].input_schema', asked({ tools: [{ name: 'f' }] })],
    ['tools[0].strict', asked({ tools: [{ name: 'f', input_schema: {}, strict: 1 }] })],
    ['tool_choice', asked({ tool_choice: 'auto' })],
    ['tool_choice.type', asked({ tool_choice: {} })],
    ['tool_choice.name', asked({ tool_choice: { type: 'tool' } })],
    ['thinking.type', asked({ thinking: {} })],
    ['thinking.budget_tokens', asked({ thinking: { type: 'enabled' } })],
    ['thinking.budget_tokens', asked({ thinking: { type: 'enabled', budget_tokens: 1.5 } })],
    ['thinking.display', asked({ thinking: { type: 'adaptive', display: false } })],
    ['output_config.effort', asked({ output_config: { effort: 3 } })],
    ['output_config.format.schema', asked({ output_config: { format: { type: 'json_schema' } } })],
    ['stop_sequences[1]', asked({ stop_sequences: ['a', 7] })],
    ['temperature', asked({ temperature: 'hot' })],
    ['metadata', asked({ metadata: 'me' })],
    ['metadata.user_id', asked({ metadata: { user_id: 7 } })],
    ['service_tier', asked({ service_tier: 1 })],
    ['speed', asked({ speed: {} })],
  ]

  test.each(wrong)('%s', (path, body) => {
    expect(fieldOf(body)).toBe(path)
  })
})

/** The field of the 400, or what came instead of one. */
function fieldOf(body: JsonObject): string | undefined {
  try {
    read(body)
    return 'nothing was wrong'
  } catch (error) {
    return error instanceof Fault && error.code === 'bad_request' ? error.field : String(error)
  }
}

describe('a body is read', () => {
  test('with its settings', () => {
    const chat = read(
      asked({
        stream: true,
        stop_sequences: ['END'],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
        thinking: { type: 'adaptive', display: 'summarized' },
        output_config: { effort: 'high', format: { type: 'json_schema', schema: { title: 'person', type: 'string' } } },
        metadata: { user_id: 'u' },
        cache_control: { type: 'ephemeral', ttl: '1h' },
        speed: 'fast',
      }),
    )
    expect(chat).toMatchObject({
      model: 'claude-x',
      stream: true,
      outputTokensMax: 100,
      stops: ['END'],
      toolChoice: { kind: 'required' },
      parallelCalls: false,
      reasoning: { mode: 'auto', effort: 'high', text: 'shown' },
      output: { kind: 'schema', name: 'person', schema: { type: 'string' }, strict: true },
      user: 'u',
      cacheAutomatic: { ttl: '1h' },
      serviceTier: 'fast',
    })
  })

  test.each([
    [{ type: 'disabled' }, { mode: 'off' }],
    [{ type: 'between_tools' }, { mode: 'between-tools' }],
    [{ type: 'adaptive' }, { mode: 'auto' }],
    [
      { type: 'enabled', budget_tokens: 1_024, display: 'omitted' },
      { mode: { budgetTokens: 1_024 }, text: 'hidden' },
    ],
  ])('with the way to think %j', (thinking, reasoning) => {
    expect(read(asked({ thinking })).reasoning).toEqual(reasoning)
  })

  test('a budget that says nothing of a display shows the thinking: models that take budgets do', () => {
    const thinking = { type: 'enabled', budget_tokens: 1_024 }
    expect(read(asked({ thinking })).reasoning).toMatchObject({ mode: { budgetTokens: 1_024 }, text: 'shown' })
  })

  test('a schema is strict as others mean it only where it is closed and asks for all', () => {
    const strictOf = (schema: JsonObject) => {
      const { output } = read(asked({ output_config: { format: { type: 'json_schema', schema } } }))
      return output?.kind === 'schema' ? output.strict : 'no schema'
    }
    const properties = { a: { type: 'string' } }
    expect(strictOf({ type: 'object', properties, required: ['a'], additionalProperties: false })).toBe(true)
    expect(strictOf({ type: 'object', properties, required: [], additionalProperties: false })).toBeUndefined()
    expect(strictOf({ type: 'object', properties, required: ['a'] })).toBeUndefined()
  })

  test('the model that the path says holds where the body has none', () => {
    const { model: _, ...rest } = asked({})
    expect(read(rest).model).toBe('asked')
  })

  test('an id that stood for one of another wire is that one again', () => {
    const id = 'callx63616c6c3a31'
    const body = asked({
      messages: [
        { role: 'assistant', content: [{ type: 'tool_use', id, name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id }] },
      ],
    })
    expect(
      read(body).turns.map(({ blocks: [block] }) =>
        block?.kind === 'call' ? block.id : block?.kind === 'result' ? block.callId : '',
      ),
    ).toEqual(['call:1', 'call:1'])
  })

  test('arguments that were no object are what the model had written', () => {
    const body = answer({ type: 'tool_use', id: 'a', name: 'f', input: { invalid_json: '{"city":"Os' } })
    const [block] = read(body).turns[0]?.blocks ?? []
    expect(block?.kind === 'call' ? block.input.text : undefined).toBe('{"city":"Os')
  })

  test('the system prompt is the first turn, and a system message stays where it is', () => {
    const body = asked({
      system: 'Be brief.',
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'system', content: 'In French.' },
      ],
    })
    expect(
      read(body).turns.map(({ role, blocks: [block] }) => [role, block?.kind === 'text' ? block.text : '']),
    ).toEqual([
      ['system', 'Be brief.'],
      ['user', 'Hi'],
      ['system', 'In French.'],
    ])
  })

  test('a field that a client polluted is no field', () => {
    expect(fieldOf(JSON.parse('{"__proto__":{"max_tokens":1,"messages":[{"role":"user","content":"x"}]}}'))).toBe(
      'messages',
    )
    expect(asText(({} as JsonObject)['max_tokens'])).toBeUndefined()
  })
})
