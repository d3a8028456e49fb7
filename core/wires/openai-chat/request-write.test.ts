import { describe, expect, test } from 'vitest'
import type { Block, CallBlock, Chat, Proof, Tool, Turn } from '../../chat.ts'
import { asObject, asText, type JsonObject } from '../../json.ts'
import type { Dialect, RequestTarget } from '../../wire.ts'
import { openaiChat } from './index.ts'

const TARGET: RequestTarget = {
  model: 'vendor-model',
  account: 'main',
  outputTokensMax: null,
  dialect: {},
  foreign: true,
}
const chat = (fields: Partial<Chat>): Chat => ({
  model: 'client-model',
  stream: false,
  turns: [user(text('Hi'))],
  tools: [],
  ...fields,
})
const write = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  openaiChat.request.write(chat(fields), { ...TARGET, dialect })
const messages = (turns: readonly Turn[], dialect: Dialect = {}) => write({ turns }, dialect).body['messages']
const lost = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  write(fields, dialect).losses.map(({ field, what }) => `${field} ${what}`)

const text = (words: string): Block => ({ kind: 'text', text: words })
const user = (...blocks: readonly Block[]): Turn => ({ role: 'user', blocks })
const assistant = (...blocks: readonly Block[]): Turn => ({ role: 'assistant', blocks })
const system = (words: string): Turn => ({ role: 'system', blocks: [text(words)] })
const call = (id: string, input = '{}'): CallBlock => ({
  kind: 'call',
  id,
  name: 'look',
  input: { kind: 'function', text: input },
})
const result = (callId: string, ...blocks: readonly Block[]): Block => ({ kind: 'result', callId, blocks })
const picture: Block = { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: 'iVBORw0K' } }
const thought = (words: string, proof?: Proof): Block => ({
  kind: 'reasoning',
  text: words,
  ...(proof === undefined ? {} : { proof }),
})
const proofOf = (wire: Proof['wire'], account: string | null): Proof => ({ wire, account, data: 'c2ln' })
const tool: Tool = { kind: 'function', name: 'look', schema: { type: 'object' } }

