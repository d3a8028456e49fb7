import type { ClientWire } from './client.ts'

/** A request that its own wire allows and that is hard to say in another one. */
export interface OddRequest {
  readonly name: string
  readonly wire: ClientWire
  /** Without the model. */
  readonly body: object
  /** What the gateway may say instead of asking a vendor that cannot be told. */
  readonly refusal?: RegExp
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
const PDF = 'JVBERi0xLjQK'

/** Keywords that one vendor or another does not know. */
const oddSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    count: { type: 'integer', minimum: 1, maximum: 9, exclusiveMinimum: 0, multipleOf: 1 },
    fixed: { const: 'x' },
    loose: { type: 'array' },
    numbers: { enum: [1, 2] },
    maybe: { type: ['string', 'null'], minLength: 1, pattern: '^a' },
    both: { allOf: [{ type: 'object', properties: { x: { type: 'string' } } }] },
    other: { $ref: '#/$defs/other' },
    set: { type: 'array', uniqueItems: true, items: { type: 'string' } },
    map: { type: 'object', patternProperties: { '^x': { type: 'string' } }, propertyNames: { pattern: 'x' } },
  },
  required: ['count'],
  $defs: { other: { type: 'object', properties: { z: { type: 'string', default: 'q', examples: ['e'] } } } },
}
const citySchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const closedSchema = { ...citySchema, additionalProperties: false }

const user = (content: unknown) => ({ role: 'user', content })
const hi = [user('hi')]

const NEEDS_USER = /must end with a user turn/
const KEEPS_STATE = /keeps state at OpenAI|there is no response with the id/

export const oddRequests: readonly OddRequest[] = [
  ...of('openai-chat', chatRequests()),
  ...of('openai-responses', responsesRequests()),
  ...of('anthropic', anthropicRequests()),
  ...of('gemini', geminiRequests()),
]

type Odd = readonly [name: string, body: object, refusal?: RegExp]

function of(wire: ClientWire, requests: readonly Odd[]): readonly OddRequest[] {
  return requests.map(([name, body, refusal]) => ({ name, wire, body, ...(refusal === undefined ? {} : { refusal }) }))
}

