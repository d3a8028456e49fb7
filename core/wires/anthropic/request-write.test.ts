import { describe, expect, test } from 'vitest'
import type { Block, Chat, Tool, Turn } from '../../chat.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Dialect } from '../../wire.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

/** A request that another wire has read. */
const asking = (fields: Partial<Chat>): Chat => ({
  model: 'm',
  stream: false,
  turns: [user('Hello')],
  tools: [],
  ...fields,
})
const text = (words: string): Block => ({ kind: 'text', text: words })
const turn =
  (role: Turn['role']) =>
  (...blocks: readonly (Block | string)[]): Turn => ({
    role,
    blocks: blocks.map((block) => (typeof block === 'string' ? text(block) : block)),
  })
const [user, assistant, system] = [turn('user'), turn('assistant'), turn('system')]
const call = (id: string, input = '{}'): Block => ({
  kind: 'call',
  id,
  name: 'f',
  input: { kind: 'function', text: input },
})
const result = (callId: string, ...blocks: readonly Block[]): Block => ({ kind: 'result', callId, blocks })
const f: Tool = { kind: 'function', name: 'f', schema: { type: 'object', properties: {} } }
const PNG = 'iVBORw0KGgoAAAANSUhEUg'

const write = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  writeRequest(asking(fields), { model: 'claude-x', account: 'main', outputTokensMax: 8_000, dialect })
const messagesOf = (turns: readonly Turn[], dialect: Dialect = {}) => write({ turns }, dialect).body['messages']
const lossesOf = (fields: Partial<Chat>, dialect: Dialect = {}) =>
  write(fields, dialect).losses.map(({ field, what }) => `${field} ${what}`)
const said = (role: string, ...content: readonly (JsonObject | string)[]): JsonObject => ({
  role,
  content: content.map((block) => (typeof block === 'string' ? { type: 'text', text: block } : block)),
})
const toolUse = (id: string, input: JsonObject = {}): JsonObject => ({ type: 'tool_use', id, name: 'f', input })
const toolResult = (id: string, ...words: readonly string[]): JsonObject => ({
  type: 'tool_result',
  tool_use_id: id,
  ...(words.length === 0 ? {} : { content: words.map((word) => ({ type: 'text', text: word })) }),
})

describe('turns', () => {
  test('leading system turns are the system prompt', () => {
    const { body } = write({ turns: [system('One'), system('Two'), user('Hello')] })
    expect(body['system']).toEqual([
      { type: 'text', text: 'One' },
      { type: 'text', text: 'Two' },
    ])
    expect(body['messages']).toEqual([said('user', 'Hello')])
  })

  test('turns of one role are merged', () => {
    const turns = [user('a'), user('b'), assistant('c'), assistant('d'), user('e')]
    expect(messagesOf(turns)).toEqual([said('user', 'a', 'b'), said('assistant', 'c', 'd'), said('user', 'e')])
  })

  test('a later system turn stays between a user turn and an answer, where the model takes it', () => {
    const turns = [user('a'), system('s'), assistant('b'), user('c'), system('t'), system('u')]
    const expected = [
      said('user', 'a'),
      said('system', 's'),
      said('assistant', 'b'),
      said('user', 'c'),
      said('system', 't', 'u'),
    ]
    expect(messagesOf(turns, { laterSystem: true })).toEqual(expected)
    expect(lossesOf({ turns }, { laterSystem: true })).toEqual([])
  })

  test.each<[string, Dialect, readonly Turn[]]>([
    ['the model does not take it', {}, [user('a'), system('s'), assistant('b'), user('c')]],
    ['a user turn follows', { laterSystem: true }, [user('a'), assistant('b'), system('s'), user('c')]],
    ['it stands behind an answer', { laterSystem: true }, [user('a'), assistant('b'), system('s')]],
  ])('a later system turn is written into the user’s where %s, and never to the front', (_, dialect, turns) => {
    const { body, losses } = write({ turns }, dialect)
    expect(body['system']).toBeUndefined()
    expect(JSON.stringify(body['messages'])).toContain('<system>\\ns\\n</system>')
    expect(losses).toMatchObject([{ field: 'system.later', what: 'emulated' }])
  })

  test('a request without a user’s turn gets one, and says so', () => {
    expect(messagesOf([system('Write a poem')])).toEqual([said('user', 'Begin.')])
    expect(messagesOf([assistant('Hi'), user('Hello')])).toEqual([
      said('user', 'Begin.'),
      said('assistant', 'Hi'),
      said('user', 'Hello'),
    ])
    expect(lossesOf({ turns: [system('Write a poem')] })).toEqual(['turns emulated'])
  })

  test('blank text is dropped beside others, and an empty user’s turn keeps its place (trap 4)', () => {
    const turns = [user('a'), assistant(' ', call('c1')), user(result('c1'), '')]
    expect(messagesOf(turns)).toEqual([
      said('user', 'a'),
      said('assistant', toolUse('c1')),
      said('user', toolResult('c1')),
    ])
    expect(messagesOf([user('a'), assistant(''), user(' ')])).toEqual([said('user', 'a')])
    expect(messagesOf([user('')])).toEqual([said('user', '(empty)')])
  })

  test('the name of a speaker is reported', () => {
    expect(lossesOf({ turns: [{ ...user('a'), name: 'ada' }] })).toEqual(['turn.name dropped'])
  })
})

