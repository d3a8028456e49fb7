import { describe, expect, test } from 'vitest'
import type { Block, Chat, Turn } from '../../chat.ts'
import type { Dialect } from '../../wire.ts'
import { openaiResponses as wire } from './index.ts'

const chat = (fields: Partial<Chat>): Chat => ({
  model: 'theirs',
  stream: false,
  turns: [user('Hi')],
  tools: [],
  ...fields,
})
const text = (words: string): Block => ({ kind: 'text', text: words })
const user = (...blocks: readonly (Block | string)[]): Turn => turn('user', blocks)
const assistant = (...blocks: readonly (Block | string)[]): Turn => turn('assistant', blocks)
const system = (...blocks: readonly (Block | string)[]): Turn => turn('system', blocks)
const turn = (role: Turn['role'], blocks: readonly (Block | string)[]): Turn => ({
  role,
  blocks: blocks.map((block) => (typeof block === 'string' ? text(block) : block)),
})
const call = (id: string, name = 'look', input = '{"a":1}'): Block => ({
  kind: 'call',
  id,
  name,
  input: { kind: 'function', text: input },
})
const result = (callId: string, ...blocks: readonly Block[]): Block => ({ kind: 'result', callId, blocks })
const picture: Block = { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: 'iVBORw0K' } }

/** As the gateway writes a request that came in another wire. */
const written = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  wire.request.write(chat(fields), { model: 'ours', account: 'main', outputTokensMax: null, dialect, foreign: true })
const inputOf = (turns: readonly Turn[], dialect: Dialect = {}) => written({ turns }, dialect).body['input']
const lossesOf = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  written(fields, dialect).losses.map(({ field, what }) => `${field} ${what}`)

