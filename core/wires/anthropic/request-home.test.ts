import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { wrapProof } from '../../proof.ts'
import { carrier } from './carried-proof.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'

const target = { model: 'claude-x', account: 'main', outputTokensMax: 8_000, dialect: {} }
const read = (body: JsonObject) => readRequest(body, { model: 'claude-x', stream: false })
const asked = (fields: JsonObject): JsonObject => ({
  model: 'claude-x',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hello' }],
  ...fields,
})
const said = (...messages: readonly JsonObject[]): JsonObject => asked({ messages })
const user = (...content: readonly JsonObject[]): JsonObject => ({ role: 'user', content })
const assistant = (...content: readonly JsonObject[]): JsonObject => ({ role: 'assistant', content })
const text = (words: string, more: JsonObject = {}): JsonObject => ({ type: 'text', text: words, ...more })
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB'

describe('a body of this wire is written back as it was read, without a loss', () => {
  const bodies: { readonly [name: string]: JsonObject } = {
    'the least': asked({}),
    'a system prompt as text': asked({ system: 'Be brief.' }),
    'an empty system prompt': asked({ system: '' }),
    'a system prompt of blocks with a mark': asked({
      system: [text('One'), text('Two', { cache_control: { type: 'ephemeral', ttl: '1h', scope: 'global' } })],
    }),
    'an empty list of system blocks': asked({ system: [] }),
    'a system message among the others': said(
      { role: 'user', content: 'Hello' },
      { role: 'system', content: 'From here on in French.', clear_at: 'next_turn' },
      { role: 'assistant', content: 'Salut' },
      { role: 'user', content: [text('Go on')] },
      { role: 'system', content: [text('And in verse.')], output_config: { effort: 'low' } },
    ),
    'two messages of one role, which stay two': said(
      { role: 'user', content: 'Hello' },
      { role: 'user', content: [text('Are you there?')] },
      assistant(text('Yes')),
      assistant(text('I am.')),
    ),
    'an empty last answer': said({ role: 'user', content: 'Hello' }, { role: 'assistant', content: '' }),
    'pictures and documents of every source': said(
      user(
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        {
          type: 'image',
          source: { type: 'url', url: 'https://example.com/cat.png' },
          cache_control: { type: 'ephemeral' },
        },
        { type: 'image', source: { type: 'file', file_id: 'file_1', page: 3 } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQK' },
          title: 'Report',
        },
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'All is well.' },
          context: 'a note',
        },
        { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' }, citations: { enabled: true } },
        { type: 'document', source: { type: 'file', file_id: 'file_2' }, title: null },
        { type: 'document', source: { type: 'content', content: [text('inner')] } },
        { type: 'search_result', source: 'https://example.com', title: 'T', content: [text('found')] },
        { type: 'container_upload', file_id: 'file_3' },
        { type: 'block_of_next_year', anything: [1, { deep: null }] },
      ),
    ),
    'a tool loop with thoughts': said(
      { role: 'user', content: 'Weather?' },
      assistant(
        { type: 'thinking', thinking: 'I should look.', signature: 'c2ln' },
        { type: 'thinking', thinking: '', signature: 'b25seQ' },
        { type: 'redacted_thinking', data: 'aGlkZGVu' },
        text('I look.'),
        {
          type: 'tool_use',
          id: 'toolu_1',
          name: 'get_weather',
          input: { city: 'Oslo', n: 1.5 },
          caller: { type: 'direct' },
        },
        { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} },
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'q' } },
      ),
      user(
        { type: 'tool_result', tool_use_id: 'toolu_1', content: 'Rain' },
        {
          type: 'tool_result',
          tool_use_id: 'toolu_2',
          is_error: false,
          content: [text(''), { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }],
          cache_control: { type: 'ephemeral' },
        },
        text('And tomorrow?'),
      ),
    ),
    'results without content': said(
      { role: 'user', content: 'Do' },
      assistant(
        { type: 'tool_use', id: 'a', name: 'f', input: {} },
        { type: 'tool_use', id: 'b', name: 'f', input: {} },
      ),
      user(
        { type: 'tool_result', tool_use_id: 'a' },
        { type: 'tool_result', tool_use_id: 'b', content: [], is_error: true },
      ),
    ),
    'a text with its sources': said(
      { role: 'user', content: 'Who?' },
      assistant(
        text('She did.', {
          citations: [
            {
              type: 'web_search_result_location',
              url: 'https://example.com',
              title: null,
              cited_text: 'she',
              encrypted_index: 'x',
            },
            {
              type: 'char_location',
              document_index: 0,
              document_title: 'D',
              start_char_index: 1,
              end_char_index: 4,
              cited_text: 'did',
            },
            { type: 'location_of_next_year', cited_text: 'c', somewhere: true },
          ],
        }),
        text('No sources.', { citations: null }),
        text('None.', { citations: [] }),
      ),
    ),
    'tools of every kind': asked({
      tools: [
        { name: 'a', input_schema: { type: 'object', properties: {} } },
        {
          type: 'custom',
          name: 'b',
          description: 'B',
          input_schema: { anyOf: [] },
          strict: false,
          defer_loading: true,
        },
        { name: 'c', input_schema: {}, strict: true, cache_control: { type: 'ephemeral' }, input_examples: [{ x: 1 }] },
        { type: 'web_search_20260209', name: 'web_search', max_uses: 3 },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: false },
    }),
    'no tools, and said so': asked({ tools: [], stream: false }),
    'a tool choice with more in it': asked({
      tool_choice: { type: 'tool', name: 'a', disable_parallel_tool_use: true, hint: 1 },
    }),
    'a choice of a tool that the vendor runs': asked({
      tools: [{ type: 'web_search_20260209', name: 'web_search' }],
      tool_choice: { type: 'tool', name: 'web_search', disable_parallel_tool_use: true },
    }),
    'a tool choice of next year': asked({ tool_choice: { type: 'several', names: ['a'] } }),
    'a budget and a display': asked({
      thinking: {
        type: 'enabled',
        budget_tokens: 2_048,
        display: 'omitted',
        block_binding: { prefix_mismatch_behavior: 'drop_block' },
      },
    }),
    'a budget alone': asked({ thinking: { type: 'enabled', budget_tokens: 2_048 } }),
    'a budget whose thinking is shown': asked({
      thinking: { type: 'enabled', budget_tokens: 2_048, display: 'summarized' },
    }),
    'every other way to think': asked({
      thinking: { type: 'between_tools', display: 'summarized' },
      output_config: { effort: 'xhigh' },
    }),
    'a way to think of next year': asked({
      thinking: { type: 'dreaming', display: 'vivid' },
      output_config: { effort: 'huge' },
    }),
    'thinking switched off with an effort': asked({
      thinking: { type: 'disabled' },
      output_config: { effort: 'minimal' },
    }),
    'an output format': asked({
      output_config: {
        format: { type: 'json_schema', schema: { title: 'person', type: 'object', minProperties: 1 }, name: 'p' },
        x: 1,
      },
    }),
    'the older output format': asked({
      output_format: { type: 'json_schema', schema: { title: 'A person', type: 'object' } },
    }),
    'an output format of next year': asked({ output_config: { effort: 'low', format: { type: 'table', columns: 2 } } }),
    'an empty output configuration': asked({ output_config: {}, metadata: {} }),
    'all scalars': asked({
      stream: true,
      stop_sequences: ['END', ' '],
      temperature: 1.5,
      top_p: 0.5,
      top_k: 3,
      service_tier: 'standard_only',
      metadata: { user_id: 'u', team: 't' },
      cache_control: { type: 'ephemeral' },
    }),
    'the fast service beside a tier': asked({ speed: 'fast', service_tier: 'auto' }),
    'the usual speed': asked({ speed: 'standard' }),
    'words of next year for the service': asked({ speed: 'warp', service_tier: 'gold' }),
    'nulls for what is not set': asked({
      system: null,
      tools: null,
      stop_sequences: null,
      thinking: null,
      metadata: { user_id: null },
    }),
    'fields that nobody knows': JSON.parse(
      '{"model":"claude-x","max_tokens":1,"context_management":{"edits":[{"type":"x"}]},"mcp_servers":[],"__proto__":{"a":1},' +
        '"messages":[{"role":"user","content":[{"type":"text","text":"Hi","__proto__":{"b":2},"new":[1]}],"__proto__":3}],' +
        '"tools":[{"name":"f","input_schema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}],' +
        '"metadata":{"__proto__":{"c":4}}}',
    ),
    'half a surrogate': said({ role: 'user', content: 'a\ud800' }),
  }

  test.each(Object.entries(bodies))('%s', (_, body) => {
    const written = writeRequest(read(body), target)
    expect(JSON.parse(JSON.stringify(written.body))).toEqual(JSON.parse(JSON.stringify(body)))
    expect(written.losses).toEqual([])
  })
})

