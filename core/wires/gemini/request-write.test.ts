import { describe, expect, test } from 'vitest'
import type { Block, Chat, Reasoning, Tool, Turn } from '../../chat.ts'
import { asking, assistant, PDF, PNG, system, text, user, weather } from '../../contract/chat-parts.ts'
import { TARGET } from '../../contract/wire.ts'
import type { JsonObject } from '../../json.ts'
import type { Dialect } from '../../wire.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

const write = (fields: Partial<Chat>, dialect: Dialect = {}) => writeRequest(asking(fields), { ...TARGET, dialect })
const contents = (turns: readonly Turn[], dialect: Dialect = {}) => write({ turns }, dialect).body['contents']
const config = (fields: Partial<Chat>, dialect: Dialect = {}) => write(fields, dialect).body['generationConfig']
const lost = ({ losses }: ReturnType<typeof write>) => losses.map(({ field, what }) => `${field} ${what}`)
const call = (id: string, input = '{"city":"Oslo"}', name = 'get_weather'): Block => ({
  kind: 'call',
  id,
  name,
  input: { kind: 'function', text: input },
})
const result = (callId: string, words: string, fields: object = {}): Block => ({
  kind: 'result',
  callId,
  blocks: [text(words)],
  ...fields,
})
const picture: Block = { kind: 'image', source: { kind: 'data', base64: PNG } }
const NEVER = 'skip_thought_signature_validator'

describe('roles and turns', () => {
  test('turns of one side are one content, and leading system turns the system instruction', () => {
    const { body, losses } = write({
      turns: [
        system('One'),
        system('Two'),
        user(text('a')),
        user(text('b')),
        assistant(text('c')),
        assistant(text('d')),
        user(text('e')),
      ],
    })
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'One' }, { text: 'Two' }] },
      contents: [
        { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] },
        { role: 'model', parts: [{ text: 'c' }, { text: 'd' }] },
        { role: 'user', parts: [{ text: 'e' }] },
      ],
    })
    expect(losses).toEqual([])
  })

  test('a later system turn keeps its place, marked, in the user’s turn', () => {
    const written = write({ turns: [user(text('a')), assistant(text('b')), system('Now French'), user(text('c'))] })
    expect(written.body['contents']).toEqual([
      { role: 'user', parts: [{ text: 'a' }] },
      { role: 'model', parts: [{ text: 'b' }] },
      { role: 'user', parts: [{ text: '<system>\nNow French\n</system>' }, { text: 'c' }] },
    ])
    expect(lost(written)).toEqual(['system.later emulated'])
  })

  test.each([
    ['only the system speaks', [system('Write')]],
    ['nobody speaks', []],
    ['the assistant speaks first', [assistant(text('Hello'))]],
  ])('a user’s turn stands first where %s', (_, turns) => {
    expect(contents(turns)).toMatchObject([
      { role: 'user', parts: [{ text: '.' }] },
      ...(turns.length === 1 && turns[0]?.role === 'assistant' ? [{ role: 'model' }] : []),
    ])
    expect(lost(write({ turns }))).toContain('turns emulated')
  })

  test('an empty text is left out, and a turn of nothing else too', () => {
    expect(contents([user(text('a')), assistant(text('')), user(text('b'), text(''))])).toEqual([
      { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] },
    ])
  })

  test('an unfinished turn of the model stays last (trap 43 is the model’s row to know)', () => {
    expect(contents([user(text('a')), assistant(text('b'))])).toMatchObject([{ role: 'user' }, { role: 'model' }])
  })
})