describe('messages of other wires', () => {
  test('one text is a string, which every node takes; several are a list', () => {
    expect(messages([system('Be brief.'), user(text('a'), text('b'))])).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ])
  })

  test('the system has the role that the vendor knows', () => {
    expect(messages([system('a')], { systemRole: 'developer' })).toEqual([{ role: 'developer', content: 'a' }])
  })

  test('a later system turn keeps its place, between marks where the template takes it only in front', () => {
    const turns = [user(text('a')), system('b'), user(text('c'))]
    expect(messages(turns)).toMatchObject([{}, { role: 'system', content: 'b' }, {}])
    expect(messages(turns, { laterSystem: false })).toMatchObject([
      {},
      { role: 'user', content: '<system>\nb\n</system>' },
      {},
    ])
    expect(lost({ turns }, { laterSystem: false })).toEqual(['system.later emulated'])
  })

  test('texts of the assistant are one, blank ones beside calls are none, and content is null then', () => {
    expect(messages([assistant(text('It is '), text('red.')), assistant(text(' '), call('c1'))])).toEqual([
      { role: 'assistant', content: 'It is red.' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }],
      },
    ])
  })

  test('a call without arguments has an empty object, a cut one stays cut', () => {
    const written = JSON.stringify(messages([assistant(call('a', ''), call('b', '{"x":'))]))
    expect(written).toContain('"arguments":"{}"')
    expect(written).toContain(JSON.stringify('{"x":'))
  })

  test('each result is a message of its own, and what else the user says follows', () => {
    expect(
      messages([assistant(call('a'), call('b')), user(result('b', text('2')), text('go on'), result('a', text('1')))]),
    ).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'user', content: 'go on' },
    ])
  })

  test('results that come late or scattered stand right behind their calls', () => {
    const turns = [
      assistant(call('a')),
      assistant(call('b')),
      user(text('well?')),
      user(result('b', text('2'))),
      user(result('a', text('1'))),
    ]
    expect(messages(turns)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a' },
      { role: 'tool', tool_call_id: 'b' },
      { role: 'user', content: 'well?' },
    ])
  })

  test('calls of ids that are used again and again keep their own results', () => {
    const round = [assistant(call('a')), user(result('a', text('1'))), user(text('again'))]
    expect(messages([...round, ...round])).toHaveLength(6)
  })

  test('a picture in a result follows in a message of the user under a label, behind all results', () => {
    const turns = [assistant(call('a'), call('b')), user(result('a', picture)), user(result('b', text('2')))]
    expect(messages(turns)).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', tool_call_id: 'a', content: 'The result follows.' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'user', content: [{ type: 'text', text: expect.stringContaining(' a:') }, { type: 'image_url' }] },
    ])
    expect(lost({ turns })).toEqual(['result.media emulated'])
    expect(messages(turns, { resultMedia: true })).toMatchObject([
      {},
      { role: 'tool', content: [{ type: 'image_url' }] },
      {},
    ])
  })

  test('a failed result says so in words', () => {
    expect(
      messages([assistant(call('a')), user({ kind: 'result', callId: 'a', blocks: [text('gone')], isError: true })]),
    ).toMatchObject([{}, { content: 'Error: gone' }])
  })

  test('ids are as the vendor wants them, in the call and in its result', () => {
    const written = messages([assistant(call('toolu_01/x')), user(result('toolu_01/x', text('1')))], {
      callId: { pattern: /^[a-zA-Z0-9]+$/, lengthMax: 9, exact: true },
    })
    const [called, answered] = asListOf(written) ?? []
    const id = asText(answered?.['tool_call_id'])
    expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(called).toMatchObject({ tool_calls: [{ id }] })
  })

  test('an id has at most 40 letters, and calls that differ behind them stay apart; what a client of this wire says stays', () => {
    const [one, other] = [`call_${'a'.repeat(40)}1`, `call_${'a'.repeat(40)}2`]
    const turns = [assistant(call(one), call(other)), user(result(one, text('1')), result(other, text('2')))]
    const ids = [...JSON.stringify(messages(turns)).matchAll(/"(?:id|tool_call_id)":"([^"]+)"/g)].map(([, id]) => id)
    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(2)
    expect(ids.every((id) => id !== undefined && id.length <= 40)).toBe(true)
    const fits = `call_${'a'.repeat(35)}`
    expect(JSON.stringify(messages([assistant(call(fits)), user(result(fits, text('1')))]))).toContain(fits)
    const { foreign: _, ...home } = TARGET
    expect(JSON.stringify(openaiChat.request.write(chat({ turns }), home).body)).toContain(one)
  })

  test('an empty id becomes one that call and result share', () => {
    expect(messages([assistant(call('')), user(result('', text('1')))])).toMatchObject([
      { tool_calls: [{ id: 'callx' }] },
      { tool_call_id: 'callx' },
    ])
  })

  test('a refusal has its own field', () => {
    expect(messages([assistant({ kind: 'refusal', text: 'No.' })])).toEqual([
      { role: 'assistant', content: null, refusal: 'No.' },
    ])
  })
})

