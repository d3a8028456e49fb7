import { describe, expect, test } from 'vitest'
import { TARGET } from '../../contract/wire.ts'
import type { JsonObject } from '../../json.ts'
import { wrapProof } from '../../proof.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

const asked = { model: 'model', stream: false }
const read = (body: JsonObject) => readRequest(body, asked)
const json = (text: string): JsonObject => JSON.parse(text)
const said = (...parts: readonly JsonObject[]): JsonObject => ({ contents: [{ role: 'user', parts }] })
const hi = { role: 'user', parts: [{ text: 'Hi' }] }
const call = (fields: JsonObject = {}): JsonObject => ({
  functionCall: { name: 'look', args: { at: 'sky' }, ...fields },
})
const result = (fields: JsonObject = {}): JsonObject => ({
  functionResponse: { name: 'look', response: { output: 'blue' }, ...fields },
})

const BODIES: { readonly [name: string]: JsonObject } = {
  'a text': said({ text: 'Hi' }),
  'a system prompt with a role of its own': {
    ...said({ text: 'Hi' }),
    systemInstruction: { role: 'system', parts: [{ text: 'Be brief' }, { text: '' }] },
  },
  'a request as Python writes it': json(`{
    "system_instruction": {"parts": [{"text": "Be brief"}]},
    "contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "iVBORw0KGgo=", "new_key": 1}}]}],
    "generation_config": {"max_output_tokens": 5, "thinking_config": {"thinking_budget": -1, "include_thoughts": false}},
    "tools": [{"function_declarations": [{"name": "f", "parameters": {"type": "object", "properties": {"my_key": {"any_of": [{"type": "STRING"}]}}}}]}],
    "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}}
  }`),
  'both spellings in one body': {
    contents: [
      { role: 'user', parts: [{ file_data: { fileUri: 'https://example.com/a.png', mime_type: 'image/png' } }] },
    ],
    generationConfig: { top_p: 0.5, topK: 3 },
  },
  'single objects for lists': {
    contents: { role: 'user', parts: { text: 'Hi' } },
    tools: { functionDeclarations: { name: 'f' } },
  },
  'every setting': {
    ...said({ text: 'Hi' }),
    generationConfig: {
      temperature: 0.1,
      topP: 0.9,
      topK: 40,
      candidateCount: 1,
      maxOutputTokens: 0,
      stopSequences: ['a', 'b', 'c', 'd', 'e'],
      seed: -4,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      responseLogprobs: true,
      logprobs: 0,
      responseModalities: ['TEXT', 'IMAGE'],
      imageConfig: { aspectRatio: '1:1' },
      mediaResolution: 'MEDIA_RESOLUTION_LOW',
      speechConfig: { voiceConfig: { prebuilt_voice_config: { voiceName: 'x' } } },
      thinkingConfig: { thinkingLevel: 'low', includeThoughts: true, more: [1] },
    },
    safetySettings: [{ category: 'X', threshold: 'OFF' }],
    cachedContent: 'cachedContents/1',
    serviceTier: 'FLEX',
    store: false,
    labels: { team: 'a' },
    model: 'models/model',
  },
  'settings that are empty, null or unknown': {
    ...said({ text: 'Hi' }),
    generationConfig: { thinkingConfig: {}, temperature: null, stopSequences: [], responseMimeType: 'text/x.enum' },
    toolConfig: { functionCallingConfig: {} },
    tools: [],
    serviceTier: 'turbo',
    safetySettings: null,
  },
  'a schema in the older form': {
    ...said({ text: 'Hi' }),
    generationConfig: {
      responseMimeType: 'application/json',
      responseSchema: {
        type: 'OBJECT',
        title: 'person',
        properties: { n: { type: 'STRING', nullable: true, minLength: '1' } },
      },
    },
  },
  'a schema in the newer form': {
    ...said({ text: 'Hi' }),
    generationConfig: {
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object', title: 'person', properties: { a: { const: 1 } }, $schema: 'x' },
    },
  },
  'plain text asked for by its type': { ...said({ text: 'Hi' }), generationConfig: { responseMimeType: 'text/plain' } },
  'tools of all kinds, in one object and in several': {
    ...said({ text: 'Hi' }),
    tools: [
      {
        googleSearch: {},
        functionDeclarations: [
          { name: 'a', behavior: 'BLOCKING' },
          { name: 'b', parametersJsonSchema: { type: 'object' } },
        ],
      },
      { codeExecution: {} },
      { functionDeclarations: [{ name: 'c', description: '', response: { type: 'STRING' } }] },
      { functionDeclarations: [] },
      {},
    ],
    toolConfig: { functionCallingConfig: { mode: 'VALIDATED' }, retrievalConfig: { languageCode: 'de' } },
  },
  'calls and results without ids, with one id, with other ids': {
    contents: [
      hi,
      {
        role: 'model',
        parts: [{ ...call(), thoughtSignature: 'c2ln' }, call({ id: 'x1' }), call({ id: '' }), call({ args: {} })],
      },
      { role: 'user', parts: [result(), result({ id: 'x1' }), result({ id: 'mine' }), result({ response: {} })] },
      { role: 'model', parts: [call({ id: 'x1', willContinue: false })] },
      { role: 'function', parts: [result()] },
    ],
  },
  'results of every shape': {
    contents: [
      hi,
      { role: 'model', parts: Array.from({ length: 9 }, () => call()) },
      {
        role: 'user',
        parts: [
          result({ response: { output: '{"a":1}' } }),
          result({ response: { result: 'x' } }),
          result({ response: { error: 'no' } }),
          result({ response: { error: { code: 1 } } }),
          result({ response: { error: 3 } }),
          result({ response: { a: 1, b: [null] } }),
          result({ response: { output: ['x'] } }),
          { functionResponse: { name: 'look' } },
          result({
            parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBO', displayName: 'a.png' } }],
            scheduling: 'SILENT',
          }),
        ],
      },
    ],
  },
  'the history of a streaming client: a content for each chunk': {
    contents: [
      hi,
      { role: 'model', parts: [{ text: 'I ', thought: true }] },
      { role: 'model', parts: [{ text: 'think', thought: true }] },
      { role: 'model', parts: [{ text: 'It ' }] },
      { role: 'model', parts: [{ text: 'is' }, { text: '' }] },
      { role: 'model', parts: [{ text: '', thoughtSignature: 'c2ln' }] },
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result()] },
    ],
  },
  'parts that only this vendor knows': {
    contents: [
      { role: 'user', parts: [{ inlineData: { mimeType: 'video/mp4', data: 'AAAA' }, videoMetadata: { fps: 1 } }] },
      {
        role: 'model',
        parts: [
          { executableCode: { language: 'PYTHON', code: '1' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK' } },
          { thoughtSignature: 'c2ln' },
          { thought: true, thoughtSignature: 'c2ln' },
          { thought: true, inlineData: { mimeType: 'image/png', data: 'iVBO' } },
          { functionResponse: { name: 'server_tool', response: {} } },
          { brandNew: { a: 1 } },
          { text: 'x', thought: false, partMetadata: { a: 1 } },
        ],
      },
    ],
  },
  'files by address, by upload, with their resolution': said(
    { fileData: { fileUri: 'https://www.youtube.com/watch?v=1' } },
    { fileData: { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc', mimeType: 'video/mp4' } },
    { fileData: { fileUri: 'gs://bucket/a.pdf', mimeType: 'application/pdf' } },
    {
      inlineData: { mimeType: 'image/png', data: 'iVBO' },
      mediaResolution: { level: 'MEDIA_RESOLUTION_ULTRA_HIGH', numTokens: 3 },
    },
  ),
  'contents that say little': {
    contents: [
      { parts: [{ text: 'Hi' }] },
      { role: 'model' },
      { role: 'model', parts: [] },
      { role: 'user', parts: [] },
    ],
  },
  'keys that are no names': json(
    '{"contents":[{"role":"user","parts":[{"text":"Hi","__proto__":{"a":1}}],"a.b":1,"":2}],"__proto__":{"x":1},"generationConfig":{"c\\\\d.e":1,"__proto__":2}}',
  ),
}

describe('a request is written back as it was read', () => {
  test.each(Object.entries(BODIES))('%s', (_, body) => {
    const written = writeRequest(read(body), TARGET)
    const expected = 'model' in body ? { ...body, model: 'models/vendor-model' } : body
    expect(JSON.parse(JSON.stringify(written.body))).toEqual(JSON.parse(JSON.stringify(expected)))
    expect(written.losses).toEqual([])
  })

  test('with the model of the target, where the body names one', () => {
    const body = { ...said({ text: 'Hi' }), model: 'mine' }
    expect(writeRequest(read(body), TARGET).body['model']).toBe('vendor-model')
  })

  test('prototypes stay as they are', () => {
    read(json('{"contents":[{"role":"user","parts":[{"text":"Hi"}],"__proto__":{"polluted":true}}]}'))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('a request that is wrong is refused with the path of the field', () => {
  test.each<[JsonObject, string]>([
    [{}, 'contents'],
    [{ contents: 'Hi' }, 'contents'],
    [{ contents: ['Hi'] }, 'contents[0]'],
    [{ contents: [{ role: 'assistant', parts: [] }] }, 'contents[0].role'],
    [{ contents: [{ role: 7 }] }, 'contents[0].role'],
    [{ contents: [{ role: 'user', parts: [7] }] }, 'contents[0].parts[0]'],
    [said({}), 'contents[0].parts[0]'],
    [said({ text: 7 }), 'contents[0].parts[0].text'],
    [said({ text: 'a' }, { text: 'b', inlineData: { mimeType: 'a/b', data: '' } }), 'contents[0].parts[1].inlineData'],
    [said({ inlineData: { mimeType: 'image/png' } }), 'contents[0].parts[0].inlineData.data'],
    [said({ inlineData: { mimeType: 'image/png', data: 'a b c' } }), 'contents[0].parts[0].inlineData.data'],
    [said({ inline_data: { mime_type: 7, data: 'AAAA' } }), 'contents[0].parts[0].inline_data.mime_type'],
    [{ contents: { parts: { inline_data: { mime_type: 'a/b', data: '#' } } } }, 'contents.parts.inline_data.data'],
    [said({ inlineData: { mimeType: 'a/b', data: 'AAAA' }, inline_data: {} }), 'contents[0].parts[0].inlineData'],
    [said({ fileData: { mimeType: 'image/png' } }), 'contents[0].parts[0].fileData.fileUri'],
    [said(call()), 'contents[0].parts[0].functionCall'],
    [said(result()), 'contents[0].parts[0].functionResponse'],
    [{ contents: [hi, { role: 'model', parts: [call({ args: '{}' })] }] }, 'contents[1].parts[0].functionCall.args'],
    [{ contents: [hi, { role: 'model', parts: [{ functionCall: {} }] }] }, 'contents[1].parts[0].functionCall.name'],
    [
      { contents: [hi, { role: 'model', parts: [call()] }, { role: 'user', parts: [result({ response: 'x' })] }] },
      'contents[2].parts[0].functionResponse.response',
    ],
    [{ ...said({ text: 'a' }), systemInstruction: 'Be brief' }, 'systemInstruction'],
    [{ ...said({ text: 'a' }), generationConfig: [] }, 'generationConfig'],
    [{ ...said({ text: 'a' }), generationConfig: { temperature: 'hot' } }, 'generationConfig.temperature'],
    [{ ...said({ text: 'a' }), generationConfig: { maxOutputTokens: -1 } }, 'generationConfig.maxOutputTokens'],
    [{ ...said({ text: 'a' }), generationConfig: { stopSequences: 'x' } }, 'generationConfig.stopSequences'],
    [{ ...said({ text: 'a' }), generationConfig: { responseMimeType: 7 } }, 'generationConfig.responseMimeType'],
    [
      { ...said({ text: 'a' }), generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: 'LOW' } } },
      'generationConfig.thinkingConfig.thinkingLevel',
    ],
    [
      {
        ...said({ text: 'a' }),
        generationConfig: { responseMimeType: 'application/json', responseSchema: {}, responseJsonSchema: {} },
      },
      'generationConfig.responseSchema',
    ],
    [{ ...said({ text: 'a' }), tools: [{ functionDeclarations: [{}] }] }, 'tools[0].functionDeclarations[0].name'],
    [
      { ...said({ text: 'a' }), tools: [{ function_declarations: [{ name: 'f', parameters: 1 }] }] },
      'tools[0].function_declarations[0].parameters',
    ],
    [
      { ...said({ text: 'a' }), toolConfig: { functionCallingConfig: { mode: 1 } } },
      'toolConfig.functionCallingConfig.mode',
    ],
    [{ ...said({ text: 'a' }), serviceTier: 1 }, 'serviceTier'],
    [{ ...said({ text: 'a' }), store: 'no' }, 'store'],
  ])('%j', (body, field) => {
    expect(() => read(body)).toThrow(
      expect.objectContaining({ code: 'bad_request', field, message: expect.stringContaining(`'${field}'`) }),
    )
  })
})

describe('what a request means', () => {
  test('model and stream are those of the path', () => {
    const body = { ...said({ text: 'Hi' }), model: 'other' }
    expect(readRequest(body, { model: 'm', stream: true })).toMatchObject({ model: 'm', stream: true })
  })

  test('calls without ids get one, and their results the same one (trap 5)', () => {
    const { turns } = read(BODIES['calls and results without ids, with one id, with other ids'] ?? {})
    const ids = turns.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === 'call' ? [block.id] : [])))
    const answered = turns.flatMap(({ blocks }) =>
      blocks.flatMap((block) => (block.kind === 'result' ? [block.callId] : [])),
    )
    expect(answered).toEqual(ids)
    expect(new Set(ids.slice(0, 4)).size).toBe(4)
  })

  test('the role of a system prompt is how it was spelt, and nothing that another wire could lose', () => {
    const { turns } = read({ systemInstruction: { role: 'user', parts: [{ text: 'Be brief' }] }, contents: [hi] })
    expect(turns[0]?.own?.fields).toEqual({})
  })

  test('ids that are made do not change when the conversation goes on', () => {
    const turn = [
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result()] },
    ]
    const short = read({ contents: [hi, ...turn] })
    const long = read({ contents: [hi, ...turn, ...turn] })
    expect(long.turns.slice(0, 3)).toEqual(short.turns)
  })

  test.each([
    [{ output: 'blue' }, { blocks: [{ kind: 'text', text: 'blue' }] }],
    [{ result: 'blue' }, { blocks: [{ kind: 'text', text: 'blue' }] }],
    [{ error: 'none' }, { blocks: [{ kind: 'text', text: 'none' }], isError: true }],
    [{ sky: 'blue' }, { blocks: [{ kind: 'text', text: '{"sky":"blue"}' }] }],
  ])('a result %j', (response, expected) => {
    const { turns } = read({
      contents: [hi, { role: 'model', parts: [call()] }, { role: 'user', parts: [result({ response })] }],
    })
    expect(turns[2]?.blocks[0]).toMatchObject(expected)
  })

  test('the chunks of a streamed turn are one turn, with its thought in one piece and signed (trap 8)', () => {
    const foreign = { wire: 'anthropic', account: 'main', data: 'c2ln' } as const
    const { turns } = read({
      contents: [
        hi,
        { role: 'model', parts: [{ text: 'I ', thought: true }] },
        { role: 'model', parts: [{ text: 'think', thought: true, thoughtSignature: btoa(wrapProof(foreign)) }] },
        { role: 'model', parts: [{ text: 'It is ' }] },
        { role: 'model', parts: [{ text: 'blue' }] },
      ],
    })
    expect(turns[1]?.blocks).toMatchObject([
      { kind: 'reasoning', text: 'I think', proof: foreign },
      { kind: 'text', text: 'It is blue' },
    ])
  })

  test('texts that are signed apart stay apart', () => {
    const body = {
      contents: [
        hi,
        {
          role: 'model',
          parts: [
            { text: 'a', thoughtSignature: 'c2ln' },
            { text: 'b', thoughtSignature: 'c2lo' },
          ],
        },
      ],
    }
    expect(read(body).turns[1]?.blocks).toMatchObject([{ text: 'a' }, { text: 'b' }])
    expect(writeRequest(read(body), TARGET).body).toEqual(body)
  })

  test('a schema of the older form is JSON Schema, without losing how it was written', () => {
    const { tools } = read({
      ...said({ text: 'a' }),
      tools: [
        {
          functionDeclarations: [
            {
              name: 'f',
              parameters: {
                type: 'OBJECT',
                properties: {
                  type: { type: 'STRING', nullable: true },
                  n: { type: 'ARRAY', min_items: '2', items: { type: 'INTEGER' } },
                },
              },
            },
          ],
        },
      ],
    })
    expect(tools[0]).toMatchObject({
      schema: {
        type: 'object',
        properties: {
          type: { type: ['string', 'null'] },
          n: { type: 'array', minItems: 2, items: { type: 'integer' } },
        },
      },
    })
  })

  test.each([
    ['AUTO', undefined, { kind: 'auto' }],
    ['none', undefined, { kind: 'none' }],
    ['ANY', undefined, { kind: 'required' }],
    ['ANY', ['a'], { kind: 'named', name: 'a' }],
    ['ANY', ['a', 'b'], { kind: 'allowed', names: ['a', 'b'], required: true }],
    ['VALIDATED', ['a'], { kind: 'allowed', names: ['a'], required: false }],
    ['VALIDATED', undefined, undefined],
    ['LATER', undefined, undefined],
  ])('tool mode %s %j', (mode, allowedFunctionNames, expected) => {
    const config = allowedFunctionNames === undefined ? { mode } : { mode, allowedFunctionNames }
    expect(read({ ...said({ text: 'a' }), toolConfig: { functionCallingConfig: config } }).toolChoice).toEqual(expected)
  })

  test.each([
    [{ thinkingBudget: 0 }, { mode: 'off' }],
    [
      { thinkingBudget: -1, includeThoughts: true },
      { mode: 'auto', text: 'shown' },
    ],
    [{ thinkingBudget: 512 }, { mode: { budgetTokens: 512 } }],
    [{ thinkingLevel: 'minimal' }, { effort: 'minimal' }],
    [
      { thinkingLevel: 'HIGH', includeThoughts: false },
      { effort: 'high', text: 'hidden' },
    ],
    [{}, undefined],
  ])('thinking %j', (thinkingConfig, expected) => {
    expect(read({ ...said({ text: 'a' }), generationConfig: { thinkingConfig } }).reasoning).toEqual(expected)
  })
})