describe('calls and results (traps 7 and 19)', () => {
  test('as many results as calls, in the order of the calls, before everything else, by the name of the function', () => {
    const written = contents([
      user(text('q')),
      assistant(call('a'), call('b', '{}', 'get_time')),
      user(text('and?'), result('b', '12:00')),
      user(result('a', '{"sky":"blue"}')),
    ])
    expect(written).toMatchObject([
      { role: 'user' },
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'a', name: 'get_weather', args: { city: 'Oslo' } } },
          { functionCall: { id: 'b', name: 'get_time', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'get_weather', response: { sky: 'blue' } } },
          { functionResponse: { id: 'b', name: 'get_time', response: { output: '12:00' } } },
          { text: 'and?' },
        ],
      },
    ])
  })

  test('a call that nobody answers is answered with an error, and a result that nobody asked for is a text', () => {
    const written = write({
      turns: [user(text('q')), assistant(call('a')), user(result('other', 'x')), assistant(text('b')), user(text('c'))],
    })
    expect(written.body['contents']).toMatchObject([
      {},
      {},
      {
        parts: [
          { functionResponse: { name: 'get_weather', response: { error: expect.any(String) } } },
          { text: 'Result of a tool:' },
          { text: 'x' },
        ],
      },
      {},
      {},
    ])
    expect(lost(written)).toContain('result emulated')
  })

  test('two results of the same blocks are two results', () => {
    const blocks = [text('same')]
    const turns = [
      user(text('q')),
      assistant(call('a'), call('b')),
      user({ kind: 'result', callId: 'a', blocks }, { kind: 'result', callId: 'b', blocks }),
    ]
    expect(contents(turns)).toMatchObject([
      {},
      {},
      { parts: [{ functionResponse: { id: 'a' } }, { functionResponse: { id: 'b' } }] },
    ])
  })

  test('a failed call is an error, and pictures stand inside of a result', () => {
    const turns = [
      user(text('q')),
      assistant(call('a')),
      user({ kind: 'result', callId: 'a', blocks: [text('no'), picture], isError: true }),
    ]
    expect(contents(turns)).toMatchObject([
      {},
      {},
      {
        parts: [
          {
            functionResponse: {
              response: { error: 'no' },
              parts: [{ inlineData: { mimeType: 'image/png', data: PNG } }],
            },
          },
        ],
      },
    ])
  })

  test('or behind all results, with a label, for a model that takes none inside', () => {
    const turns = [
      user(text('q')),
      assistant(call('a'), call('b')),
      user({ kind: 'result', callId: 'a', blocks: [text('see'), picture] }, result('b', 'no picture')),
    ]
    const written = write({ turns }, { resultMedia: false })
    expect(written.body['contents']).toMatchObject([
      {},
      {},
      {
        parts: [
          { functionResponse: { id: 'a' } },
          { functionResponse: { id: 'b' } },
          { text: 'Result of get_weather:' },
          { inlineData: {} },
        ],
      },
    ])
    expect(JSON.stringify(written.body)).not.toContain('"parts":[{"inlineData"')
    expect(lost(written)).toContain('result.media emulated')
  })

  test.each([
    ['', {}],
    ['null', {}],
    ['{}', {}],
    ['[1]', { input: [1] }],
    ['{"cut":', { input: '{"cut":' }],
  ])('arguments %j are an object (trap 25)', (input, args) => {
    expect(contents([user(text('q')), assistant(call('a', input))])).toMatchObject([
      {},
      { parts: [{ functionCall: { args } }] },
    ])
  })

  test('an id that was made here does not go back; others do, as the dialect wants them (trap 5)', () => {
    const ids = (id: string, dialect: Dialect = {}) =>
      JSON.stringify(contents([user(text('q')), assistant(call(id)), user(result(id, 'x'))], dialect))
    expect(ids('call_made_abc_0')).not.toContain('"id"')
    expect(ids('toolu_1').match(/"id":"toolu_1"/g)).toHaveLength(2)
    const encoded = [...ids('a/b', { callId: { pattern: /^\w+$/, lengthMax: 64 } }).matchAll(/"id":"(\w+)"/g)].map(
      ([, id]) => id,
    )
    expect(encoded).toHaveLength(2)
    expect(new Set(encoded).size).toBe(1)
  })
})