describe('calls and their results', () => {
  test('all results stand first in the very next user message, wherever they came (trap 6)', () => {
    const turns = [
      user('Do'),
      assistant('I do.', call('a'), call('b')),
      user('By the way', result('b', text('B'))),
      assistant('Still waiting.'),
      user(result('a', text('A')), 'Well?'),
    ]
    expect(messagesOf(turns)).toEqual([
      said('user', 'Do'),
      said('assistant', 'I do.', toolUse('a'), toolUse('b')),
      said('user', toolResult('a', 'A'), toolResult('b', 'B'), 'By the way'),
      said('assistant', 'Still waiting.'),
      said('user', 'Well?'),
    ])
  })

  test('a system turn between a call and its result does not part them', () => {
    const turns = [user('Do'), assistant(call('a')), system('s'), user(result('a', text('A')))]
    expect(messagesOf(turns, { laterSystem: true })).toEqual([
      said('user', 'Do'),
      said('assistant', toolUse('a')),
      said('user', toolResult('a', 'A')),
      said('system', 's'),
    ])
  })

  test('ids that come again belong to the calls in their order', () => {
    const turns = [
      user('Do'),
      assistant(call('a')),
      user(result('a', text('1'))),
      assistant(call('a')),
      user(result('a', text('2'))),
    ]
    expect(messagesOf(turns)).toEqual([
      said('user', 'Do'),
      said('assistant', toolUse('a')),
      said('user', toolResult('a', '1')),
      said('assistant', toolUse('a')),
      said('user', toolResult('a', '2')),
    ])
  })

  test('a result without its call is left out, and reported', () => {
    expect(messagesOf([user('Do', result('nobody', text('x')))])).toEqual([said('user', 'Do')])
    expect(lossesOf({ turns: [user('Do', result('nobody', text('x')))] })).toEqual(['turns dropped'])
  })

  test('ids are encoded where the vendor would refuse them, and the result agrees (trap 5)', () => {
    const id = 'call:1|x'
    const messages = JSON.stringify(messagesOf([user('Do'), assistant(call(id)), user(result(id, text('A')))]))
    const ids = [...messages.matchAll(/"(?:id|tool_use_id)":"([^"]*)"/g)].map(([, found]) => found)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^[a-zA-Z0-9_-]+$/)
    const body = write({ turns: [user('Do'), assistant(call(id)), user(result(id))] }).body
    expect(readRequest(body, { model: 'm', stream: false }).turns[1]?.blocks[0]).toMatchObject({ id })
  })

  test('a vendor of this wire with another rule for ids gets its own', () => {
    const callId = { pattern: /^[a-zA-Z0-9]+$/, lengthMax: 9, exact: true } as const
    const messages = JSON.stringify(messagesOf([user('Do'), assistant(call('a')), user(result('a'))], { callId }))
    expect(messages.match(/"id":"([^"]*)"/)?.[1]).toMatch(/^[a-zA-Z0-9]{9}$/)
  })

  test.each([
    ['', {}],
    ['null', {}],
    ['{"city":"Os', { invalid_json: '{"city":"Os' }],
    ['[1]', { invalid_json: '[1]' }],
    ['{"a":1}', { a: 1 }],
  ])('the arguments %j are sent as an object (traps 25 and 48)', (input, sent) => {
    expect(messagesOf([user('Do'), assistant(call('a', input)), user(result('a'))])).toMatchObject([
      {},
      { content: [{ input: sent }] },
      {},
    ])
  })

  test('pictures stay in a result; where they may not, they stand behind all results (trap 19)', () => {
    const picture: Block = { kind: 'image', source: { kind: 'data', mediaType: 'image/png', base64: PNG } }
    const sent = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }
    const turns = [user('Do'), assistant(call('a'), call('b')), user(result('a', picture), result('b', text('B')))]
    expect(messagesOf(turns)).toMatchObject([{}, {}, { content: [{ content: [sent] }, toolResult('b', 'B')] }])
    const beside = write({ turns }, { resultMedia: false })
    expect(beside.body['messages']).toMatchObject([
      {},
      {},
      { content: [toolResult('a'), toolResult('b', 'B'), { type: 'text', text: expect.stringContaining('a') }, sent] },
    ])
    expect(beside.losses).toMatchObject([{ field: 'result.media', what: 'emulated' }])
  })

  test('a result of which nothing can be said stays a result', () => {
    const sound: Block = { kind: 'audio', source: { kind: 'data', base64: 'UklGRg' } }
    const { body, losses } = write({ turns: [user('Do'), assistant(call('a')), user(result('a', sound))] })
    expect(body['messages']).toMatchObject([{}, {}, { content: [toolResult('a', '(left out: not readable here)')] }])
    expect(losses).toMatchObject([{ field: 'audio.data' }])
  })
})

