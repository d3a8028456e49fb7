import { describe, expect, test } from 'vitest'
import type { Block, Chat } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import { wrapProof } from '../../proof.ts'
import type { RequestTarget } from '../../wire.ts'
import { openaiChat } from './index.ts'

const TARGET: RequestTarget = { model: 'm', account: 'main', outputTokensMax: null, dialect: {} }
const ASKED = { model: 'm', stream: false }
const read = (body: JsonObject): Chat => openaiChat.request.read(body, { ...ASKED, stream: body['stream'] === true })
const asking = (fields: JsonObject): JsonObject => ({
  model: 'm',
  messages: [{ role: 'user', content: 'Hi' }],
  ...fields,
})
const saying = (...messages: readonly JsonObject[]): JsonObject => ({ model: 'm', messages })
const part = (json: JsonObject): JsonObject => saying({ role: 'user', content: [json] })

const CALL = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }
const CALLED = [
  { role: 'user', content: 'Look' },
  { role: 'assistant', content: null, tool_calls: [CALL] },
]
const LOOK = { type: 'function', function: { name: 'look', parameters: { type: 'object' } } }

describe('a request of this wire is written back as it was read, with nothing lost', () => {
  test.each<[string, JsonObject]>([
    ['the least', asking({})],
    [
      'both system roles',
      saying({ role: 'developer', content: 'a' }, { role: 'system', content: [{ type: 'text', text: 'b' }] }),
    ],
    [
      'names and a system turn in the middle',
      saying({ role: 'user', name: 'ada', content: '' }, { role: 'system', content: 'x' }),
    ],
    ['a list of one text', part({ type: 'text', text: 'one' })],
    [
      'marks of both kinds',
      part({
        type: 'text',
        text: 'a',
        prompt_cache_breakpoint: { mode: 'explicit' },
        cache_control: { type: 'ephemeral' },
      }),
    ],
    [
      'marks that disagree',
      part({
        type: 'text',
        text: 'a',
        prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' },
        cache_control: { type: 'ephemeral', ttl: '1h' },
      }),
    ],
    ['a mark of next year', part({ type: 'text', text: 'a', prompt_cache_breakpoint: { mode: 'nightly' } })],
    [
      'a picture by address',
      part({ type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low', x: 1 } }),
    ],
    [
      'a picture with a strange head',
      part({ type: 'image_url', image_url: { url: 'data:image/PNG;charset=x;base64,iVBORw0K' } }),
    ],
    ['a picture without an object', part({ type: 'image_url', image_url: 'data:image/png;base64,iVBORw0K' })],
    ['a film', part({ type: 'video_url', video_url: { url: 'https://a.example/b.mp4' } })],
    ['a sound', part({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } })],
    ['a sound of another format', part({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mpeg' } })],
    ['a file', part({ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0x', filename: 'a.pdf' } })],
    ['a file without a head', part({ type: 'file', file: { file_data: 'JVBERi0x' } })],
    ['a file by address', part({ type: 'file', file: { file_data: 'https://a.example/b.pdf' } })],
    ['an uploaded file', part({ type: 'file', file: { file_id: 'file-1', file_data: null } })],
    ['a part of next year', part({ type: 'hologram', beam: [1] })],
    [
      'a call and its answer',
      saying(...CALLED, { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a' }] }),
    ],
    ['an answer with a name', saying(...CALLED, { role: 'tool', tool_call_id: 'c1', name: 'look', content: 'a' })],
    ['calls without content', saying({ role: 'user', content: 'x' }, { role: 'assistant', tool_calls: [CALL] })],
    ['an empty content beside calls', saying({ role: 'assistant', content: '', tool_calls: [{ ...CALL, index: 0 }] })],
    [
      'calls as nodes give them back',
      saying({
        role: 'assistant',
        tool_calls: [
          { id: 'x', function: { name: 'f', arguments: { a: 1 } } },
          { id: 'y', type: 'function', function: { name: 'f' } },
        ],
      }),
    ],
    [
      'cut and blank arguments',
      saying({
        role: 'assistant',
        tool_calls: [
          { ...CALL, function: { name: 'f', arguments: '{"a":' } },
          { ...CALL, id: 'c2', function: { name: 'f', arguments: '' } },
        ],
      }),
    ],
    [
      'a custom call',
      saying({
        role: 'assistant',
        tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'patch', input: '*** x' } }],
      }),
    ],
    ['a call of next year', saying({ role: 'assistant', tool_calls: [{ id: 'c', type: 'warp', warp: {} }] })],
    [
      'no calls at all',
      saying({ role: 'assistant', content: 'a', tool_calls: [], annotations: [], refusal: null, audio: null }),
    ],
    [
      'refusals',
      saying(
        { role: 'assistant', content: null, refusal: 'No.' },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      ),
    ],
    ['reasoning of nodes', saying({ role: 'assistant', content: 'a', reasoning_content: 'hm', reasoning: 'hm' })],
    ['no reasoning in its field', saying({ role: 'assistant', content: 'a', reasoning_content: '' })],
    [
      'reasoning details',
      saying({
        role: 'assistant',
        content: 'a',
        reasoning: 'hm',
        reasoning_details: [
          { type: 'reasoning.text', text: 'hm', signature: 's', format: 'x-v1', index: 0 },
          { type: 'reasoning.encrypted', data: 'e', id: 'r' },
          { type: 'reasoning.summary', summary: '' },
        ],
      }),
    ],
    [
      'reasoning details of next year',
      saying({ role: 'assistant', content: 'a', reasoning_details: [{ type: 'reasoning.dream' }] }),
    ],
    [
      'reasoning among the content',
      saying({
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], closed: true },
          { type: 'text', text: 'a' },
        ],
      }),
    ],
    [
      'proofs',
      saying({
        role: 'assistant',
        content: 'a',
        extra_content: { google: { thought_signature: 'sig', x: 1 } },
        tool_calls: [{ ...CALL, extra_content: { google: { thought_signature: 'sig2' }, other: 1 } }],
      }),
    ],
    [
      'the oldest way to call',
      asking({
        functions: [{ name: 'f' }],
        function_call: 'auto',
        messages: [
          { role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } },
          { role: 'function', name: 'f', content: '1' },
        ],
      }),
    ],
    [
      'tools',
      asking({
        tools: [
          { ...LOOK, function: { ...LOOK.function, description: 'd', strict: true, x: 1 }, y: 2 },
          {
            type: 'custom',
            custom: { name: 'p', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 's: "a"', z: 1 } } },
          },
          { type: 'custom', custom: { name: 'q', format: { type: 'text' } } },
          { type: 'web', web: {} },
        ],
      }),
    ],
    ['no tools', asking({ tools: [] })],
    [
      'a chosen tool',
      asking({ tools: [LOOK], tool_choice: { type: 'function', function: { name: 'look', x: 1 }, y: 2 } }),
    ],
    [
      'allowed tools',
      asking({
        tools: [LOOK, { type: 'custom', custom: { name: 'p' } }],
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: {
            mode: 'required',
            tools: [
              { type: 'function', function: { name: 'look' } },
              { type: 'custom', custom: { name: 'p' } },
            ],
          },
        },
      }),
    ],
    [
      'allowed tools of other kinds',
      asking({
        tools: [LOOK],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'mcp', server: 's' }] } },
      }),
    ],
    ['any tool', asking({ tools: [LOOK], tool_choice: 'any', parallel_tool_calls: false })],
    [
      'formats',
      asking({
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'a', schema: { type: 'object' }, strict: null, x: 1 },
          y: 2,
        },
      }),
    ],
    [
      'a format without a schema',
      asking({ response_format: { type: 'json_schema', json_schema: { name: 'a', description: 'd' } } }),
    ],
    ['a format of a node', asking({ response_format: { type: 'json_object', schema: { type: 'object' } } })],
    ['a format of next year', asking({ response_format: { type: 'grammar', grammar: 'x' } })],
    ['both limits', asking({ max_tokens: 5, max_completion_tokens: 6 })],
    [
      'everything that is drawn',
      asking({
        temperature: 0,
        top_p: 1,
        top_k: 3,
        n: 2,
        seed: -1,
        presence_penalty: 0.5,
        frequency_penalty: -0.5,
        stop: 'a',
        logit_bias: { '1': -100 },
        logprobs: true,
        top_logprobs: 0,
      }),
    ],
    ['many stop strings', asking({ stop: ['a', '', 'b', 'c', 'd'] })],
    ['no log probabilities', asking({ logprobs: false, top_logprobs: 3 })],
    [
      'reasoning and tiers',
      asking({ reasoning_effort: 'none', verbosity: 'low', service_tier: 'fast', store: false, metadata: { a: 'b' } }),
    ],
    ['words of nodes', asking({ reasoning_effort: 'default', service_tier: 'on_demand' })],
    [
      'the user and the cache',
      asking({
        safety_identifier: 'u',
        user: 'v',
        prompt_cache_key: 'k',
        prompt_cache_options: { mode: 'implicit', ttl: '30m' },
      }),
    ],
    ['explicit caching', asking({ prompt_cache_options: { mode: 'explicit' } })],
    ['a stream', asking({ stream: true, stream_options: { include_usage: true, include_obfuscation: true, x: 1 } })],
    ['no stream', asking({ stream: false, stream_options: {} })],
    [
      'nothing in every field',
      asking({
        stop: null,
        tools: null,
        tool_choice: null,
        response_format: null,
        temperature: null,
        stream: null,
        logprobs: null,
      }),
    ],
    [
      'fields of next year',
      JSON.parse(
        '{"model":"m","messages":[{"role":"user","content":"a","__proto__":{"x":1}}],"__proto__":{"y":2},"new":{"a":[null]}}',
      ),
    ],
    ['lone surrogates', asking({ user: '\ud800', messages: [{ role: 'user', content: 'x\udc00' }] })],
  ])('%s', (_, body) => {
    const { body: written, losses } = openaiChat.request.write(read(body), TARGET)
    expect(written).toEqual(body)
    expect(Object.hasOwn(written, '__proto__')).toBe(Object.hasOwn(body, '__proto__'))
    expect(losses).toEqual([])
  })
})