describe('what crossed the gateway in the clothes of this wire', () => {
  const wrapped = wrapProof({ wire: 'gemini', account: 'g1', data: 'Z2VtaW5p' })
  const loop = (...answer: readonly JsonObject[]) =>
    said(
      { role: 'user', content: 'Do' },
      assistant(...answer),
      user({ type: 'tool_result', tool_use_id: 'a', content: 'ok' }),
    )
  const call: JsonObject = { type: 'tool_use', id: 'a', name: 'f', input: {} }

  test('a signature of another vendor is read as that vendor’s, and never given to this one', () => {
    const chat = read(loop({ type: 'thinking', thinking: 'Hm.', signature: wrapped }, call))
    expect(chat.turns[1]?.blocks[0]).toMatchObject({
      text: 'Hm.',
      proof: { wire: 'gemini', account: 'g1', data: 'Z2VtaW5p' },
    })
    const { body, losses } = writeRequest(chat, target)
    expect(JSON.stringify(body)).not.toContain('Hm.')
    expect(losses.map(({ field }) => field)).toEqual(['reasoning.proof', 'reasoning.text'])
  })

  test('the signature of a call comes back to the call, from in front of it and from behind', () => {
    const proof = { wire: 'gemini', account: 'g1', data: 'Z2VtaW5p' } as const
    for (const answer of [[carrier(proof, 'ahead'), call] as const, [call, carrier(proof, 'behind')] as const]) {
      const chat = read(loop(...answer))
      expect(chat.turns[1]?.blocks).toMatchObject([{ kind: 'call', id: 'a', proof }])
    }
  })

  test('a signature of this wire goes back to the account that gave it, and to no other', () => {
    const mine = wrapProof({ wire: 'anthropic', account: 'main', data: 'bWluZQ' })
    const chat = read(loop({ type: 'thinking', thinking: 'Hm.', signature: mine }, call))
    expect(JSON.stringify(writeRequest(chat, target).body)).toContain('"signature":"bWluZQ"')
    expect(JSON.stringify(writeRequest(chat, { ...target, account: 'other' }).body)).not.toContain('bWluZQ')
  })

  test('a call without the thinking of another vendor is gone on from without a budget; what the client left out is its own affair', () => {
    const thinking = { type: 'enabled', budget_tokens: 2_000 }
    const left = loop({ type: 'thinking', thinking: 'Hm.', signature: wrapped }, call)
    const { body, losses } = writeRequest(read({ ...left, thinking }), target)
    expect(body).not.toHaveProperty('thinking')
    expect(losses).toContainEqual(expect.objectContaining({ field: 'reasoning.budget', what: 'dropped' }))
    expect(writeRequest(read({ ...loop(call), thinking }), target)).toMatchObject({ body: { thinking }, losses: [] })
  })

  test('an answer of which nothing is left is left out', () => {
    const chat = read(
      said(user(text('Do')), assistant({ type: 'thinking', thinking: 'Hm.', signature: wrapped }), user(text('Well?'))),
    )
    expect(writeRequest(chat, target).body['messages']).toEqual([user(text('Do')), user(text('Well?'))])
  })
})