describe('earlier reasoning', () => {
  const turns = [
    user(text('a')),
    assistant(thought('old'), text('b')),
    user(text('c')),
    assistant(thought('new', proofOf('anthropic', 'main')), call('x')),
    user(result('x', text('1'))),
  ]
  const reasoning = (dialect: Dialect) =>
    (asListOf(messages(turns, dialect)) ?? []).map((message) => asObject(message)?.['reasoning_content'] ?? null)

  test('is left out and reported where the vendor takes none', () => {
    expect(reasoning({})).toEqual([null, null, null, null, null])
    expect(lost({ turns })).toEqual(['reasoning.text dropped', 'reasoning.proof dropped'])
  })

  test('goes back in the field of the vendor, always or only while tools are called', () => {
    expect(reasoning({ reasoningField: { name: 'reasoning_content', when: 'always' } })).toEqual([
      null,
      'old',
      null,
      'new',
      null,
    ])
    expect(reasoning({ reasoningField: { name: 'reasoning_content', when: 'tool-loop' } })).toEqual([
      null,
      null,
      null,
      'new',
      null,
    ])
  })

  test('joins the calls that it led to, when its own wire tells them apart', () => {
    const apart = [user(text('a')), assistant(thought('hm')), assistant(call('x')), user(result('x', text('1')))]
    expect(messages(apart, { reasoningField: { name: 'reasoning_content', when: 'always' } })).toMatchObject([
      {},
      { reasoning_content: 'hm', tool_calls: [{ id: 'x' }] },
      { role: 'tool' },
    ])
  })

  test('keeps its proof only for the account that gave it, in the list that has a place for it', () => {
    const dialect: Dialect = { reasoningField: { name: 'reasoning_details', when: 'always' } }
    const ours = [assistant(thought('hm', proofOf('openai-chat', 'main')))]
    expect(messages(ours, dialect)).toMatchObject([
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'c2ln' }] },
    ])
    expect(lost({ turns: ours }, dialect)).toEqual([])
    const theirs = [assistant(thought('hm', proofOf('openai-chat', 'other')))]
    expect(JSON.stringify(messages(theirs, dialect))).not.toContain('c2ln')
    expect(lost({ turns: theirs }, dialect)).toEqual(['reasoning.proof dropped'])
  })

  test('a proof of a call goes back to its own account only', () => {
    const signed = (account: string) => [assistant({ ...call('a'), proof: proofOf('openai-chat', account) })]
    expect(messages(signed('main'))).toMatchObject([
      { tool_calls: [{ extra_content: { google: { thought_signature: 'c2ln' } } }] },
    ])
    expect(JSON.stringify(messages(signed('other')))).not.toContain('c2ln')
    expect(lost({ turns: signed('other') })).toEqual(['reasoning.proof dropped'])
  })
})