describe('a request of another wire', () => {
  test('is not kept by the vendor, and asks for the sealed thoughts that the next turn needs', () => {
    expect(written({}).body).toEqual({
      model: 'ours',
      input: [{ type: 'message', role: 'user', content: 'Hi' }],
      store: false,
      include: ['reasoning.encrypted_content'],
    })
    expect(written({ store: true }).body['store']).toBe(true)
  })

  test('leading system turns are the instructions; a later one stays in its place', () => {
    const { body } = written({ turns: [system('One', ' '), system('Two'), user('Hi'), system('Three'), user('Go')] })
    expect(body['instructions']).toBe('One\n\nTwo')
    expect(body['input']).toEqual([
      { type: 'message', role: 'user', content: 'Hi' },
      { type: 'message', role: 'developer', content: 'Three' },
      { type: 'message', role: 'user', content: 'Go' },
    ])
  })

  test('any JSON object is asked for in words as well where the user does not begin with any: instructions do not count', () => {
    const output = { kind: 'json' } as const
    const { body, losses } = written({ turns: [system('Answer in JSON.'), user('Hi')], output })
    expect(body).toMatchObject({
      instructions: 'Answer in JSON.',
      input: [
        { role: 'user', content: expect.stringContaining('one JSON object') },
        { role: 'user', content: 'Hi' },
      ],
    })
    expect(losses).toMatchObject([{ field: 'output.json', what: 'emulated' }])
    const spoken = written({ turns: [user('Two colours as JSON')], output })
    expect(spoken).toMatchObject({ body: { input: [{ role: 'user' }] }, losses: [] })
  })

  test('a request of nothing but instructions still has an item', () => {
    const { body } = written({ turns: [system('Say hello')] })
    expect(body['instructions']).toBeUndefined()
    expect(body['input']).toEqual([{ type: 'message', role: 'developer', content: 'Say hello' }])
  })

  test('answers of tools come before what the user says to them', () => {
    expect(inputOf([assistant('I look', call('c1')), user('Thanks', result('c1', text('Rain')))])).toEqual([
      { type: 'message', role: 'assistant', content: 'I look' },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'Rain' },
      { type: 'message', role: 'user', content: 'Thanks' },
    ])
  })

  test('a call without arguments has an empty object, and one that was cut stays cut', () => {
    const items = inputOf([assistant(call('c1', 'look', ''), call('c2', 'look', '{"cut'))])
    expect(items).toMatchObject([{ arguments: '{}' }, { arguments: '{"cut' }])
  })

  test('an empty text is left out, not its message', () => {
    expect(inputOf([assistant('', call('c1')), user('', 'x')])).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"a":1}' },
      { type: 'message', role: 'user', content: 'x' },
    ])
  })

  test('a call and its answer agree, whatever their id was', () => {
    const id = `toolu_${'x'.repeat(80)}`
    const items = JSON.stringify(inputOf([assistant(call(id)), user(result(id, text('ok')))]))
    const ids = [...items.matchAll(/"call_id":"([^"]+)"/g)].map(([, sent]) => sent)
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]?.length).toBeLessThanOrEqual(64)
  })

  test('a name that the API refuses is changed, and told back', () => {
    const name = 'files.read: now'
    const { body, undo } = written({
      tools: [{ kind: 'function', name }],
      toolChoice: { kind: 'named', name },
      turns: [user('x'), assistant(call('c1', name))],
    })
    const sent = 'files_read__now'
    expect(body).toMatchObject({ tools: [{ name: sent }], tool_choice: { type: 'function', name: sent } })
    expect(body['input']).toMatchObject([{}, { name: sent }])
    expect(undo.toolNames).toEqual(new Map([[sent, name]]))
  })

  test('functions are not strict unless the client said so, which is the other way round here', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } }
    const { body } = written({
      tools: [
        { kind: 'function', name: 'a', schema },
        { kind: 'function', name: 'b', strict: true },
      ],
    })
    expect(body['tools']).toEqual([
      { type: 'function', name: 'a', parameters: schema, strict: false },
      { type: 'function', name: 'b', parameters: { type: 'object', properties: {} }, strict: true },
    ])
  })

  test('custom tools, their calls and answers have words of their own', () => {
    const custom: Block = { kind: 'call', id: 'c1', name: 'patch', input: { kind: 'custom', text: '*** begin' } }
    const { body } = written({
      tools: [{ kind: 'custom', name: 'patch', grammar: { syntax: 'lark', definition: 'start: "x"' } }],
      toolChoice: { kind: 'allowed', names: ['patch'], required: false },
      turns: [assistant(custom), user(result('c1', text('done')))],
    })
    expect(body).toMatchObject({
      tools: [{ type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } }],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'custom', name: 'patch' }] },
      input: [
        { type: 'custom_tool_call', call_id: 'c1', name: 'patch', input: '*** begin' },
        { type: 'custom_tool_call_output', call_id: 'c1', output: 'done' },
      ],
    })
  })

  test('tools of another API are left out, and a choice among none with them', () => {
    const tools = [{ kind: 'foreign', wire: 'gemini', type: 'googleSearch', json: {} }] as const
    const { body } = written({ tools, toolChoice: { kind: 'required' }, parallelCalls: false })
    expect(Object.keys(body).toSorted()).toEqual(['include', 'input', 'model', 'store'])
    expect(lossesOf({ tools, toolChoice: { kind: 'required' } })).toEqual([
      'tool.foreign dropped',
      'toolChoice.required dropped',
    ])
  })
})

