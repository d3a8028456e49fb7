import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventsIn, post, type RawPost } from './wire-vendor-kit.ts'
import { startWireVendor, type WireVendor } from './wire-vendor.ts'

/**
 * The vendor against its own description: what it refuses and in which words, and the grammar of its streams. The official clients prove
 * the rest (e2e/sdk/direct.test.ts).
 */

const running: { vendor?: WireVendor } = {}
beforeAll(async () => {
  running.vendor = await startWireVendor()
})
afterAll(() => running.vendor?.close())

const vendor = (): WireVendor => {
  if (running.vendor === undefined) throw new Error('no vendor')
  return running.vendor
}
const ask = (path: string, options: RawPost) => post(vendor(), path, options)

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const user = { role: 'user', content: 'hi' }
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })

describe('chat completions', () => {
  const tool = { type: 'function', function: { name: 'f', parameters } }
  test.each<[string, object, RegExp]>([
    ['no messages', { messages: [] }, /^Invalid 'messages': empty array/],
    ['an unknown role', { messages: [{ role: 'robot', content: 'x' }] }, /^Invalid value: 'robot'/],
    ['a field of another vendor', { messages: [user], top_k: 3 }, /^Unknown parameter: 'top_k'/],
    [
      "a message's field of another vendor",
      { messages: [{ ...user, cache_control: {} }] },
      /^Unknown parameter: 'messages\[0\]\.cache_control'/,
    ],
    [
      'a call without its result',
      { messages: [user, { role: 'assistant', tool_calls: [call('c')] }, user] },
      /did not have response messages: c/,
    ],
    [
      'a result without its call',
      { messages: [user, { role: 'tool', tool_call_id: 'c', content: 'x' }] },
      /must be a response to a preceeding message/,
    ],
    [
      'an id that is too long',
      { messages: [user, { role: 'assistant', tool_calls: [call('c'.repeat(41))] }] },
      /maximum length 40/,
    ],
    [
      'a picture in a result',
      {
        messages: [
          user,
          { role: 'assistant', tool_calls: [call('c')] },
          { role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url', image_url: { url: 'https://x' } }] },
        ],
      },
      /^Invalid value: 'image_url'/,
    ],
    ['an empty list of tools', { messages: [user], tools: [] }, /^Invalid 'tools': empty array/],
    ['a choice without tools', { messages: [user], tool_choice: 'required' }, /only allowed when 'tools'/],
    [
      'a name with a dot',
      { messages: [user], tools: [{ type: 'function', function: { name: 'a.b' } }] },
      /does not match pattern/,
    ],
    [
      'a strict schema that is open',
      { messages: [user], tools: [{ type: 'function', function: { name: 'f', strict: true, parameters } }] },
      /'additionalProperties' is required/,
    ],
    [
      'JSON without the word',
      { messages: [user], response_format: { type: 'json_object' } },
      /must contain the word 'json'/,
    ],
    ['five stops', { messages: [user], stop: ['a', 'b', 'c', 'd', 'e'] }, /maximum length 4/],
    ['options of a stream that is none', { messages: [user], stream_options: {} }, /only allowed when 'stream'/],
    [
      'an effort on a model that does not reason',
      { messages: [user], reasoning_effort: 'low' },
      /^Unsupported parameter/,
    ],
    ['temperature on a reasoning model', { model: 'gpt-5', messages: [user], temperature: 0.5 }, /'temperature'/],
    ['max_tokens on a reasoning model', { model: 'gpt-5', messages: [user], max_tokens: 5 }, /'max_completion_tokens'/],
    [
      'an effort that the model lacks',
      { model: 'gpt-5', messages: [user], reasoning_effort: 'xhigh' },
      /does not support 'xhigh'/,
    ],
    [
      'tools on gpt-6',
      { model: 'gpt-6-sol', messages: [user], tools: [tool] },
      /To use function tools, use \/v1\/responses/,
    ],
    [
      'effort with tools on gpt-5.4',
      { model: 'gpt-5.4', messages: [user], tools: [tool], reasoning_effort: 'low' },
      /Function tools with reasoning_effort/,
    ],
  ])('refuses %s', async (_, body, message) => {
    const answer = await ask('/v1/chat/completions', { body: { model: 'gpt-4.1', ...body } })
    expect(answer).toMatchObject({ status: 400, json: { error: { type: 'invalid_request_error' } } })
    expect(answer.json).toMatchObject({ error: { message: expect.stringMatching(message) } })
  })

  test('takes tools on gpt-6 when it does not reason', async () => {
    const body = { model: 'gpt-6-sol', messages: [user], tools: [tool], reasoning_effort: 'none' }
    expect(await ask('/v1/chat/completions', { body })).toMatchObject({ status: 200 })
  })

  test('a stream begins with the role, has usage only for who asks, and ends with [DONE]', async () => {
    const body = { model: 'gpt-4.1', messages: [user], stream: true }
    const plain = eventsIn((await ask('/v1/chat/completions', { body })).text)
    expect(plain[0]?.data).toMatchObject({ choices: [{ delta: { role: 'assistant', content: '' } }] })
    expect(plain.at(-1)?.data).toBe('[DONE]')
    expect(plain.at(-2)?.data).toMatchObject({ choices: [{ delta: {}, finish_reason: 'stop' }] })
    const asked = eventsIn(
      (await ask('/v1/chat/completions', { body: { ...body, stream_options: { include_usage: true } } })).text,
    )
    expect(asked[0]?.data).toMatchObject({ usage: null })
    expect(asked.at(-2)?.data).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } })
  })
})