describe('what is wrong is refused with the path of the field', () => {
  test.each<[string, JsonObject]>([
    ['messages', { model: 'm' }],
    ['messages', asking({ messages: [] })],
    ['messages', asking({ messages: {} })],
    ['messages[0]', asking({ messages: ['hi'] })],
    ['messages[0].role', asking({ messages: [{ content: 'hi' }] })],
    ['messages[0].role', asking({ messages: [{ role: 'narrator', content: 'hi' }] })],
    ['messages[0].content', asking({ messages: [{ role: 'user' }] })],
    ['messages[0].content', asking({ messages: [{ role: 'system', content: null }] })],
    ['messages[0].content', asking({ messages: [{ role: 'user', content: 7 }] })],
    ['messages[0].content[1]', asking({ messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, 'b'] }] })],
    ['messages[0].content[0].type', part({ text: 'a' })],
    ['messages[0].content[0].text', part({ type: 'text', text: 1 })],
    ['messages[0].content[0].image_url', part({ type: 'image_url' })],
    [
      'messages[0].content[0].image_url.url',
      part({ type: 'image_url', image_url: { url: 'data:image/png;base64,####' } }),
    ],
    ['messages[0].content[0].image_url.url', part({ type: 'image_url', image_url: { url: 'data:text/plain,hello' } })],
    ['messages[0].content[0].image_url.url', part({ type: 'image_url', image_url: { url: '' } })],
    [
      'messages[0].content[0].input_audio.data',
      part({ type: 'input_audio', input_audio: { data: 'no audio!', format: 'wav' } }),
    ],
    ['messages[0].content[0].input_audio.format', part({ type: 'input_audio', input_audio: { data: 'UklGRg==' } })],
    ['messages[0].content[0].file.file_data', part({ type: 'file', file: {} })],
    ['messages[0].content[0].file.file_data', part({ type: 'file', file: { file_data: '%%%' } })],
    ['messages[0].name', asking({ messages: [{ role: 'user', content: 'a', name: {} }] })],
    ['messages[0].refusal', asking({ messages: [{ role: 'assistant', refusal: [] }] })],
    ['messages[0].tool_calls', asking({ messages: [{ role: 'assistant', tool_calls: {} }] })],
    ['messages[0].tool_calls[0].id', asking({ messages: [{ role: 'assistant', tool_calls: [{ type: 'function' }] }] })],
    [
      'messages[0].tool_calls[0].function.name',
      asking({ messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }] }),
    ],
    [
      'messages[0].tool_calls[0].function.arguments',
      asking({ messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: 1 } }] }] }),
    ],
    ['messages[0].tool_call_id', asking({ messages: [{ role: 'tool', content: 'a' }] })],
    [
      'messages[1].tool_call_id',
      asking({
        messages: [
          { role: 'user', content: 'a' },
          { role: 'tool', tool_call_id: 'x', content: 'a' },
        ],
      }),
    ],
    ['tools[0].type', asking({ tools: [{}] })],
    ['tools[0].function.name', asking({ tools: [{ type: 'function', function: {} }] })],
    [
      'tools[0].function.parameters',
      asking({ tools: [{ type: 'function', function: { name: 'f', parameters: [] } }] }),
    ],
    [
      'tools[0].custom.format.grammar',
      asking({ tools: [{ type: 'custom', custom: { name: 'f', format: { type: 'grammar' } } }] }),
    ],
    ['tool_choice', asking({ tool_choice: 'sometimes' })],
    ['tool_choice.function.name', asking({ tool_choice: { type: 'function', function: {} } })],
    [
      'tool_choice.allowed_tools.mode',
      asking({ tool_choice: { type: 'allowed_tools', allowed_tools: { tools: [] } } }),
    ],
    ['response_format', asking({ response_format: 'json' })],
    ['response_format.json_schema', asking({ response_format: { type: 'json_schema' } })],
    ['max_tokens', asking({ max_tokens: -1 })],
    ['max_completion_tokens', asking({ max_completion_tokens: 'many' })],
    ['temperature', asking({ temperature: '1' })],
    ['n', asking({ n: 1.5 })],
    ['stop', asking({ stop: {} })],
    ['stop[1]', asking({ stop: ['a', 1] })],
    ['logit_bias', asking({ logit_bias: [] })],
    ['logprobs', asking({ logprobs: 3 })],
    ['reasoning_effort', asking({ reasoning_effort: 1 })],
    ['service_tier', asking({ service_tier: {} })],
    ['stream', asking({ stream: 'yes' })],
    ['stream_options', asking({ stream_options: [] })],
    ['store', asking({ store: 'no' })],
    ['metadata', asking({ metadata: 'x' })],
  ])('%s', (field, body) => {
    expect(() => openaiChat.request.read(body, ASKED)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })
})