describe('pictures, files and sounds', () => {
  test('stand where they stood', () => {
    const file: Block = { kind: 'file', source: { kind: 'data', mediaType: 'application/pdf', base64: 'JVBERi0x' } }
    const named: Block = { ...file, name: 'report.pdf' }
    const url: Block = { kind: 'image', source: { kind: 'url', url: 'https://example.com/a.png' }, detail: 'high' }
    expect(inputOf([user('See', picture, url, file, named)])).toMatchObject([
      {
        content: [
          { type: 'input_text', text: 'See' },
          { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0K', detail: 'auto' },
          { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'high' },
          { type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0x', filename: 'file.pdf' },
          { type: 'input_file', file_data: 'data:application/pdf;base64,JVBERi0x', filename: 'report.pdf' },
        ],
      },
    ])
  })

  test('of an answer of a tool stay in it, or follow it under a label', () => {
    const turns = [assistant(call('c1')), user(result('c1', text('See'), picture), 'Nice')]
    expect(inputOf(turns)).toMatchObject([
      {},
      { type: 'function_call_output', output: [{ type: 'input_text', text: 'See' }, { type: 'input_image' }] },
      { content: 'Nice' },
    ])
    expect(inputOf(turns, { resultMedia: false })).toMatchObject([
      {},
      { type: 'function_call_output', output: 'See' },
      { content: 'Nice' },
      { role: 'user', content: [{ text: 'From the answer to the call c1:' }, { type: 'input_image' }] },
    ])
    expect(lossesOf({ turns }, { resultMedia: false })).toEqual(['result.media emulated'])
  })

  test('that the vendor cannot reach are left out, and named', () => {
    const blocks: readonly Block[] = [
      { kind: 'image', source: { kind: 'url', url: 'gs://bucket/a.png' } },
      { kind: 'file', source: { kind: 'id', id: 'file_011Anthropic' } },
      { kind: 'audio', source: { kind: 'data', mediaType: 'audio/wav', base64: 'UklG' } },
      { kind: 'video', source: { kind: 'url', url: 'https://example.com/a.mp4' } },
    ]
    expect(inputOf([user('x', ...blocks)])).toEqual([{ type: 'message', role: 'user', content: 'x' }])
    expect(lossesOf({ turns: [user('x', ...blocks)] })).toEqual([
      'image.url dropped',
      'file.id dropped',
      'audio.data dropped',
      'video dropped',
    ])
    const web: Block = { kind: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } }
    expect(lossesOf({ turns: [user('x', web)] }, { fetchesUrls: false })).toEqual(['image.url dropped'])
    expect(lossesOf({ turns: [assistant(picture)] })).toEqual(['image.data dropped'])
  })

  test('a document of plain text is a text', () => {
    const document: Block = { kind: 'file', source: { kind: 'text', text: 'All is well.' }, name: 'Report' }
    expect(inputOf([user(document)])).toEqual([{ type: 'message', role: 'user', content: 'Report\n\nAll is well.' }])
    expect(lossesOf({ turns: [user(document)] })).toEqual(['file.text emulated'])
  })
})

describe('thoughts', () => {
  const thought = (account: string | null, wireId: 'openai-responses' | 'anthropic' = 'openai-responses'): Block => ({
    kind: 'reasoning',
    text: 'Hm.',
    id: 'rs_1',
    proof: { wire: wireId, account, data: 'gAAAA' },
  })
  const unsigned: Block = { kind: 'reasoning', text: 'Hm.' }

  test('go back to the account that sealed them', () => {
    expect(inputOf([assistant(thought('main'), call('c1'))])).toMatchObject([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm.' }],
        encrypted_content: 'gAAAA',
      },
      { type: 'function_call' },
    ])
  })

  test.each<readonly [string, Block, string]>([
    ['another account sealed', thought('other'), 'reasoning.proof dropped'],
    ['another vendor signed', thought('main', 'anthropic'), 'reasoning.proof dropped'],
    ['nobody signed', unsigned, 'reasoning.text dropped'],
  ])('that %s are left out, and named', (_, block, loss) => {
    expect(inputOf([assistant(block, 'x')])).toEqual([{ type: 'message', role: 'assistant', content: 'x' }])
    expect(lossesOf({ turns: [assistant(block, 'x')] })).toEqual([loss])
  })

  test('that nothing follows are left out: the vendor refuses them', () => {
    expect(inputOf([assistant('x', thought('main'))])).toEqual([{ type: 'message', role: 'assistant', content: 'x' }])
    expect(lossesOf({ turns: [assistant('x', thought('main'))] })).toEqual(['reasoning.proof dropped'])
  })
})