describe('responses', () => {
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [] }
  test.each<[string, object, RegExp]>([
    ['no input', { input: undefined }, /^Missing required parameter: 'input'/],
    ['stop strings', { stop: ['x'] }, /^Unknown parameter: 'stop'/],
    ['a limit under 16', { max_output_tokens: 5 }, /Expected a value >= 16/],
    [
      'an input text of the assistant',
      { input: [{ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }] },
      /'output_text'/,
    ],
    [
      'an id of the wrong kind',
      { input: [{ type: 'function_call', id: 'call_1', call_id: 'c', name: 'f', arguments: '{}' }] },
      /begins with 'fc'/,
    ],
    [
      'a call without its result',
      { input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }] },
      /^No tool output found for function call c/,
    ],
    [
      'a result without its call',
      { input: [{ type: 'function_call_output', call_id: 'c', output: 'x' }] },
      /^No tool call found/,
    ],
    [
      'encrypted reasoning that it did not issue',
      { input: [{ ...reasoning, encrypted_content: 'gAAAA' }, user] },
      /could not be verified/,
    ],
    ['JSON without the word', { text: { format: { type: 'json_object' } } }, /must contain the word 'json'/],
    [
      'an effort on a model that does not reason',
      { model: 'gpt-4.1', reasoning: { effort: 'low' } },
      /^Unsupported parameter/,
    ],
    [
      'encrypted reasoning of a model that does not reason',
      { model: 'gpt-4.1', include: ['reasoning.encrypted_content'] },
      /not supported with this model/,
    ],
  ])('refuses %s', async (_, body, message) => {
    const answer = await ask('/v1/responses', { body: { model: 'gpt-6-sol', input: 'hi', ...body } })
    expect(answer).toMatchObject({ status: 400, json: { error: { message: expect.stringMatching(message) } } })
  })

  test('an item that was not stored is not found, and one that was is', async () => {
    const missing = await ask('/v1/responses', { body: { model: 'gpt-6-sol', input: [reasoning, user] } })
    expect(missing).toMatchObject({ status: 404, json: { error: { message: expect.stringContaining('not found') } } })
    const first = await ask('/v1/responses', { body: { model: 'gpt-6-sol', input: 'one' } })
    const previous_response_id = (first.json as { id: string }).id
    const second = await ask('/v1/responses', { body: { model: 'gpt-6-sol', input: 'two', previous_response_id } })
    expect(second.status).toBe(200)
    expect(
      vendor()
        .seen.at(-1)
        ?.asked?.turns.map(({ by }) => by),
    ).toEqual(['user', 'assistant', 'user'])
  })

  test('reasoning must be followed by what it was for', async () => {
    const asked = { model: 'gpt-6-sol', input: 'hi', store: false, include: ['reasoning.encrypted_content'] }
    const { json } = await ask('/v1/responses', { body: asked })
    const [item] = (json as { output: object[] }).output
    const again = await ask('/v1/responses', { body: { ...asked, input: [user, item, user] } })
    expect(again.json).toMatchObject({
      error: { message: expect.stringContaining('without its required following item') },
    })
  })

  test('a stream has named events, numbers without gaps, and nothing behind the last one', async () => {
    const tools = [{ type: 'function', name: 'f', parameters }]
    const body = { model: 'gpt-6-sol', input: 'call f for x and y', tools, stream: true }
    const events = eventsIn((await ask('/v1/responses', { body })).text)
    expect(events.map(({ name }) => name)).toEqual(events.map(({ data }) => (data as { type: string }).type))
    expect(events.map(({ data }) => (data as { sequence_number: number }).sequence_number)).toEqual(
      events.map((_, at) => at),
    )
    expect(events.at(-1)).toMatchObject({ name: 'response.completed', data: { response: { status: 'completed' } } })
    expect(events.filter(({ name }) => name === 'response.function_call_arguments.done')).toHaveLength(2)
  })
})