describe('what a request says', () => {
  test('a tool message is a turn of the user with one result', () => {
    const { turns } = read(saying(...CALLED, { role: 'tool', tool_call_id: 'c1', name: 'look', content: 'blue' }))
    expect(turns[2]).toMatchObject({
      role: 'user',
      blocks: [{ kind: 'result', callId: 'c1', name: 'look', blocks: [{ kind: 'text', text: 'blue' }] }],
    })
  })

  test('reasoning stands first in its turn, with the proof that another vendor gave', () => {
    const proof = { wire: 'anthropic', account: 'main', data: 'c2ln' } as const
    const details = [{ type: 'reasoning.text', text: 'hm', signature: wrapProof(proof), index: 0 }]
    const message = {
      role: 'assistant',
      content: 'a',
      reasoning_content: 'only the last piece',
      reasoning_details: details,
    }
    const { turns } = read(saying(message))
    expect(turns[0]?.blocks).toMatchObject([
      { kind: 'reasoning', text: 'hm', proof },
      { kind: 'text', text: 'a' },
    ])
    expect(turns[0]?.own?.fields).toEqual({})
  })

  test('proofs of calls and texts are unwrapped where they stand', () => {
    const proof = { wire: 'gemini', account: 'main', data: 'c2ln' } as const
    const extra_content = { google: { thought_signature: wrapProof(proof) } }
    const { turns } = read(
      saying({ role: 'assistant', content: 'a', extra_content, tool_calls: [{ ...CALL, extra_content }] }),
    )
    expect(turns[0]?.blocks).toMatchObject([
      { kind: 'text', proof },
      { kind: 'call', proof },
    ])
  })

  test.each<[JsonObject, Partial<Chat>]>([
    [{ stop: 'a' }, { stops: ['a'] }],
    [{ max_completion_tokens: 7 }, { outputTokensMax: 7 }],
    [{ reasoning_effort: 'none' }, { reasoning: { mode: 'off' } }],
    [{ reasoning_effort: 'xhigh' }, { reasoning: { effort: 'xhigh' } }],
    [{ logprobs: true, top_logprobs: 4 }, { logprobs: { alternatives: 4 } }],
    [{ service_tier: 'priority' }, { serviceTier: 'fast' }],
    [{ service_tier: 'default' }, { serviceTier: 'standard' }],
    [{ safety_identifier: 'u' }, { user: 'u' }],
    [{ prompt_cache_options: { mode: 'implicit' } }, { cacheAutomatic: {} }],
    [{ tool_choice: 'required' }, { toolChoice: { kind: 'required' } }],
  ])('%j', (fields, said) => expect(read(asking(fields))).toMatchObject(said))

  test.each<[JsonObject, Partial<Block>]>([
    [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0K' } },
      { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: 'iVBORw0K' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'mp3' } },
      { kind: 'audio', source: { kind: 'data', mediaType: 'audio/mpeg', base64: 'UklGRg==' } },
    ],
    [
      { type: 'file', file: { file_id: 'file-1', filename: 'a' } },
      { kind: 'file', name: 'a', source: { kind: 'id', id: 'file-1' } },
    ],
    [
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { kind: 'text', cacheMark: { ttl: '1h' } },
    ],
    [{ type: 'hologram' }, { kind: 'foreign', wire: 'openai-chat', type: 'hologram' }],
  ])('%j', (json, said) => expect(read(part(json)).turns[0]?.blocks[0]).toMatchObject(said))

  test('what asks for nothing abroad is kept as a spelling only: the client’s echo of a reply, and the usage that the gateway itself gives', () => {
    const chat = read({
      ...saying({
        role: 'assistant',
        content: 'a',
        refusal: null,
        annotations: [],
        tool_calls: [{ ...CALL, index: 0 }],
      }),
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    })
    expect(chat.own?.fields).toEqual({})
    expect(Object.values(chat.turns[0]?.own?.fields ?? {}).filter((value) => value !== null)).toEqual([])
    expect(chat.turns[0]?.blocks[1]?.own?.fields).toEqual({})
  })
})