describe('thoughts', () => {
  const thought = (proof: Block['proof']): Block => ({
    kind: 'reasoning',
    text: 'Hm.',
    ...(proof === undefined ? {} : { proof }),
  })
  const loop = (block: Block) => [user('Do'), assistant(block, call('a')), user(result('a'))]

  test('a signed one of this vendor and account goes back unchanged, before the call (trap 9)', () => {
    const turns = loop(thought({ wire: 'anthropic', account: 'main', data: 'sig' }))
    expect(messagesOf(turns)).toMatchObject([
      {},
      { content: [{ type: 'thinking', thinking: 'Hm.', signature: 'sig' }, {}] },
      {},
    ])
    const hidden: Block = {
      kind: 'reasoning',
      text: '',
      redacted: true,
      proof: { wire: 'anthropic', account: null, data: 'h' },
    }
    expect(messagesOf(loop(hidden))).toMatchObject([
      {},
      { content: [{ type: 'redacted_thinking', data: 'h' }, {}] },
      {},
    ])
  })

  test('an unsigned one is left out and reported: nothing is forged', () => {
    expect(messagesOf(loop(thought(undefined)))).toMatchObject([{}, { content: [toolUse('a')] }, {}])
    expect(lossesOf({ turns: loop(thought(undefined)) })).toEqual(['reasoning.text dropped'])
  })

  test.each([
    { wire: 'anthropic', account: 'other', data: 'sig' },
    { wire: 'gemini', account: 'main', data: 'sig' },
  ] as const)('one that $wire signed for $account is left out and reported', (proof) => {
    expect(JSON.stringify(messagesOf(loop(thought(proof))))).not.toContain('Hm.')
    expect(lossesOf({ turns: loop(thought(proof)) })).toEqual(['reasoning.proof dropped', 'reasoning.text dropped'])
  })

  describe('within a fixed budget', () => {
    const reasoning = { mode: { budgetTokens: 2_000 }, text: 'shown' } as const
    const signed = thought({ wire: 'anthropic', account: 'main', data: 'sig' })

    test.each<[string, readonly Turn[]]>([
      ['calls tools', [user('Do'), assistant(call('a')), user(result('a'))]],
      ['begins with words and calls tools', [user('Do'), assistant('I do.', call('a')), user(result('a'))]],
      ['calls tools after one that had some', [...loop(signed), assistant(call('b')), user(result('b'))]],
      ['had only another vendor’s', loop(thought({ wire: 'gemini', account: 'main', data: 'sig' }))],
      ['stands last', [user('Do'), assistant('I do')]],
    ])('an answer without thinking that %s is gone on from without any', (_, turns) => {
      expect(write({ turns, reasoning }).body).not.toHaveProperty('thinking')
      expect(write({ turns, reasoning }).losses).toContainEqual({
        field: 'reasoning.budget',
        what: 'dropped',
        why: 'the conversation has no thinking to go on from',
      })
    })

    test.each<[string, readonly Turn[]]>([
      ['begins with thinking', loop(signed)],
      [
        'begins with hidden thinking',
        loop({ kind: 'reasoning', text: '', redacted: true, proof: { wire: 'anthropic', account: null, data: 'h' } }),
      ],
      ['is over', [user('Do'), assistant(call('a')), user(result('a')), assistant('Done.'), user('And now?')]],
      ['is not there', [user('Do')]],
    ])('an answer that %s is gone on from with it', (_, turns) => {
      const { body, losses } = write({ turns, reasoning })
      expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 2_000, display: 'summarized' })
      expect(losses).toEqual([])
    })

    test('a model that decides by itself takes an answer without thinking', () => {
      const turns = [user('Do'), assistant(call('a')), user(result('a'))]
      expect(write({ turns, reasoning: { mode: 'auto' } }).body).toMatchObject({ thinking: { type: 'adaptive' } })
    })
  })
})