describe('messages', () => {
  const toolUse = { type: 'tool_use', id: 't1', name: 'f', input: {} }
  const result = { type: 'tool_result', tool_use_id: 't1', content: 'x' }
  const withCall = [user, { role: 'assistant', content: [toolUse] }]
  test.each<[string, object, RegExp]>([
    ['no limit', { max_tokens: undefined }, /^max_tokens: Field required/],
    ['a field of another vendor', { frequency_penalty: 1 }, /^frequency_penalty: Extra inputs/],
    ['an unknown role', { messages: [{ role: 'tool', content: 'x' }] }, /^messages\.0\.role: Input should be/],
    [
      'a beginning by the assistant',
      { messages: [{ role: 'assistant', content: 'x' }] },
      /first message must use the "user" role/,
    ],
    ['a blank text', { messages: [{ role: 'user', content: [{ type: 'text', text: ' ' }] }] }, /non-whitespace/],
    ['an empty text', { messages: [{ role: 'user', content: '' }] }, /must be non-empty/],
    [
      'a call without its result',
      { messages: [...withCall, user] },
      /without `tool_result` blocks immediately after: t1/,
    ],
    [
      'a text before the results',
      { messages: [...withCall, { role: 'user', content: [{ type: 'text', text: 'x' }, result] }] },
      /immediately after/,
    ],
    ['a result without its call', { messages: [{ role: 'user', content: [result] }] }, /unexpected `tool_use_id`/],
    [
      'a tool id with a colon',
      { model: 'claude-sonnet-4-5', messages: [user, { role: 'assistant', content: [{ ...toolUse, id: 'a:b' }] }] },
      /tool_use\.id: String should match/,
    ],
    [
      'a tool name with a dot',
      { tools: [{ name: 'a.b', input_schema: parameters }] },
      /custom\.name: String should match/,
    ],
    ['a tool without a type', { tools: [{ name: 'f', input_schema: {} }] }, /input_schema\.type/],
    [
      'thinking without a signature',
      {
        messages: [
          user,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'x' },
              { type: 'text', text: 'y' },
            ],
          },
          user,
        ],
      },
      /signature: Field required/,
    ],
    [
      'a signature that it did not give',
      {
        messages: [
          user,
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'x', signature: 'abc=' },
              { type: 'text', text: 'y' },
            ],
          },
          user,
        ],
      },
      /Invalid `signature`/,
    ],
    [
      'a picture that is none',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } }],
          },
        ],
      },
      /Could not process image/,
    ],
    [
      'a picture of another type',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: PNG } }],
          },
        ],
      },
      /does not match the provided media type/,
    ],
    ['temperature on newer models', { temperature: 0.5 }, /`temperature` is deprecated/],
    [
      'a fixed budget on newer models',
      { thinking: { type: 'enabled', budget_tokens: 2000 } },
      /"thinking\.type\.enabled" is not supported/,
    ],
    ['thinking switched off', { thinking: { type: 'disabled' } }, /"thinking\.type\.disabled" is not supported/],
    [
      'a forced tool',
      { tools: [{ name: 'f', input_schema: parameters }], tool_choice: { type: 'any' } },
      /tool_choice\.type "any" is not supported/,
    ],
    [
      'a prefilled answer',
      { messages: [user, { role: 'assistant', content: 'x' }] },
      /does not support assistant message prefill/,
    ],
    ['a blank stop string', { stop_sequences: [' '] }, /non-whitespace/],
    [
      'an open schema',
      { output_config: { format: { type: 'json_schema', schema: parameters } } },
      /'additionalProperties'/,
    ],
    [
      'a schema with a range',
      { output_config: { format: { type: 'json_schema', schema: { type: 'integer', minimum: 1 } } } },
      /'minimum' is not permitted/,
    ],
    [
      'sampling under the newer version',
      { model: 'claude-sonnet-4-5', temperature: 1, version: '2026-10-21' },
      /^temperature: Extra inputs/,
    ],
    [
      'a budget above the limit',
      { model: 'claude-sonnet-4-5', thinking: { type: 'enabled', budget_tokens: 2000 } },
      /must be greater than `thinking\.budget_tokens`/,
    ],
    [
      'adaptive thinking on older models',
      { model: 'claude-sonnet-4-5', thinking: { type: 'adaptive' } },
      /adaptive thinking is not supported/,
    ],
    [
      'a later system message on older models',
      { model: 'claude-sonnet-4-5', messages: [user, { role: 'system', content: 'x' }] },
      /role 'system' is not supported/,
    ],
  ])('refuses %s', async (_, { version = '2023-06-01', ...body }: { version?: string }, message) => {
    const answer = await ask('/v1/messages', {
      headers: { 'anthropic-version': version },
      body: { model: 'claude-opus-5-5', max_tokens: 100, messages: [user], ...body },
    })
    expect(answer).toMatchObject({ status: 400, json: { type: 'error', error: { type: 'invalid_request_error' } } })
    expect(answer.json).toMatchObject({ error: { message: expect.stringMatching(message) } })
  })

  test('wants a version that exists, and a key', async () => {
    const body = { model: 'claude-opus-5-5', max_tokens: 100, messages: [user] }
    const version = await ask('/v1/messages', { body, headers: { 'anthropic-version': '2024-01-01' } })
    expect(version).toMatchObject({ status: 400 })
    const key = await ask('/v1/messages', { body, headers: { 'x-api-key': 'bad-key' } })
    expect(key).toMatchObject({ status: 401, json: { error: { type: 'authentication_error' } } })
  })

  test('thinking goes back unchanged, to the same conversation and nowhere else', async () => {
    const tools = [{ name: 'f', input_schema: parameters }]
    const first = {
      model: 'claude-opus-5-5',
      max_tokens: 100,
      system: 'Be brief.',
      tools,
      messages: [{ role: 'user', content: 'call f for x' }],
    }
    const { content } = (await ask('/v1/messages', { body: first })).json as {
      content: { type: string; id?: string }[]
    }
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'tool_use'])
    const answered = { role: 'user', content: [{ type: 'tool_result', tool_use_id: content[1]?.id, content: 'y' }] }
    const second = { ...first, messages: [...first.messages, { role: 'assistant', content }, answered] }
    expect(await ask('/v1/messages', { body: second })).toMatchObject({ status: 200 })
    const marked = { ...second, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] }
    expect(await ask('/v1/messages', { body: marked })).toMatchObject({ status: 200 })
    for (const change of [
      { system: 'Be long.' },
      { tools: [] },
      { messages: [{ role: 'user', content: 'call f for z' }, ...second.messages.slice(1)] },
    ]) {
      const answer = await ask('/v1/messages', { body: { ...second, ...change } })
      expect(answer.json).toMatchObject({
        error: { message: expect.stringContaining('bound to a different conversation') },
      })
    }
  })

  test('within a fixed budget, a turn with calls must begin with its thinking', async () => {
    const messages = [user, { role: 'assistant', content: [toolUse] }, { role: 'user', content: [result] }]
    const body = {
      model: 'claude-sonnet-4-5',
      max_tokens: 2000,
      messages,
      thinking: { type: 'enabled', budget_tokens: 1024 },
    }
    expect((await ask('/v1/messages', { body })).json).toMatchObject({
      error: { message: expect.stringContaining('Expected `thinking`') },
    })
    expect(await ask('/v1/messages', { body: { ...body, thinking: undefined } })).toMatchObject({ status: 200 })
  })

  test('a stream has named events, one block after the other, and usage that grows', async () => {
    const tools = [{ name: 'f', input_schema: parameters }]
    const body = {
      model: 'claude-opus-5-5',
      max_tokens: 100,
      tools,
      messages: [{ role: 'user', content: 'call f for x and y' }],
      stream: true,
    }
    const events = eventsIn((await ask('/v1/messages', { body })).text)
    expect(events.map(({ name }) => name)).toEqual(events.map(({ data }) => (data as { type: string }).type))
    const blocks = events.flatMap(({ name, data }) =>
      /^content_block_(start|stop)$/.test(name) ? [`${name} ${(data as { index: number }).index}`] : [],
    )
    expect(blocks).toEqual(
      [0, 1, 2].flatMap((index) => [`content_block_start ${index}`, `content_block_stop ${index}`]),
    )
    expect(events.some(({ name }) => name === 'ping')).toBe(true)
    expect(events[0]?.data).toMatchObject({ message: { usage: { output_tokens: 1 } } })
    expect(events.at(-2)).toMatchObject({ name: 'message_delta', data: { delta: { stop_reason: 'tool_use' } } })
    expect(events.at(-1)?.name).toBe('message_stop')
  })

  test('counts tokens of a request without the fields of an answer', async () => {
    const body = { model: 'claude-opus-5-5', messages: [user] }
    const counted = await ask('/v1/messages/count_tokens?beta=true', { body })
    expect(counted.json).toEqual({ input_tokens: expect.any(Number) })
    expect(await ask('/v1/messages/count_tokens', { body: { ...body, max_tokens: 5 } })).toMatchObject({ status: 400 })
  })
})