function chatRequests(): readonly Odd[] {
  const tool = { type: 'function', function: { name: 'get_weather', parameters: citySchema } }
  const withTool = { messages: hi, tools: [tool] }
  const call = (id: string, text = '{"city":"Paris"}') => ({
    id,
    type: 'function',
    function: { name: 'get_weather', arguments: text },
  })
  const called = (...calls: readonly object[]) => ({ role: 'assistant', content: null, tool_calls: calls })
  const result = (tool_call_id: string, content = 'x') => ({ role: 'tool', tool_call_id, content })
  const data = (mediaType: string, base64: string) => `data:${mediaType};base64,${base64}`
  const picture = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'low' } })
  return [
    ['sampling', { messages: hi, temperature: 0.5, top_p: 0.9 }],
    ['a temperature above 1', { messages: hi, temperature: 1.8 }],
    [
      'penalties, seed, bias and logprobs',
      {
        messages: hi,
        presence_penalty: 0.5,
        frequency_penalty: 0.5,
        seed: 3,
        logit_bias: { 5: -100 },
        logprobs: true,
        top_logprobs: 2,
      },
    ],
    ['stop strings', { messages: hi, stop: ['two'] }],
    ['blank stop strings', { messages: hi, stop: ['\n\n', ' '] }],
    ['any JSON', { messages: [user('say json')], response_format: { type: 'json_object' } }],
    [
      'a loose schema',
      { messages: hi, response_format: { type: 'json_schema', json_schema: { name: 'x', schema: citySchema } } },
    ],
    [
      'an odd schema',
      { messages: hi, response_format: { type: 'json_schema', json_schema: { name: 'x', schema: oddSchema } } },
    ],
    ['a forced tool', { ...withTool, tool_choice: 'required' }],
    [
      'a named tool, with reasoning',
      { ...withTool, tool_choice: { type: 'function', function: { name: 'get_weather' } }, reasoning_effort: 'high' },
    ],
    ['no tool although there are some', { ...withTool, tool_choice: 'none' }],
    [
      'allowed tools',
      {
        ...withTool,
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'get_weather' } }] },
        },
      },
    ],
    [
      'one call at a time',
      { ...withTool, messages: [user('call get_weather for Paris and Rome')], parallel_tool_calls: false },
    ],
    [
      'a tool with an odd schema',
      { messages: hi, tools: [{ type: 'function', function: { name: 'get_weather', parameters: oddSchema } }] },
    ],
    [
      'a strict tool',
      { messages: hi, tools: [{ type: 'function', function: { name: 'f', strict: true, parameters: closedSchema } }] },
    ],
    [
      'a tool without parameters',
      { messages: [user('call ping')], tools: [{ type: 'function', function: { name: 'ping' } }] },
    ],
    [
      'a tool of free text',
      { messages: [user('call write for x')], tools: [{ type: 'custom', custom: { name: 'write' } }] },
    ],
    ['no tools in a list', { messages: hi, tools: [] }],
    [
      'results in another order',
      { ...withTool, messages: [user('q'), called(call('a'), call('b')), result('b'), result('a')] },
    ],
    [
      'a history with tools, and none now',
      { messages: [user('q'), called(call('a')), result('a', ''), user('go on')] },
    ],
    ['arguments that are empty', { ...withTool, messages: [user('q'), called(call('a', '')), result('a')] }],
    ['arguments that are cut', { ...withTool, messages: [user('q'), called(call('a', '{"city": "Pa')), result('a')] }],
    ['arguments that are a list', { ...withTool, messages: [user('q'), called(call('a', '[1]')), result('a')] }],
    [
      'an id with a colon',
      { ...withTool, messages: [user('q'), called(call('functions.f:0')), result('functions.f:0')] },
    ],
    ['a long id', { ...withTool, messages: [user('q'), called(call('c'.repeat(40))), result('c'.repeat(40))] }],
    [
      'a blank text',
      {
        messages: [
          user([
            { type: 'text', text: ' ' },
            { type: 'text', text: 'hi' },
          ]),
        ],
      },
    ],
    ['empty texts', { messages: [user(''), { role: 'assistant', content: '' }, ...hi] }],
    ['nothing but a system text', { messages: [{ role: 'system', content: 'You are a bot.' }] }],
    ['a beginning by the assistant', { messages: [{ role: 'assistant', content: 'Hello!' }, ...hi] }],
    [
      'a later system text',
      { messages: [user('a'), { role: 'assistant', content: 'b' }, { role: 'system', content: 'be brief' }, ...hi] },
    ],
    ['a system text at the end', { messages: [...hi, { role: 'system', content: 'be brief' }] }],
    ['an end by the assistant', { messages: [...hi, { role: 'assistant', content: 'I say' }] }, NEEDS_USER],
    [
      'one role twice',
      {
        messages: [
          user('a'),
          user('b'),
          { role: 'assistant', content: 'c' },
          { role: 'assistant', content: 'd' },
          ...hi,
        ],
      },
    ],
    [
      'developer and system',
      { messages: [{ role: 'developer', content: 'be' }, { role: 'system', content: 'brief' }, ...hi] },
    ],
    ['a picture at an address', { messages: [user([picture('https://example.com/a.png')])] }],
    ['a picture of another type than it says', { messages: [user([picture(data('image/jpeg', PNG))])] }],
    [
      'a PDF',
      {
        messages: [
          user([
            { type: 'file', file: { filename: 'a.pdf', file_data: data('application/pdf', PDF) } },
            { type: 'text', text: 'what' },
          ]),
        ],
      },
    ],
    [
      'sound',
      { messages: [user([{ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } }])] },
      /does not take audio/,
    ],
    [
      'metadata and whose it is',
      {
        messages: hi,
        metadata: { a: 'b' },
        store: true,
        user: 'joe',
        service_tier: 'flex',
        prompt_cache_key: 'k',
        verbosity: 'low',
      },
    ],
    ['several answers', { messages: hi, n: 2 }, /choices|answers|\bn\b/i],
    ['a very small limit', { messages: hi, max_completion_tokens: 5 }],
    ['a limit that is too large', { messages: hi, max_completion_tokens: 1_000_000 }],
    ['the older limit', { messages: hi, max_tokens: 100 }],
    ['no reasoning, with tools', { ...withTool, reasoning_effort: 'none' }],
    ['the least effort', { messages: hi, reasoning_effort: 'minimal' }],
    ['the greatest effort', { messages: hi, reasoning_effort: 'max' }],
    ['much effort in a small answer', { messages: hi, reasoning_effort: 'xhigh', max_completion_tokens: 2000 }],
    ['a named user', { messages: [{ ...user('hi'), name: 'joe' }] }],
    ['an earlier refusal', { messages: [user('a'), { role: 'assistant', content: null, refusal: 'no' }, ...hi] }],
  ]
}