describe('media', () => {
  const sent = (block: Block, dialect: Dialect = {}): Json | undefined => {
    const [message] = JSON.parse(JSON.stringify(messagesOf([user('See', block)], dialect)))
    return message.content[1]
  }
  const data = (kind: 'image' | 'file', base64: string, mediaType?: string): Block => ({
    kind,
    source: { kind: 'data', base64, ...(mediaType === undefined ? {} : { mediaType }) },
  })

  test.each([
    ['a wrong type', data('image', PNG, 'image/jpg'), 'image', 'image/png'],
    ['no type', data('image', '/9j/4AAQSkZJRg'), 'image', 'image/jpeg'],
    ['a type with a parameter', data('image', 'UklGRnoAAAB', 'image/webp; q=1'), 'image', 'image/webp'],
    ['a picture as a file', data('file', PNG, 'application/octet-stream'), 'image', 'image/png'],
    ['a PDF', data('file', 'JVBERi0xLjQK'), 'document', 'application/pdf'],
  ])('%s is named for what it is (trap 21)', (_, block, type, media_type) => {
    expect(sent(block)).toMatchObject({ type, source: { type: 'base64', media_type } })
  })

  test('a document of text is written as text, whatever it came in', () => {
    expect(sent(data('file', btoa('a,b'), 'text/csv'))).toEqual({
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'a,b' },
    })
    expect(sent({ kind: 'file', name: 'n.txt', source: { kind: 'text', text: 'x' } })).toEqual({
      type: 'document',
      title: 'n.txt',
      source: { type: 'text', media_type: 'text/plain', data: 'x' },
    })
  })

  test('an address is passed on where the vendor fetches it, and a data URL is what it holds', () => {
    expect(sent({ kind: 'image', source: { kind: 'url', url: 'https://e.com/a.png' } })).toEqual({
      type: 'image',
      source: { type: 'url', url: 'https://e.com/a.png' },
    })
    expect(sent({ kind: 'image', source: { kind: 'url', url: `data:image/png;base64,${PNG}` } })).toMatchObject({
      source: { type: 'base64', media_type: 'image/png', data: PNG },
    })
  })

  const url = 'https://e.com/a'
  test.each<[string, Block, Dialect]>([
    ['image.url', { kind: 'image', source: { kind: 'url', url } }, { fetchesUrls: false }],
    ['image.url', { kind: 'image', source: { kind: 'url', url: 'gs://bucket/a.png' } }, {}],
    ['file.url', { kind: 'file', source: { kind: 'url', url, mediaType: 'text/csv' } }, {}],
    ['image.id', { kind: 'image', source: { kind: 'id', id: 'file-1' } }, {}],
    ['file.id', { kind: 'file', source: { kind: 'id', id: 'file-1' } }, {}],
    [
      'file.data',
      data('file', 'UEsDBA', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'),
      {},
    ],
    ['file.data', data('file', 'gICA', 'text/plain'), {}],
    ['audio.data', { kind: 'audio', source: { kind: 'data', base64: 'UklG' } }, {}],
    ['video', { kind: 'video', source: { kind: 'url', url } }, {}],
  ])('%s is left out and reported where it cannot be said', (feature, block, dialect) => {
    expect(sent(block, dialect)).toBeUndefined()
    expect(lossesOf({ turns: [user('See', block)] }, dialect)).toEqual([`${feature} dropped`])
  })

  test('a user’s turn of which nothing can be said keeps its place; a picture of the model is left out', () => {
    const sound: Block = { kind: 'audio', source: { kind: 'data', base64: 'UklG' } }
    expect(messagesOf([user(sound)])).toEqual([said('user', '(left out: not readable here)')])
    expect(messagesOf([user('Draw'), assistant(data('image', PNG)), user('More')])).toEqual([
      said('user', 'Draw', 'More'),
    ])
  })
})