describe('what another wire asks', () => {
  test.each<[Partial<Chat>, JsonObject]>([
    [{ outputTokensMax: 9 }, { max_tokens: 9 }],
    [{ stops: ['a', '', 'b', 'c', 'd', 'e'] }, { stop: ['a', 'b', 'c', 'd'] }],
    [{ reasoning: { mode: 'off' } }, { reasoning_effort: 'none' }],
    [{ reasoning: { mode: { budgetTokens: 8_000 } } }, { reasoning_effort: 'medium' }],
    [{ serviceTier: 'fast' }, { service_tier: 'priority' }],
    [{ serviceTier: 'ultrafast' }, { service_tier: 'priority' }],
    [{ user: 'u' }, { user: 'u' }],
    [
      { output: { kind: 'schema', schema: { type: 'object' } } },
      { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } } },
    ],
    [
      { tools: [tool], toolChoice: { kind: 'allowed', names: ['look'], required: true } },
      {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'look' } }] },
        },
      },
    ],
    [
      { tools: [{ kind: 'custom', name: 'p', grammar: { syntax: 'lark', definition: 's' } }] },
      {
        tools: [
          {
            type: 'custom',
            custom: { name: 'p', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 's' } } },
          },
        ],
      },
    ],
    [{ logprobs: { alternatives: 0 } }, { logprobs: true }],
    [{ stream: true }, { stream: true }],
  ])('%j', (asked, said) => expect(write(asked).body).toMatchObject(said))

  test('any JSON object is asked for in words as well where the conversation does not begin with any: OpenAI wants them', () => {
    const output = { kind: 'json' } as const
    const { body, losses } = write({ turns: [system('Be brief.'), user(text('Hi'))], output })
    expect(body).toMatchObject({
      messages: [
        { content: 'Be brief.' },
        { role: 'system', content: expect.stringContaining('JSON') },
        { content: 'Hi' },
      ],
      response_format: { type: 'json_object' },
    })
    expect(losses).toMatchObject([{ field: 'output.json', what: 'emulated' }])
    expect(write({ turns: [system('In JSON.'), user(text('Hi'))], output }).losses).toEqual([])
    const { foreign: _, ...home } = TARGET
    const atHome = openaiChat.request.write(chat({ output }), home)
    expect(atHome).toMatchObject({ body: { messages: [{ content: 'Hi' }] }, losses: [] })
  })

  test('the newer name of the limit, where the vendor wants it', () => {
    expect(write({ outputTokensMax: 9 }, { outputLimitField: 'max_completion_tokens' }).body).toMatchObject({
      max_completion_tokens: 9,
    })
  })

  test.each<[Partial<Chat>, readonly string[]]>([
    [{ topK: 3 }, ['topK dropped']],
    [{ stops: ['a', 'b', 'c', 'd', 'e'] }, ['stops clamped']],
    [{ reasoning: { mode: 'auto' } }, ['reasoning.auto emulated']],
    [{ reasoning: { mode: 'auto', effort: 'low' } }, []],
    [
      { reasoning: { mode: 'between-tools', text: 'concise' } },
      ['reasoning.shown dropped', 'reasoning.betweenTools dropped'],
    ],
    [{ reasoning: { text: 'hidden' } }, []],
    [{ serviceTier: 'ultrafast' }, ['serviceTier clamped']],
    [{ cacheAutomatic: {} }, []],
    [{ cacheAutomatic: { ttl: '1h' } }, ['cacheAutomatic clamped']],
    [{ turns: [user({ kind: 'text', text: 'a', cacheMark: { ttl: '1h' } })] }, ['text.cacheMark dropped']],
    [{ turns: [user({ ...picture, detail: 'MEDIA_RESOLUTION_HIGH' })] }, ['image.detail dropped']],
    [{ turns: [user({ kind: 'image', source: { kind: 'id', id: 'f' } })] }, ['image.id dropped']],
    [{ turns: [user({ kind: 'file', source: { kind: 'id', id: 'f' } })] }, ['file.id dropped']],
    [{ turns: [user({ kind: 'file', source: { kind: 'url', url: 'https://a.example' } })] }, ['file.url dropped']],
    [{ turns: [user({ kind: 'file', source: { kind: 'text', text: 'x' } })] }, ['file.text emulated']],
    [{ turns: [user({ kind: 'video', source: { kind: 'url', url: 'https://a.example' } })] }, ['video dropped']],
    [{ turns: [assistant(picture, text('a'))] }, ['image.data dropped']],
    [
      { turns: [assistant({ kind: 'text', text: 'a', citations: [{ url: 'https://a.example' }] })] },
      ['text.citations dropped'],
    ],
    [
      { turns: [user(text('a'), { kind: 'foreign', wire: 'anthropic', type: 'search_result', json: {} })] },
      ['content.search_result dropped'],
    ],
    [
      {
        tools: [{ kind: 'foreign', wire: 'gemini', type: 'googleSearch', json: {} }],
        toolChoice: { kind: 'required' },
      },
      ['tool.foreign dropped', 'toolChoice.required dropped'],
    ],
    [{ own: { wire: 'anthropic', fields: { container: 'c', none: null } } }, ['container dropped']],
  ])('%j is reported: %j', (asked, losses) => expect(lost(asked)).toEqual(losses))

  test('no choice among tools is left when no tool is', () => {
    const { body } = write({
      tools: [{ kind: 'foreign', wire: 'gemini', type: 'x', json: {} }],
      toolChoice: { kind: 'auto' },
    })
    expect(body).not.toHaveProperty('tools')
    expect(body).not.toHaveProperty('tool_choice')
  })

  test('an address is left out for a vendor that fetches none', () => {
    const turns = [user({ kind: 'image', source: { kind: 'url', url: 'https://a.example/b.png' } })]
    expect(lost({ turns })).toEqual([])
    expect(lost({ turns }, { fetchesUrls: false })).toEqual(['image.url dropped'])
  })

  test('names of tools that OpenAI refuses are changed everywhere, and told back', () => {
    const dotted: Tool = { kind: 'function', name: 'google:look.at' }
    const { body, undo } = write({
      tools: [dotted],
      toolChoice: { kind: 'named', name: dotted.name },
      turns: [assistant({ ...call('a'), name: dotted.name })],
    })
    const [sent] = [...undo.toolNames.keys()]
    expect(sent).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(undo.toolNames.get(sent ?? '')).toBe(dotted.name)
    expect(body).toMatchObject({
      tools: [{ function: { name: sent } }],
      tool_choice: { function: { name: sent } },
      messages: [{ tool_calls: [{ function: { name: sent } }] }],
    })
  })
})

const asListOf = (value: unknown): readonly JsonObject[] | undefined => (Array.isArray(value) ? value : undefined)