describe('a body of this wire for a vendor that takes less', () => {
  test('a version of 2026-10-21 gets no sampling, no documents in an answer and no citations in a question', () => {
    const own = { type: 'char_location', cited_text: 'c', document_index: 0 }
    const chat = read(
      asked({
        temperature: 1,
        top_p: 1,
        top_k: 5,
        messages: [
          user(text('Hello', { citations: [own] })),
          assistant(text('Here', { citations: [own] }), {
            type: 'document',
            source: { type: 'text', media_type: 'text/plain', data: 'x' },
          }),
          user({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'y' } }),
        ],
      }),
    )
    const { body, losses } = writeRequest(chat, { ...target, dialect: { version: '2026-10-21' } })
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['temperature']))
    expect(body['messages']).toEqual([
      user(text('Hello')),
      assistant(text('Here', { citations: [own] })),
      user({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'y' } }),
    ])
    expect(losses.map(({ field }) => field)).toEqual(['text.citations', 'file.text', 'temperature', 'topP', 'topK'])
  })

  test.each(['2023-06-01', 'vertex-2023-10-16', 'bedrock-2023-05-31'])('the version %s takes them all', (version) => {
    const { body, losses } = writeRequest(read(asked({ temperature: 0.5 })), { ...target, dialect: { version } })
    expect(body['temperature']).toBe(0.5)
    expect(losses).toEqual([])
  })

  test('a later system message becomes the user’s where the vendor does not take it', () => {
    const chat = read(said(user(text('Hi')), { role: 'system', content: [text('In French.')] }))
    const { body, losses } = writeRequest(chat, { ...target, dialect: { laterSystem: false } })
    expect(body['messages']).toEqual([user(text('Hi')), user(text('<system>\nIn French.\n</system>'))])
    expect(losses.map(({ field, what }) => [field, what])).toEqual([['system.later', 'emulated']])
  })
})