function responsesRequests(): readonly Odd[] {
  const tool = { type: 'function', name: 'get_weather', parameters: citySchema }
  const call = (call_id: string, text: string) => ({
    type: 'function_call',
    call_id,
    name: 'get_weather',
    arguments: text,
  })
  const result = (call_id: string, output: unknown) => ({ type: 'function_call_output', call_id, output })
  const picture = { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' }
  const custom = { type: 'custom', name: 'write', format: { type: 'grammar', syntax: 'regex', definition: 'x+' } }
  return [
    ['instructions and a developer', { instructions: 'i', input: [{ role: 'developer', content: 'd' }, ...hi] }],
    ['the least limit', { input: 'hi', max_output_tokens: 16 }],
    ['sampling', { input: 'hi', temperature: 0.3, top_p: 0.5, top_logprobs: 2 }],
    [
      'much reasoning, summed up and encrypted',
      { input: 'hi', reasoning: { effort: 'xhigh', summary: 'detailed' }, include: ['reasoning.encrypted_content'] },
    ],
    [
      'encrypted reasoning without a word about reasoning',
      { input: 'hi', include: ['reasoning.encrypted_content'], store: false },
    ],
    [
      'an odd schema',
      { input: 'hi', text: { format: { type: 'json_schema', name: 'x', schema: oddSchema }, verbosity: 'high' } },
    ],
    [
      'a forced tool, one at a time',
      { input: 'hi', tools: [tool], tool_choice: 'required', parallel_tool_calls: false, max_tool_calls: 3 },
    ],
    ['a named tool', { input: 'hi', tools: [tool], tool_choice: { type: 'function', name: 'get_weather' } }],
    ['a tool with a grammar', { input: 'call write for x', tools: [custom] }],
    ['a search of the vendor', { input: 'hi', tools: [{ type: 'web_search' }] }],
    ['no tools in a list', { input: 'hi', parallel_tool_calls: true, tools: [] }],
    [
      'a picture in a result',
      {
        tools: [tool],
        input: [
          user('q'),
          call('a', '{"city":"P"}'),
          call('b', ''),
          result('b', [{ type: 'input_text', text: 'b' }, picture]),
          result('a', 'a'),
        ],
      },
    ],
    ['a long id', { tools: [tool], input: [user('q'), call('c'.repeat(64), '{}'), result('c'.repeat(64), 'x')] }],
    [
      'a call of free text',
      {
        tools: [custom],
        input: [
          user('q'),
          { type: 'custom_tool_call', call_id: 'a', name: 'write', input: 'xx' },
          { type: 'custom_tool_call_output', call_id: 'a', output: 'ok' },
        ],
      },
    ],
    [
      'a message of the assistant',
      {
        input: [
          user('q'),
          {
            type: 'message',
            role: 'assistant',
            id: 'msg_1',
            status: 'completed',
            content: [{ type: 'output_text', text: 'x', annotations: [] }],
          },
          ...hi,
        ],
      },
    ],
    [
      'reasoning of somebody else',
      {
        input: [
          user('q'),
          { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABabc' },
          { role: 'assistant', content: 'x' },
          ...hi,
        ],
        store: false,
      },
    ],
    [
      'a PDF',
      { input: [user([{ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` }])] },
    ],
    ['a response that goes on', { input: 'hi', previous_response_id: 'resp_x' }, KEEPS_STATE],
    ['a response that is to be kept', { input: 'hi', store: true }, KEEPS_STATE],
    ['work in the background', { input: 'hi', background: true }, KEEPS_STATE],
    [
      'settings of the vendor',
      {
        input: 'hi',
        metadata: { a: 'b' },
        service_tier: 'flex',
        truncation: 'auto',
        user: 'joe',
        prompt_cache_key: 'k',
      },
    ],
  ]
}

function anthropicRequests(): readonly Odd[] {
  const tool = { name: 'get_weather', input_schema: citySchema }
  const asked = { max_tokens: 2000, messages: hi }
  const toolUse = (id: string, input: object) => ({ type: 'tool_use', id, name: 'get_weather', input })
  const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }
  const results = [
    { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'b' }, picture] },
    { type: 'tool_result', tool_use_id: 'a', content: 'a', is_error: true },
    { type: 'text', text: 'go on' },
  ]
  const history = [
    user('q'),
    { role: 'assistant', content: [{ type: 'text', text: 'ok' }, toolUse('a', { city: 'P' }), toolUse('b', {})] },
  ]
  const thought = (block: object) => [
    user('q'),
    { role: 'assistant', content: [block, { type: 'text', text: 'ok' }] },
    ...hi,
  ]
  const name = 'n'.repeat(100)
  return [
    [
      'a system text in blocks with marks',
      {
        ...asked,
        system: [
          { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    ['sampling', { ...asked, temperature: 0.4 }],
    ['top_k', { ...asked, top_k: 5, top_p: 0.9 }],
    ['a budget', { ...asked, thinking: { type: 'enabled', budget_tokens: 1500 } }],
    ['no thinking', { ...asked, thinking: { type: 'disabled' } }],
    ['as much thinking as it likes', { ...asked, thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }],
    ['thinking between tools', { ...asked, thinking: { type: 'between_tools' } }],
    [
      'any tool, one at a time',
      { ...asked, tools: [tool], tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    ],
    ['a named tool', { ...asked, tools: [tool], tool_choice: { type: 'tool', name: 'get_weather' } }],
    ['no tool although there are some', { ...asked, tools: [tool], tool_choice: { type: 'none' } }],
    [
      'a schema without required fields',
      { ...asked, output_config: { format: { type: 'json_schema', schema: { ...closedSchema, required: [] } } } },
    ],
    ['six stop strings', { ...asked, stop_sequences: ['two', 'a', 'b', 'c', 'd', 'e'] }],
    [
      'whose it is, and how fast',
      { ...asked, metadata: { user_id: 'joe' }, service_tier: 'standard_only', speed: 'fast' },
    ],
    [
      'results with a picture, an error, and a text behind',
      { ...asked, tools: [tool], messages: [...history, user(results)] },
    ],
    [
      'a long id',
      {
        ...asked,
        tools: [tool],
        messages: [
          user('q'),
          { role: 'assistant', content: [toolUse('t'.repeat(60), { city: 'P' })] },
          user([{ type: 'tool_result', tool_use_id: 't'.repeat(60), content: 'x' }]),
        ],
      },
    ],
    [
      'a result without content',
      {
        ...asked,
        tools: [tool],
        messages: [
          user('q'),
          { role: 'assistant', content: [toolUse('a', {})] },
          user([{ type: 'tool_result', tool_use_id: 'a' }]),
        ],
      },
    ],
    [
      'thinking of somebody else',
      { ...asked, messages: thought({ type: 'thinking', thinking: 'hm', signature: 'EqQBCgIYAhIkYWJj' }) },
    ],
    [
      'thinking that nobody may read',
      { ...asked, messages: thought({ type: 'redacted_thinking', data: 'EqQBCgIYAhIkYWJj' }) },
    ],
    [
      'a PDF',
      {
        ...asked,
        messages: [
          user([
            { type: 'document', title: 't', source: { type: 'base64', media_type: 'application/pdf', data: PDF } },
          ]),
        ],
      },
    ],
    [
      'a document of text',
      {
        ...asked,
        messages: [
          user([
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'hello' },
              citations: { enabled: true },
            },
          ]),
        ],
      },
    ],
    [
      'a picture at an address',
      { ...asked, messages: [user([{ type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }])] },
    ],
    [
      'a result of a search',
      {
        ...asked,
        messages: [user([{ type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'x' }] }])],
      },
    ],
    ['a search of the vendor', { ...asked, tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }] }],
    ['a later system text', { ...asked, messages: [...hi, { role: 'system', content: 'brief' }] }],
    [
      'a strict tool with a mark and examples',
      {
        ...asked,
        tools: [
          {
            name: 'f',
            strict: true,
            input_schema: closedSchema,
            cache_control: { type: 'ephemeral', ttl: '1h' },
            input_examples: [{ city: 'x' }],
          },
        ],
      },
    ],
    ['nothing but a warm cache', { ...asked, max_tokens: 0 }, /max_tokens/],
    [
      'a long name of a tool',
      { ...asked, messages: [user(`call ${name} for x`)], tools: [{ name, input_schema: citySchema }] },
    ],
    ['fields of betas', { ...asked, context_management: { edits: [] }, mcp_servers: [] }],
  ]
}

function geminiRequests(): readonly Odd[] {
  const said = (...parts: readonly object[]) => ({ role: 'user', parts })
  const model = (...parts: readonly object[]) => ({ role: 'model', parts })
  const asked = { contents: [said({ text: 'hi' })] }
  const tools = [
    {
      functionDeclarations: [
        { name: 'get_weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } } },
      ],
    },
  ]
  const config = (generationConfig: object) => ({ ...asked, generationConfig })
  const call = (args: object, extra: object = {}) => ({ functionCall: { name: 'get_weather', args }, ...extra })
  const result = (response: object, extra: object = {}) => ({
    functionResponse: { name: 'get_weather', response, ...extra },
  })
  return [
    ['no role', { contents: [{ parts: [{ text: 'hi' }] }] }],
    [
      'sampling',
      config({ temperature: 1.5, topK: 4, topP: 0.8, seed: 4, presencePenalty: 0.1, frequencyPenalty: 0.2 }),
    ],
    ['five stop strings', config({ stopSequences: ['a1', 'b2', 'c3', 'd4', 'e5'] })],
    ['log probabilities', config({ responseLogprobs: true, logprobs: 2 })],
    ['several candidates', config({ candidateCount: 2 }), /candidate/i],
    ['no thinking', config({ thinkingConfig: { thinkingBudget: 0 } })],
    ['as much thinking as it likes', config({ thinkingConfig: { thinkingBudget: -1, includeThoughts: true } })],
    ['more thinking than answer', config({ maxOutputTokens: 500, thinkingConfig: { thinkingBudget: 20_000 } })],
    ['the least level', config({ thinkingConfig: { thinkingLevel: 'MINIMAL' } })],
    [
      'a forced tool',
      {
        ...asked,
        tools,
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['get_weather'] } },
      },
    ],
    ['validated calls', { ...asked, tools, toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } } }],
    ['any JSON', config({ responseMimeType: 'application/json' })],
    [
      'an OpenAPI schema',
      config({
        responseMimeType: 'application/json',
        responseSchema: {
          type: 'OBJECT',
          properties: {
            a: { type: 'STRING', nullable: true, format: 'enum', enum: ['x', 'y'] },
            n: { type: 'INTEGER', format: 'int64', minimum: 1 },
          },
          propertyOrdering: ['a', 'n'],
          required: ['a'],
        },
      }),
    ],
    [
      'the other spelling',
      {
        contents: [said({ text: 'hi' }, { inline_data: { mime_type: 'image/png', data: PNG } })],
        system_instruction: { parts: [{ text: 'brief' }] },
        generation_config: { max_output_tokens: 100 },
      },
    ],
    [
      'calls without ids or signatures',
      {
        tools,
        contents: [
          said({ text: 'q' }),
          model({ text: 'th', thought: true }, call({ city: 'P' }), call({ city: 'R' })),
          said(result({ output: 'a' }), result({ error: 'b' })),
        ],
      },
    ],
    [
      'a result that is an object, and a text behind',
      { tools, contents: [said({ text: 'q' }), model(call({ city: 'P' })), said(result({ a: 1 }), { text: 'more' })] },
    ],
    [
      'an answer in chunks',
      {
        contents: [
          said({ text: 'q' }),
          model({ text: 'one ' }),
          model({ text: 'two' }),
          model({ text: '', thoughtSignature: 'YWJj' }),
          said({ text: 'hi' }),
        ],
      },
    ],
    [
      'the older role of results',
      {
        tools,
        contents: [said({ text: 'q' }), model(call({})), { role: 'function', parts: [result({ output: 'a' })] }],
      },
    ],
    [
      'a signature of somebody else',
      {
        tools,
        contents: [said({ text: 'q' }), model(call({}, { thoughtSignature: 'YWJj' })), said(result({ output: 'a' }))],
      },
    ],
    [
      'a name with dots and colons',
      {
        contents: [said({ text: 'call a.b:c for x' })],
        tools: [
          {
            functionDeclarations: [
              { name: 'a.b:c', parameters: { type: 'OBJECT', properties: { q: { type: 'STRING' } } } },
            ],
          },
        ],
      },
    ],
    [
      'a tool without parameters',
      { contents: [said({ text: 'call ping' })], tools: [{ functionDeclarations: [{ name: 'ping' }] }] },
    ],
    [
      'a file of the vendor',
      {
        contents: [
          said(
            {
              fileData: {
                mimeType: 'application/pdf',
                fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc',
              },
            },
            { text: 'hi' },
          ),
        ],
      },
    ],
    ['a PDF', { contents: [said({ inlineData: { mimeType: 'application/pdf', data: PDF } }, { text: 'hi' })] }],
    [
      'a film',
      { contents: [said({ inlineData: { mimeType: 'video/mp4', data: 'AAAA' } }, { text: 'hi' })] },
      /does not take video/,
    ],
    ['a search of the vendor', { ...asked, tools: [{ googleSearch: {} }] }],
    [
      'settings of the vendor',
      {
        ...asked,
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
        serviceTier: 'priority',
        store: true,
      },
    ],
    ['an end by the model', { contents: [said({ text: 'q' }), model({ text: 'I say' })] }, NEEDS_USER],
    [
      'a system instruction in parts',
      { ...asked, systemInstruction: { role: 'system', parts: [{ text: 'a' }, { text: 'b' }] } },
    ],
  ]
}