describe('gemini', () => {
  const path = (model: string, method = 'generateContent') => `/v1beta/models/${model}:${method}`
  const said = { role: 'user', parts: [{ text: 'hi' }] }
  const called = (extra: object = {}) => ({
    role: 'model',
    parts: [{ functionCall: { name: 'f', args: {} }, ...extra }],
  })
  const responded = { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'x' } } }] }
  const declared = (schema: object, field = 'parameters') => ({
    tools: [{ functionDeclarations: [{ name: 'f', [field]: schema }] }],
  })
  test.each<[string, object, RegExp]>([
    ['no contents', { contents: [] }, /contents is not specified/],
    ['a field that it does not know', { messages: [] }, /Unknown name "messages": Cannot find field/],
    [
      "a part's field that it does not know",
      { contents: [{ parts: [{ text: 'x', cache: 1 }] }] },
      /Unknown name "cache" at 'contents\[0\]\.parts\[0\]'/,
    ],
    ['another role', { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }, /valid role: user, model/],
    ['a content without parts', { contents: [{ role: 'user', parts: [] }] }, /parts must not be empty/],
    ['an empty part', { contents: [{ role: 'user', parts: [{}] }] }, /required oneof field 'data'/],
    ['a call that is not signed', { contents: [said, called(), responded] }, /missing a thought_signature/],
    [
      'a signature that it did not give',
      { contents: [said, called({ thoughtSignature: 'YWJj' }), responded] },
      /Corrupted thought signature/,
    ],
    [
      'a signature that is no base64',
      { contents: [said, called({ thoughtSignature: 'a.b' }), responded] },
      /Base64 decoding failed/,
    ],
    [
      'fewer results than calls',
      {
        contents: [
          said,
          {
            role: 'model',
            parts: [...called().parts, ...called().parts].map((part) => ({
              ...part,
              thoughtSignature: 'skip_thought_signature_validator',
            })),
          },
          responded,
        ],
      },
      /equal to the number of function call parts/,
    ],
    [
      'a result without a call',
      { contents: [said, { role: 'model', parts: [{ text: 'x' }] }, responded] },
      /immediately after a function call turn/,
    ],
    [
      'a result of another name',
      {
        contents: [
          said,
          called({ thoughtSignature: 'skip_thought_signature_validator' }),
          { role: 'user', parts: [{ functionResponse: { name: 'g', response: {} } }] },
        ],
      },
      /does not match the function call name f/,
    ],
    [
      'an end by the model',
      { contents: [said, { role: 'model', parts: [{ text: 'x' }] }] },
      /ending with a model turn/,
    ],
    [
      'a budget and a level',
      { generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: 'LOW' } } },
      /only one of thinking budget and thinking level/,
    ],
    [
      'a budget on newer models',
      { generationConfig: { thinkingConfig: { thinkingBudget: 100 } } },
      /Thinking budget is not supported/,
    ],
    ['sampling on newer models', { generationConfig: { temperature: 0.5 } }, /temperature is not supported/],
    [
      'a keyword that the schema lacks',
      declared({ type: 'object', properties: { a: { type: 'number', exclusiveMinimum: 1 } } }),
      /Unknown name "exclusiveMinimum"/,
    ],
    [
      'additionalProperties in an OpenAPI schema',
      declared({ ...parameters, additionalProperties: false }),
      /Unknown name "additionalProperties"/,
    ],
    ['const in a JSON schema', declared({ const: 1 }, 'parametersJsonSchema'), /Unknown name "const"/],
    [
      'a name that begins with a digit',
      { tools: [{ functionDeclarations: [{ name: '1f' }] }] },
      /Invalid function name/,
    ],
    [
      'names for a mode that does not force',
      { ...declared(parameters), toolConfig: { functionCallingConfig: { mode: 'AUTO', allowedFunctionNames: ['f'] } } },
      /only when function calling mode is ANY/,
    ],
    [
      'a schema without its type',
      { generationConfig: { responseJsonSchema: parameters } },
      /only supported with response mime type/,
    ],
    [
      'a picture in a data URL',
      { contents: [{ parts: [{ fileData: { fileUri: 'data:image/png;base64,aGk=' } }] }] },
      /Cannot fetch content/,
    ],
    [
      'a picture that it cannot read',
      { contents: [{ parts: [{ inlineData: { mimeType: 'image/gif', data: PNG } }] }] },
      /Unsupported MIME type/,
    ],
  ])('refuses %s', async (_, body, message) => {
    const answer = await ask(path('gemini-3.8-flash'), { body: { contents: [said], ...body } })
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 400, status: 'INVALID_ARGUMENT' } } })
    expect(answer.json).toMatchObject({ error: { message: expect.stringMatching(message) } })
  })

  test('takes both spellings, and the stand-in for a signature', async () => {
    const contents = [
      said,
      {
        role: 'model',
        parts: [{ function_call: { name: 'f' }, thought_signature: 'skip_thought_signature_validator' }],
      },
      responded,
    ]
    const body = { contents, generation_config: { thinking_config: { include_thoughts: true, thinking_level: 'low' } } }
    expect(await ask(path('gemini-3.8-flash'), { body })).toMatchObject({ status: 200 })
    expect(vendor().seen.at(-1)?.asked?.proofs).toEqual({ returned: 0, standIns: 1 })
  })

  test('a level is refused on the older generation, a budget is not', async () => {
    const level = { contents: [said], generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }
    expect(await ask(path('gemini-2.5-flash'), { body: level })).toMatchObject({ status: 400 })
    const budget = { contents: [said], generationConfig: { thinkingConfig: { thinkingBudget: 0 }, temperature: 0.5 } }
    expect(await ask(path('gemini-2.5-flash'), { body: budget })).toMatchObject({ status: 200 })
    expect(vendor().seen.at(-1)?.asked?.thinks).toBe(false)
  })

  test('a stream ends its lines with CRLF, signs at the end, and has nothing behind the last event', async () => {
    const { text } = await ask(`${path('gemini-3.8-flash', 'streamGenerateContent')}?alt=sse`, {
      body: { contents: [said] },
    })
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    const events = eventsIn(text)
    expect(events.map(({ name }) => name)).toEqual(events.map(() => ''))
    expect(events.at(-1)?.data).toMatchObject({
      candidates: [{ content: { parts: [{ text: '', thoughtSignature: expect.any(String) }] }, finishReason: 'STOP' }],
    })
  })

  test('without alt=sse a stream is one JSON list, errors too', async () => {
    const stream = path('gemini-3.8-flash', 'streamGenerateContent')
    const { json } = await ask(stream, { body: { contents: [said] } })
    expect(json).toEqual(expect.arrayContaining([expect.objectContaining({ responseId: expect.any(String) })]))
    expect(await ask(stream, { body: { contents: [] } })).toMatchObject({
      status: 400,
      json: [{ error: { code: 400 } }],
    })
  })

  test('counts and embeds', async () => {
    expect((await ask(path('gemini-3.8-flash', 'countTokens'), { body: { contents: [said] } })).json).toMatchObject({
      totalTokens: expect.any(Number),
    })
    const content = { parts: [{ text: 'a cat' }] }
    const one = await ask(path('gemini-embedding-001', 'embedContent'), { body: { content } })
    const requests = [{ model: 'models/gemini-embedding-001', content }]
    const many = await ask(path('gemini-embedding-001', 'batchEmbedContents'), { body: { requests } })
    expect(many.json).toEqual({ embeddings: [(one.json as { embedding: unknown }).embedding] })
  })
})