describe('settings', () => {
  test.each<readonly [string, Partial<Chat>, object]>([
    ['thinking off', { reasoning: { mode: 'off' } }, { reasoning: { effort: 'none' } }],
    ['a level', { reasoning: { effort: 'max', text: 'shown' } }, { reasoning: { effort: 'max', summary: 'auto' } }],
    ['a budget', { reasoning: { mode: { budgetTokens: 8_000 } } }, { reasoning: { effort: 'medium' } }],
    ['as the model likes', { reasoning: { mode: 'auto' } }, { reasoning: { effort: 'medium' } }],
    ['hidden thoughts', { reasoning: { effort: 'low', text: 'hidden' } }, { reasoning: { effort: 'low' } }],
    ['any JSON', { output: { kind: 'json' } }, { text: { format: { type: 'json_object' } } }],
    [
      'a schema without a name',
      { output: { kind: 'schema', schema: { type: 'object' } }, verbosity: 'low' },
      { text: { format: { type: 'json_schema', name: 'response', schema: { type: 'object' } }, verbosity: 'low' } },
    ],
    [
      'log probabilities',
      { logprobs: { alternatives: 2 } },
      { include: ['reasoning.encrypted_content', 'message.output_text.logprobs'], top_logprobs: 2 },
    ],
    ['a fast answer', { serviceTier: 'fast' }, { service_tier: 'priority' }],
    ['a usual answer', { serviceTier: 'standard' }, { service_tier: 'default' }],
    ['a user', { user: 'u'.repeat(200) }, { safety_identifier: 'u'.repeat(128) }],
    ['a limit that is too small', { outputTokensMax: 3 }, { max_output_tokens: 16 }],
  ])('%s', (_, fields, body) => {
    expect(written(fields).body).toMatchObject(body)
  })

  test('what there are no words for is named', () => {
    const fields: Partial<Chat> = {
      stops: ['END'],
      topK: 3,
      presencePenalty: 1,
      frequencyPenalty: 1,
      seed: 1,
      logitBias: { 5: 1 },
      choices: 2,
      reasoning: { mode: 'between-tools' },
      turns: [{ ...user('x'), name: 'ada' }],
    }
    expect(lossesOf(fields).toSorted()).toEqual([
      'choices dropped',
      'frequencyPenalty dropped',
      'logitBias dropped',
      'presencePenalty dropped',
      'reasoning.betweenTools dropped',
      'seed dropped',
      'stops dropped',
      'topK dropped',
      'turn.name dropped',
    ])
    expect(lossesOf({ choices: 1, presencePenalty: 0, stops: [] })).toEqual([])
  })

  test('marks of the prompt cache come along from the vendor’s other wire only', () => {
    const theirs: Block = { kind: 'text', text: 'a', cacheMark: { ttl: '5m' } }
    const own = { wire: 'openai-chat', fields: {}, spelt: ['prompt_cache_breakpoint'] } as const
    const ours: Block = { kind: 'text', text: 'b', cacheMark: {}, own }
    expect(inputOf([user(theirs, ours)])).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'a' },
          { type: 'input_text', text: 'b', prompt_cache_breakpoint: { mode: 'explicit' } },
        ],
      },
    ])
    expect(lossesOf({ turns: [system(theirs), user('x')] })).toEqual(['text.cacheMark dropped'])
    expect(written({ turns: [system(theirs), user('x')] }).body['instructions']).toBe('a')
  })

  test('sources of an answer are kept, others are named', () => {
    const cited: Block = { kind: 'text', text: 'Oslo', citations: [{ url: 'https://example.com', title: 'E' }] }
    expect(inputOf([assistant(cited)])).toMatchObject([
      {
        content: [
          {
            type: 'output_text',
            annotations: [
              { type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 4 },
            ],
          },
        ],
      },
    ])
    expect(lossesOf({ turns: [user(cited)] })).toEqual(['text.citations dropped'])
  })

  test('a failed call is said in words, a refusal in its own part', () => {
    const failed: Block = { kind: 'result', callId: 'c1', blocks: [text('no city')], isError: true }
    expect(inputOf([user(failed), assistant({ kind: 'refusal', text: 'No.' })])).toEqual([
      { type: 'function_call_output', call_id: 'c1', output: 'Error: no city' },
      { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
    ])
  })
})