describe('tools', () => {
  test('names that the vendor refuses are changed, told back, and the same in calls and in the choice', () => {
    const name = 'weather.in:city'
    const { body, undo } = write({
      tools: [{ ...f, name }],
      toolChoice: { kind: 'named', name },
      turns: [
        user('Do'),
        assistant({ kind: 'call', id: 'a', name, input: { kind: 'function', text: '{}' } }),
        user(result('a')),
      ],
    })
    const sent = 'weather_in_city'
    expect(body).toMatchObject({ tools: [{ name: sent }], tool_choice: { type: 'tool', name: sent } })
    expect(body['messages']).toMatchObject([{}, { content: [{ name: sent }] }, {}])
    expect([...undo.toolNames]).toEqual([[sent, name]])
  })

  test('a custom tool is one with a single argument, which the reply is undone by', () => {
    const { body, losses, undo } = write({
      tools: [
        {
          kind: 'custom',
          name: 'patch',
          description: 'Applies it',
          grammar: { syntax: 'lark', definition: 'start: "x"' },
        },
      ],
      turns: [
        user('Do'),
        assistant({ kind: 'call', id: 'a', name: 'patch', input: { kind: 'custom', text: '+ "x"' } }),
        user({ ...result('a', text('ok')), kind: 'result', callId: 'a', blocks: [text('ok')], custom: true }),
      ],
    })
    expect(body['tools']).toMatchObject([
      { name: 'patch', description: expect.stringContaining('lark'), input_schema: { required: ['input'] } },
    ])
    expect(body['messages']).toMatchObject([{}, { content: [{ input: { input: '+ "x"' } }] }, {}])
    expect([...undo.customTools]).toEqual(['patch'])
    expect(losses.map(({ field }) => field)).toEqual(['tool.custom', 'tool.grammar', 'call.custom'])
  })

  test('a schema has an object at its root and no alternatives beside it', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      anyOf: [{ properties: { b: { type: 'string' } }, required: ['b'] }],
      allOf: [{ properties: { c: {} }, required: ['c'] }],
    }
    const { body, losses } = write({
      tools: [
        { ...f, schema },
        { kind: 'function', name: 'bare' },
      ],
    })
    expect(body['tools']).toEqual([
      {
        name: 'f',
        input_schema: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' }, c: {} },
          required: ['a', 'c'],
        },
      },
      { name: 'bare', input_schema: { type: 'object', properties: {} } },
    ])
    expect(losses).toMatchObject([{ field: 'tools.schema', what: 'emulated' }])
  })

  test.each<[string, Partial<Chat>, JsonObject | undefined]>([
    ['required', { toolChoice: { kind: 'required' } }, { type: 'any' }],
    ['none', { toolChoice: { kind: 'none' }, parallelCalls: false }, { type: 'none' }],
    ['one call at a time', { parallelCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    ['several calls, which is the rule', { parallelCalls: true }, undefined],
    [
      'exactly one allowed',
      { toolChoice: { kind: 'allowed', names: ['f'], required: true } },
      { type: 'tool', name: 'f' },
    ],
    ['several allowed', { toolChoice: { kind: 'allowed', names: ['f', 'g'], required: true } }, { type: 'any' }],
    [
      'several allowed or none',
      { toolChoice: { kind: 'allowed', names: ['f', 'g'], required: false } },
      { type: 'auto' },
    ],
  ])('the choice is written: %s', (_, fields, choice) => {
    expect(write({ tools: [f], ...fields }).body['tool_choice']).toEqual(choice)
  })

  test('a choice without tools is left out: the vendor refuses it', () => {
    expect(write({ toolChoice: { kind: 'auto' }, parallelCalls: false })).toMatchObject({ losses: [] })
    const foreign: Tool = { kind: 'foreign', wire: 'gemini', type: 'googleSearch', json: {} }
    const { body, losses } = write({ tools: [foreign], toolChoice: { kind: 'required' } })
    expect(body['tool_choice']).toBeUndefined()
    expect(losses.map(({ field }) => field)).toEqual(['tool.foreign', 'toolChoice.required'])
  })
})