describe('the model', () => {
  const chat = (content: string, extra: object = {}) =>
    ask('/v1/chat/completions', { body: { model: 'gpt-4.1', messages: [{ role: 'user', content }], ...extra } })

  test.each([
    ['error 429 retry 7', 429, 'rate_limit_exceeded'],
    ['error 529', 503, null],
    ['error 500', 500, null],
  ])('answers %s', async (said, status, code) => {
    const answer = await chat(said)
    expect(answer).toMatchObject({ status, json: { error: { code } } })
    expect(answer.headers.get('retry-after')).toBe(said.includes('retry') ? '7' : null)
  })

  test('stops at a stop string and at the limit', async () => {
    const { json: stopped } = await chat('one two three', { stop: ['two'] })
    expect(stopped).toMatchObject({ choices: [{ message: { content: 'You said: one ' }, finish_reason: 'stop' }] })
    const { json: cut } = await chat('one two three', { max_tokens: 3 })
    expect(cut).toMatchObject({ choices: [{ message: { content: 'You said: on' }, finish_reason: 'length' }] })
  })

  test('refuses, blocks and breaks calls in the words of the wire', async () => {
    expect((await chat('refuse')).json).toMatchObject({
      choices: [{ message: { content: null, refusal: expect.any(String) } }],
    })
    const gemini = (text: string) =>
      ask('/v1beta/models/gemini-3.8-flash:generateContent', { body: { contents: [{ parts: [{ text }] }] } })
    expect((await gemini('block the prompt')).json).toMatchObject({
      promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    })
    expect((await gemini('break the call')).json).toMatchObject({
      candidates: [{ finishReason: 'MALFORMED_FUNCTION_CALL' }],
    })
  })

  test('breaks a stream after text: with an error, with a cut, by ending early', async () => {
    const failed = await chat('error in stream', { stream: true })
    expect(eventsIn(failed.text).at(-1)?.data).toMatchObject({ error: { code: 'server_error' } })
    const early = eventsIn((await chat('end the stream early', { stream: true })).text)
    expect(early.at(-1)?.data).toMatchObject({ choices: [{ finish_reason: null }] })
    await expect(chat('cut the stream', { stream: true })).rejects.toThrow()
    expect(vendor().seen.at(-1)?.state).toBe('broken')
    expect((await chat('nonsense')).json).toBeUndefined()
  })
})