describe('signatures (trap 8)', () => {
  const own = { wire: 'gemini', account: 'main', data: 'c2ln' } as const
  const foreign = { wire: 'anthropic', account: null, data: 'Zm9yZWlnbg==' } as const
  const parts = (...blocks: readonly Block[]) => {
    const written = write({ turns: [user(text('q')), assistant(...blocks)] })
    const [, model] = written.body['contents'] as unknown as readonly { parts: readonly JsonObject[] }[]
    return { parts: model?.parts, losses: lost(written) }
  }

  test('the first call of a step that never had one says so; the others say nothing', () => {
    expect(parts(text('I look'), call('a'), call('b')).parts).toMatchObject([
      { text: 'I look' },
      { functionCall: {}, thoughtSignature: NEVER },
      { functionCall: { id: 'b' } },
    ])
    expect(parts(call('a'), call('b')).parts?.[1]).not.toHaveProperty('thoughtSignature')
  })

  test('models of budgets do not look at signatures', () => {
    expect(
      JSON.stringify(write({ turns: [user(text('q')), assistant(call('a'))] }, { reasoning: 'budget' }).body),
    ).not.toContain(NEVER)
  })

  test('a client of the wire itself is believed: nothing is made up', () => {
    const body = {
      contents: [
        { role: 'user', parts: [{ text: 'q' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
      ],
    }
    expect(writeRequest(readRequest(body, { model: 'm', stream: false }), TARGET).body).toEqual(body)
  })

  test('one that came with a thought goes to the call, else to the last text, else behind everything', () => {
    const thought: Block = { kind: 'reasoning', text: 'Hm', proof: own }
    expect(parts(thought, text('I look'), call('a')).parts).toEqual([
      { text: 'Hm', thought: true },
      { text: 'I look' },
      { functionCall: { id: 'a', name: 'get_weather', args: { city: 'Oslo' } }, thoughtSignature: 'c2ln' },
    ])
    expect(parts({ ...thought, text: '' }, text('a'), text('b')).parts).toEqual([
      { text: 'a' },
      { text: 'b', thoughtSignature: 'c2ln' },
    ])
    expect(parts(thought).parts).toEqual([
      { text: 'Hm', thought: true },
      { text: '', thoughtSignature: 'c2ln' },
    ])
  })

  test('one of a call or a text stays where it is', () => {
    expect(parts({ ...text('a'), proof: own }, { ...call('a'), proof: own }).parts).toMatchObject([
      { text: 'a', thoughtSignature: 'c2ln' },
      { functionCall: {}, thoughtSignature: 'c2ln' },
    ])
  })

  test.each([
    ['of another vendor', foreign],
    ['of another account', { ...own, account: 'other' }],
  ])('one %s is left out with its thought, and the call is told never to have had one', (_, proof) => {
    const written = parts({ kind: 'reasoning', text: 'Hm', proof }, { ...call('a'), proof })
    expect(written.parts).toMatchObject([{ functionCall: {}, thoughtSignature: NEVER }])
    expect(written.losses).toEqual(['reasoning.proof dropped'])
  })

  test('a thought without one is left out', () => {
    expect(parts({ kind: 'reasoning', text: 'Hm' }, text('a'))).toEqual({
      parts: [{ text: 'a' }],
      losses: ['reasoning.text dropped'],
    })
  })

  test('a client of the wire whose last answer came from a vendor who signs nothing: its calls are told apart by their mark', () => {
    const [question, answer] = [
      { role: 'user', parts: [{ text: 'q' }] },
      { functionCall: { name: 'f', args: {} }, thoughtSignature: btoa('sekisho-proof-1.openai-chat..') },
    ]
    const chat = readRequest(
      { contents: [question, { role: 'model', parts: [answer, answer] }] },
      { model: 'm', stream: false },
    )
    expect(chat.turns[1]?.blocks.map(({ proof }) => proof)).toEqual([undefined, undefined])
    const call = { functionCall: { name: 'f', args: {} } }
    const written = (dialect: Dialect) => writeRequest(chat, { ...TARGET, dialect })
    expect(written({}).body['contents']).toEqual([
      question,
      { role: 'model', parts: [{ ...call, thoughtSignature: NEVER }, call] },
    ])
    expect(written({ reasoning: 'budget' }).body['contents']).toEqual([
      question,
      { role: 'model', parts: [call, call] },
    ])
    expect(lost(written({}))).toEqual([])
  })

  test('a client of the wire whose last answer came from another vendor: its proof stays away, its calls are told apart', () => {
    const body = {
      contents: [
        { role: 'user', parts: [{ text: 'q' }] },
        {
          role: 'model',
          parts: [
            { text: 'Hm', thought: true, thoughtSignature: btoa('sekisho-proof-1.anthropic..c2ln') },
            { functionCall: { name: 'f', args: {} } },
          ],
        },
      ],
    }
    const written = writeRequest(readRequest(body, { model: 'm', stream: false }), TARGET)
    expect(written.body['contents']).toEqual([
      { role: 'user', parts: [{ text: 'q' }] },
      { role: 'model', parts: [{ functionCall: { name: 'f', args: {} }, thoughtSignature: NEVER }] },
    ])
    expect(lost(written)).toEqual(['reasoning.proof dropped'])
  })
})

describe('pictures and files (trap 21)', () => {
  test.each<[Block, JsonObject]>([
    [picture, { inlineData: { mimeType: 'image/png', data: PNG } }],
    [
      { kind: 'image', source: { kind: 'data', mediaType: 'image/webp', base64: 'AAAA' } },
      { inlineData: { mimeType: 'image/webp', data: 'AAAA' } },
    ],
    [
      { kind: 'file', source: { kind: 'data', base64: PDF } },
      { inlineData: { mimeType: 'application/pdf', data: PDF } },
    ],
    [
      { kind: 'image', source: { kind: 'url', url: 'https://example.com/a.JPG?x=1' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.com/a.JPG?x=1' } },
    ],
    [{ kind: 'file', source: { kind: 'text', text: 'All is well' }, name: 'a.txt' }, { text: 'a.txt\nAll is well' }],
    [
      { kind: 'video', source: { kind: 'id', id: 'gs://bucket/a.mp4' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'gs://bucket/a.mp4' } },
    ],
  ])('%j', (block, part) => {
    expect(contents([user(block)])).toEqual([{ role: 'user', parts: [part] }])
  })

  test.each<[Block, Dialect, string]>([
    [{ kind: 'image', source: { kind: 'id', id: 'file-1' } }, {}, 'image.id dropped'],
    [{ kind: 'file', source: { kind: 'id', id: 'file-1' } }, {}, 'file.id dropped'],
    [
      { kind: 'image', source: { kind: 'url', url: 'https://example.com/a' } },
      { fetchesUrls: false },
      'image.url dropped',
    ],
    [{ kind: 'image', source: { kind: 'data', base64: PNG }, detail: 'low' }, {}, 'image.detail emulated'],
    [{ kind: 'foreign', wire: 'anthropic', type: 'search_result', json: {} }, {}, 'content.search_result dropped'],
    [{ kind: 'refusal', text: 'No' }, {}, 'refusal emulated'],
  ])('%j is reported', (block, dialect, loss) => {
    expect(lost(write({ turns: [user(text('a'), block)] }, dialect))).toContain(loss)
  })

  test('one resolution for all pictures; of different ones none', () => {
    const at = (detail: string): Block => ({ kind: 'image', source: { kind: 'data', base64: PNG }, detail })
    expect(config({ turns: [user(at('low'), at('low'))] })).toEqual({ mediaResolution: 'MEDIA_RESOLUTION_LOW' })
    expect(config({ turns: [user(at('auto'))] })).toBeUndefined()
    expect(lost(write({ turns: [user(at('low'), at('high'))] }))).toEqual(['image.detail dropped'])
  })
})

describe('tools', () => {
  const named = (name: string): Tool => ({ kind: 'function', name })

  test('names that the vendor refuses are changed and brought back (trap 22)', () => {
    const long = 'x'.repeat(80)
    const { body, undo } = write({
      tools: [named('mcp/a b'), named(long), named('fine.tool:1-2')],
      turns: [user(text('q')), assistant(call('a', '{}', 'mcp/a b'))],
    })
    const names = (
      body['tools'] as unknown as [{ functionDeclarations: { name: string }[] }]
    )[0].functionDeclarations.map(({ name }) => name)
    expect(names[2]).toBe('fine.tool:1-2')
    for (const name of names) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/)
    expect(names.map((name) => undo.toolNames.get(name) ?? name)).toEqual(['mcp/a b', long, 'fine.tool:1-2'])
    expect(JSON.stringify(body['contents'])).toContain(`"name":"${names[0]}"`)
  })

  test('a tool of free text is a function of one text, told by its name', () => {
    const { body, undo, losses } = write({
      tools: [
        {
          kind: 'custom',
          name: 'patch',
          description: 'Applies',
          grammar: { syntax: 'lark', definition: 'start: "x"' },
        },
      ],
      turns: [
        user(text('q')),
        assistant({ kind: 'call', id: 'a', name: 'patch', input: { kind: 'custom', text: '+ "x"' } }),
      ],
    })
    expect(body['tools']).toMatchObject([
      {
        functionDeclarations: [
          {
            name: 'patch',
            parametersJsonSchema: { properties: { input: { type: 'string' } } },
            description: expect.stringContaining('start: "x"'),
          },
        ],
      },
    ])
    expect(body['contents']).toMatchObject([{}, { parts: [{ functionCall: { args: { input: '+ "x"' } } }] }])
    expect(undo.customTools).toEqual(new Set(['patch']))
    expect(losses.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['tool.custom', 'tool.grammar', 'call.custom']),
    )
  })

  test('a function without arguments has no schema in the older form (trap 25)', () => {
    const tools: readonly Tool[] = [{ kind: 'function', name: 'now', schema: { type: 'object', properties: {} } }]
    expect(write({ tools }, { schema: 'openapi' }).body['tools']).toEqual([{ functionDeclarations: [{ name: 'now' }] }])
    expect(write({ tools }).body['tools']).toEqual([
      { functionDeclarations: [{ name: 'now', parametersJsonSchema: { type: 'object', properties: {} } }] },
    ])
  })

  test.each<[Partial<Chat>, JsonObject]>([
    [{ toolChoice: { kind: 'auto' } }, { mode: 'AUTO' }],
    [{ toolChoice: { kind: 'none' } }, { mode: 'NONE' }],
    [{ toolChoice: { kind: 'required' } }, { mode: 'ANY' }],
    [{ toolChoice: { kind: 'named', name: 'get_weather' } }, { mode: 'ANY', allowedFunctionNames: ['get_weather'] }],
    [
      { toolChoice: { kind: 'allowed', names: ['get_weather'], required: false } },
      { mode: 'VALIDATED', allowedFunctionNames: ['get_weather'] },
    ],
  ])('%j', (fields, functionCallingConfig) => {
    expect(write({ tools: [weather()], ...fields }).body['toolConfig']).toEqual({ functionCallingConfig })
  })

  test('a choice without tools is left out, because the vendor refuses it', () => {
    const written = write({ toolChoice: { kind: 'required' } })
    expect(written.body).not.toHaveProperty('toolConfig')
    expect(lost(written)).toEqual(['toolChoice.required dropped'])
  })

  test('a schema that is changed is reported by tool and keyword', () => {
    const tool: Tool = {
      kind: 'function',
      name: 'f',
      schema: { properties: { a: { type: 'string', minLength: 1 } }, $schema: 'x' },
    }
    const written = write({ tools: [tool] })
    expect(written.body['tools']).toEqual([
      {
        functionDeclarations: [
          { name: 'f', parametersJsonSchema: { type: 'object', properties: { a: { type: 'string' } } } },
        ],
      },
    ])
    expect(lost(written)).toEqual(['tools.f.schema.minLength dropped'])
  })
})

describe('settings', () => {
  test.each<[Reasoning, JsonObject | undefined, string[]]>([
    [{ effort: 'minimal' }, { thinkingLevel: 'MINIMAL' }, []],
    [{ effort: 'xhigh' }, { thinkingLevel: 'HIGH' }, ['reasoning.effort clamped']],
    [{ mode: 'off' }, { thinkingLevel: 'LOW' }, ['reasoning.off emulated']],
    [{ mode: 'off', effort: 'high' }, { thinkingLevel: 'LOW' }, ['reasoning.off emulated', 'reasoning.effort dropped']],
    [{ mode: 'auto' }, undefined, ['reasoning.auto emulated']],
    [{ mode: 'auto', effort: 'low', text: 'shown' }, { thinkingLevel: 'LOW', includeThoughts: true }, []],
    [{ mode: { budgetTokens: 8_000 } }, { thinkingLevel: 'MEDIUM' }, ['reasoning.budget emulated']],
    [{ mode: { budgetTokens: 8_000 }, effort: 'low' }, { thinkingLevel: 'LOW' }, ['reasoning.budget dropped']],
    [
      { effort: 'low', text: 'detailed' },
      { thinkingLevel: 'LOW', includeThoughts: true },
      ['reasoning.shown emulated'],
    ],
    [{ text: 'hidden' }, undefined, []],
  ])('reasoning %j as a level', (reasoning, thinkingConfig, losses) => {
    const written = write({ reasoning })
    expect(written.body['generationConfig']).toEqual(thinkingConfig === undefined ? undefined : { thinkingConfig })
    expect(lost(written)).toEqual(losses)
  })

  test.each<[Reasoning, JsonObject, string[]]>([
    [{ mode: 'off', effort: 'high' }, { thinkingBudget: 0 }, ['reasoning.effort dropped']],
    [{ mode: 'auto' }, { thinkingBudget: -1 }, []],
    [{ mode: { budgetTokens: 3_000 } }, { thinkingBudget: 3_000 }, []],
    [{ effort: 'low' }, { thinkingBudget: 1_024 }, ['reasoning.effort emulated']],
    [{ mode: { budgetTokens: 3_000 }, effort: 'high' }, { thinkingBudget: 3_000 }, ['reasoning.effort dropped']],
  ])('reasoning %j as a budget: never both', (reasoning, thinkingConfig, losses) => {
    const written = write({ reasoning }, { reasoning: 'budget' })
    expect(written.body['generationConfig']).toEqual({ thinkingConfig })
    expect(lost(written)).toEqual(losses)
  })

  test('at most five stop strings, none of them empty (trap 45)', () => {
    const written = write({ stops: ['a', '', 'b', 'c', 'd', 'e', 'f'] })
    expect(written.body['generationConfig']).toEqual({ stopSequences: ['a', 'b', 'c', 'd', 'e'] })
    expect(lost(written)).toEqual(['stops clamped', 'stops dropped'])
    expect(write({ stops: [] }).body).not.toHaveProperty('generationConfig')
  })

  test('a seed of more than 32 bits is another one, always the same', () => {
    expect(config({ seed: 2 ** 40 + 7 })).toEqual(config({ seed: 2 ** 40 + 7 }))
    expect(lost(write({ seed: 2 ** 40 + 7 }))).toEqual(['seed clamped'])
  })

  test('a schema of the answer has its name as title', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    }
    const written = write({ output: { kind: 'schema', schema, name: 'answer', strict: true } })
    expect(written.body['generationConfig']).toEqual({
      responseMimeType: 'application/json',
      responseJsonSchema: { title: 'answer', ...schema },
    })
    expect(written.losses).toEqual([])
  })

  test('a schema of the answer in the older form', () => {
    const schema = { type: 'object', properties: { a: { type: ['string', 'null'] } }, additionalProperties: false }
    const written = write({ output: { kind: 'schema', schema } }, { schema: 'openapi' })
    expect(written.body['generationConfig']).toMatchObject({
      responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING', nullable: true } } },
    })
    expect(lost(written)).toContain('output.schema.additionalProperties dropped')
  })

  test.each<[Partial<Chat>, JsonObject]>([
    [{ serviceTier: 'fast' }, { serviceTier: 'priority' }],
    [{ serviceTier: 'flex' }, { serviceTier: 'flex' }],
    [{ serviceTier: 'auto' }, {}],
    [{ store: false }, { store: false }],
    [{ store: true }, { store: true }],
  ])('%j', (fields, expected) => {
    const { contents: _, ...settings } = write(fields).body
    expect(settings).toEqual(expected)
  })

  test('one answer is what comes anyway', () => {
    expect(config({ choices: 1 })).toBeUndefined()
    expect(config({ choices: 3 })).toEqual({ candidateCount: 3 })
  })
})

test('the same conversation gives the same bytes, and a longer one begins with them', () => {
  const turns = [user(text('q')), assistant(call('a')), user(result('a', 'x')), assistant(text('b')), user(text('c'))]
  const short = contents(turns.slice(0, 3))
  const long = contents(turns)
  expect(JSON.stringify(long)).toContain(JSON.stringify(short).slice(0, -1))
  expect(JSON.stringify(contents(structuredClone(turns)))).toBe(JSON.stringify(long))
})