describe('settings', () => {
  test('the limit is the client’s, else the model’s, else a guess that is reported', () => {
    expect(write({ outputTokensMax: 7 }).body['max_tokens']).toBe(7)
    expect(write({}).body['max_tokens']).toBe(8_000)
    expect(write({}).losses).toEqual([])
    const unknown = { model: 'x', account: 'main', outputTokensMax: null, dialect: {} }
    const guessed = writeRequest(asking({ reasoning: { mode: { budgetTokens: 9_000 } } }), unknown)
    expect(guessed.body).toMatchObject({ max_tokens: 13_096, thinking: { type: 'enabled', budget_tokens: 9_000 } })
    expect(guessed.losses).toMatchObject([{ field: 'outputTokensMax', what: 'emulated' }])
  })

  test('a temperature above 1 is clamped, blank stop strings are dropped (trap 45)', () => {
    const { body, losses } = write({ temperature: 1.7, topP: 0.5, stops: ['END', '\n', ''] })
    expect(body).toMatchObject({ temperature: 1, top_p: 0.5, stop_sequences: ['END'] })
    expect(losses.map(({ field, what }) => [field, what])).toEqual([
      ['stops', 'dropped'],
      ['temperature', 'clamped'],
    ])
    expect(write({ stops: [' '] }).body['stop_sequences']).toBeUndefined()
  })

  test.each<[string, Chat['reasoning'], JsonObject, readonly string[]]>([
    ['an effort', { effort: 'high' }, { output_config: { effort: 'high' } }, []],
    ['the least effort', { effort: 'minimal' }, { output_config: { effort: 'low' } }, ['reasoning.effort clamped']],
    [
      'an effort with its text',
      { effort: 'low', text: 'shown' },
      { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
      [],
    ],
    [
      'a kind of summary',
      { mode: 'auto', text: 'detailed' },
      { thinking: { type: 'adaptive', display: 'summarized' } },
      ['reasoning.shown clamped'],
    ],
    ['text alone', { text: 'shown' }, {}, ['reasoning.shown dropped']],
    [
      'text that stays hidden',
      { mode: 'auto', text: 'hidden' },
      { thinking: { type: 'adaptive', display: 'omitted' } },
      [],
    ],
    ['off', { mode: 'off', text: 'hidden' }, { thinking: { type: 'disabled' } }, []],
    ['between tools', { mode: 'between-tools' }, { thinking: { type: 'between_tools' } }, []],
  ])('reasoning: %s', (_, reasoning, expected, losses) => {
    const written = write(reasoning === undefined ? {} : { reasoning })
    const { thinking, output_config } = written.body
    expect({
      ...(thinking === undefined ? {} : { thinking }),
      ...(output_config === undefined ? {} : { output_config }),
    }).toEqual(expected)
    expect(written.losses.map(({ field, what }) => `${field} ${what}`)).toEqual(losses)
  })

  test.each<[Chat['serviceTier'], JsonObject, readonly string[]]>([
    ['fast', { speed: 'fast' }, []],
    ['auto', { service_tier: 'auto' }, []],
    ['standard', { service_tier: 'standard_only' }, []],
    ['flex', {}, ['serviceTier dropped']],
    ['ultrafast', {}, ['serviceTier dropped']],
  ])('the service %s', (serviceTier, expected, losses) => {
    const written = write(serviceTier === undefined ? {} : { serviceTier })
    expect(written.body).toMatchObject(expected)
    expect(written.losses.map(({ field, what }) => `${field} ${what}`)).toEqual(losses)
  })

  test('a JSON object is asked for in words, always in the same place', () => {
    const { body, losses } = write({ output: { kind: 'json' }, turns: [system('Be brief.'), user('Hello')] })
    expect(body['system']).toMatchObject([{ text: 'Be brief.' }, { text: expect.stringContaining('JSON') }])
    expect(losses).toMatchObject([{ field: 'output.json', what: 'emulated' }])
  })

  test('a schema has its name for a title, unless it has one', () => {
    const schema: JsonObject = { type: 'object', properties: {}, additionalProperties: false }
    const format = (own: JsonObject) => write({ output: { kind: 'schema', schema: own, name: 'person' } })
    expect(format(schema).body['output_config']).toEqual({
      format: { type: 'json_schema', schema: { ...schema, title: 'person' } },
    })
    expect(format({ ...schema, title: 'Somebody' }).losses).toMatchObject([{ field: 'output.name', what: 'dropped' }])
  })

  test('what the vendor has no word for is reported, and what asks for nothing is not', () => {
    const all: Partial<Chat> = {
      seed: 1,
      presencePenalty: 1,
      logprobs: { alternatives: 1 },
      choices: 2,
      verbosity: 'low',
      metadata: { a: 'b' },
    }
    expect(lossesOf(all)).toEqual([
      'presencePenalty dropped',
      'seed dropped',
      'logprobs dropped',
      'choices dropped',
      'verbosity dropped',
      'metadata dropped',
    ])
    expect(lossesOf({ choices: 1, metadata: {}, logitBias: {}, output: { kind: 'text' } })).toEqual([])
  })
})

describe('cache marks (trap 18)', () => {
  const marked = (ttl?: string): Block => ({ kind: 'text', text: 'x', cacheMark: ttl === undefined ? {} : { ttl } })
  const marksOf = (fields: Partial<Chat>) =>
    [...JSON.stringify(write(fields).body).matchAll(/"cache_control":(\{[^}]*\})/g)].map(([, mark]) =>
      JSON.parse(mark ?? ''),
    )

  test('are kept, at most four, the last ones', () => {
    const turns = [user(marked(), marked(), marked(), marked(), marked('5m'))]
    expect(marksOf({ turns })).toEqual([
      ...Array.from({ length: 3 }, () => ({ type: 'ephemeral' })),
      { type: 'ephemeral', ttl: '5m' },
    ])
    expect(lossesOf({ turns })).toEqual(['text.cacheMark dropped'])
    expect(marksOf({ turns, cacheAutomatic: {} })).toHaveLength(4)
  })

  test('last five minutes or an hour, and no hour stands behind less', () => {
    expect(marksOf({ turns: [user(marked('30m'))] })).toEqual([{ type: 'ephemeral', ttl: '1h' }])
    expect(marksOf({ turns: [user(marked('90s'))] })).toEqual([{ type: 'ephemeral', ttl: '5m' }])
    const hour = { type: 'ephemeral', ttl: '1h' }
    expect(marksOf({ turns: [user(marked('5m'), marked('1h'), marked('5m'))] })).toEqual([
      hour,
      hour,
      { type: 'ephemeral', ttl: '5m' },
    ])
    expect(lossesOf({ turns: [user(marked('5m'), marked('1h'))] })).toEqual(['text.cacheMark clamped'])
  })
})

test('what only the client’s wire knows is reported, and a foreign block left out', () => {
  const own = { wire: 'gemini', fields: { safetySettings: [] } } as const
  const block: Block = { kind: 'foreign', wire: 'gemini', type: 'executableCode', json: {} }
  expect(lossesOf({ own, turns: [user('Hi', block)] })).toEqual([
    'safetySettings dropped',
    'content.executableCode dropped',
  ])
})
