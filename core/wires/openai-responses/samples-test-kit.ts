import { asObject, type JsonObject, parseJson } from '../../json.ts'

/** Bodies of clients, each spelt in its own way. All of them are what the API takes. */
export const REQUESTS: { readonly [name: string]: JsonObject } = {
  'a bare text': { model: 'm', input: 'Hello' },
  'an empty text and empty lists': { model: 'm', input: '', instructions: '', tools: [], include: [], stream: false },
  'nothing but what the vendor keeps': { model: 'm', previous_response_id: 'resp_1', background: true },
  'nulls for what is not set': {
    model: 'm',
    input: [{ role: 'user', content: 'Hi', type: null, phase: null }],
    instructions: null,
    tools: null,
    tool_choice: null,
    reasoning: null,
    text: null,
    include: null,
    metadata: null,
    temperature: null,
    service_tier: null,
    stream: null,
  },
  'messages in every spelling': {
    model: 'm',
    instructions: 'Be brief.',
    input: [
      { role: 'system', content: 'One' },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Two' }] },
      { role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
      { type: 'message', role: 'user', content: [] },
      { role: 'assistant', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'input_text', text: 'odd' }], phase: 'commentary' },
      {
        type: 'message',
        id: 'msg_1',
        status: 'completed',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'one', annotations: [], logprobs: [] },
          { type: 'output_text', text: 'two' },
          { type: 'refusal', refusal: 'No.' },
          { type: 'moon_phase', phase: 'full' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'as on another API' }] },
    ],
  },
  'sources of a text': {
    model: 'm',
    input: [
      {
        role: 'assistant',
        content: [
          {
            type: 'output_text',
            text: 'Oslo is a city.',
            annotations: [
              { type: 'url_citation', url: 'https://example.com/a', title: 'A', start_index: 0, end_index: 4 },
              { type: 'url_citation', url: 'https://example.com/b', note: 'bare' },
              { type: 'url_citation', url: 7, start_index: -1 },
              { type: 'file_citation', file_id: 'file-1', filename: 'a.txt', index: 3 },
            ],
            logprobs: [{ token: 'Oslo', logprob: -0.1, bytes: [79], top_logprobs: [] }],
          },
        ],
      },
    ],
  },
  'pictures and files': {
    model: 'm',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_image', image_url: 'https://example.com/cat.png', detail: 'high' },
          { type: 'input_image', image_url: 'data:image/PNG;charset=utf-8;base64,iVBORw0K', file_id: null },
          { type: 'input_image', file_id: 'file-1', detail: 'original', prompt_cache_breakpoint: { mode: 'explicit' } },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0x' },
          { type: 'input_file', file_data: 'JVBERi0x', filename: null },
          { type: 'input_file', file_url: 'https://example.com/a.pdf', detail: 'low' },
          { type: 'input_file', file_id: 'file-2' },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
    ],
  },
  'marks of the prompt cache': {
    model: 'm',
    prompt_cache_key: 'team-7',
    prompt_cache_options: { mode: 'implicit', ttl: '12h' },
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } },
          { type: 'input_text', text: 'b', prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m', more: 1 } },
          { type: 'input_text', text: 'c', prompt_cache_breakpoint: null },
        ],
      },
    ],
  },
  'calls and what came of them': {
    model: 'm',
    input: [
      { role: 'user', content: 'Look' },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '', id: 'fc_1', status: 'completed' },
      { type: 'function_call', call_id: 'call_2', name: 'look', arguments: '{"cut', namespace: 'eyes' },
      { type: 'custom_tool_call', call_id: 'call_3', name: 'patch', input: '*** begin', id: 'ctc_1' },
      { type: 'function_call_output', call_id: 'call_1', output: 'Rain', id: 'fco_1', status: 'completed' },
      {
        type: 'function_call_output',
        call_id: 'call_2',
        output: [
          { type: 'input_text', text: 'See:' },
          { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0K' },
          { type: 'moon_view', phase: 'new' },
        ],
      },
      { type: 'custom_tool_call_output', call_id: 'call_3', output: '' },
      { role: 'user', content: 'And?' },
    ],
  },
  'thoughts in every shape': {
    model: 'm',
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    input: [
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA', status: 'completed' },
      { type: 'message', role: 'assistant', content: 'one' },
      {
        type: 'reasoning',
        id: 'rs_2',
        summary: [
          { type: 'summary_text', text: 'First.' },
          { type: 'summary_text', text: 'Then\n\nmore.' },
        ],
        content: [],
        encrypted_content: null,
      },
      { type: 'message', role: 'assistant', content: 'two' },
      { type: 'reasoning', id: 'rs_3', summary: [], content: [{ type: 'reasoning_text', text: 'All of it' }] },
      {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: 'Short' }],
        content: [{ type: 'reasoning_text', text: 'Long' }],
      },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: '' }], encrypted_content: '' },
      { type: 'reasoning', id: 'rs_4', summary: [{ type: 'summary_text', text: 'x', more: true }] },
      { type: 'reasoning', id: 'rs_5', encrypted_content: 'gBBBB' },
      { type: 'message', role: 'assistant', content: 'three' },
    ],
  },
  'items that only this API knows': {
    model: 'm',
    input: [
      { id: 'msg_0' },
      { type: 'item_reference', id: 'rs_0' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } },
      { type: 'local_shell_call', id: 'lsh_1', call_id: 'call_1', action: { type: 'exec', command: ['ls'] } },
      { type: 'local_shell_call_output', id: 'lsho_1', call_id: 'call_1', output: 'a' },
      { type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true },
      { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBORw0K', output_format: 'webp' },
      { type: 'image_generation_call', id: 'ig_2', status: 'in_progress', result: null },
      { type: 'compaction', encrypted_content: 'gCCCC' },
      { type: 'constructor', id: 'odd' },
      { type: 'function_call_output', call_id: 'of an item that only the vendor has', output: 'ok' },
    ],
  },
  'tools of every kind': {
    model: 'm',
    input: 'x',
    tools: [
      { type: 'function', name: 'a', description: 'A', parameters: { type: 'object', properties: {} }, strict: true },
      { type: 'function', name: 'b', parameters: null, strict: null, defer_loading: true },
      { type: 'custom', name: 'c', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
      { type: 'custom', name: 'd', description: 'D', format: { type: 'text' } },
      { type: 'custom', name: 'e', format: { type: 'moon' } },
      { type: 'web_search', search_context_size: 'low' },
      { type: 'mcp', server_label: 's', server_url: 'https://example.com' },
    ],
    tool_choice: {
      type: 'allowed_tools',
      mode: 'required',
      tools: [
        { type: 'function', name: 'a' },
        { type: 'custom', name: 'c' },
      ],
    },
    parallel_tool_calls: false,
  },
  'a tool named': { model: 'm', input: 'x', tool_choice: { type: 'function', name: 'a' } },
  'a custom tool named': { model: 'm', input: 'x', tool_choice: { type: 'custom', name: 'a' } },
  'a hosted tool chosen': { model: 'm', input: 'x', tool_choice: { type: 'web_search' } },
  'hosted tools among the allowed': {
    model: 'm',
    input: 'x',
    tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'mcp', server_label: 's' }] },
  },
  'every setting': {
    model: 'm',
    input: 'x',
    stream: true,
    stream_options: { include_obfuscation: false },
    text: {
      format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true, description: null, more: 1 },
      verbosity: 'low',
    },
    reasoning: { effort: 'xhigh', summary: 'auto', context: 'all_turns', mode: 'pro' },
    max_output_tokens: 5,
    temperature: 0.5,
    top_p: 1,
    top_logprobs: 0,
    include: ['web_search_call.action.sources'],
    service_tier: 'fast',
    safety_identifier: 'u',
    user: 'older',
    store: true,
    metadata: { a: 'b' },
    truncation: 'auto',
    max_tool_calls: 3,
    context_management: [{ type: 'compaction', compact_threshold: 1000 }],
  },
  'words that are not known': {
    model: 'm',
    input: 'x',
    text: { format: { type: 'moon', phase: 1 } },
    reasoning: { effort: 'lunar', summary: 'poetic' },
    service_tier: 'moonlight',
    user: 'u',
    top_logprobs: 3,
  },
  'empty objects': { model: 'm', input: 'x', text: {}, reasoning: {}, metadata: {} },
  'thinking off': { model: 'm', input: 'x', reasoning: { effort: 'none', summary: null }, service_tier: 'priority' },
  'keys of no good intent':
    asObject(
      parseJson(`{
      "model": "m",
      "__proto__": {"polluted": true},
      "constructor": 1,
      "metadata": {"__proto__": "x"},
      "text": {"__proto__": 1, "format": {"type": "text", "__proto__": {}}},
      "reasoning": {"__proto__": 1},
      "tools": [{"type": "function", "name": "__proto__", "parameters": {"__proto__": {}}, "__proto__": 1}],
      "input": [
        {"role": "user", "__proto__": 1, "content": [{"type": "input_text", "text": "\\ud800", "__proto__": {"a": 1}}]},
        {"type": "function_call", "call_id": "__proto__", "name": "__proto__", "arguments": "{}", "__proto__": []},
        {"type": "function_call_output", "call_id": "__proto__", "output": "", "__proto__": null}
      ]
    }`),
    ) ?? {},
}

const message = (text: string, more: JsonObject = {}): JsonObject => ({
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
  ...more,
})

const response = (more: JsonObject): JsonObject => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_790_000_000,
  status: 'completed',
  background: false,
  error: null,
  incomplete_details: null,
  model: 'gpt-x',
  output: [message('Hello')],
  service_tier: 'default',
  usage: {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 20 },
    total_tokens: 150,
  },
  metadata: {},
  brand_new: { x: [1] },
  ...more,
})

/** Whole responses of vendors. */
export const RESPONSES: { readonly [name: string]: JsonObject } = {
  'a text': response({}),
  'nothing at all': response({ output: [] }),
  'a message without content': response({ output: [message('', { content: [] })] }),
  'several texts, a refusal, and a part that is not known': response({
    output: [
      message('', {
        phase: 'final_answer',
        content: [
          { type: 'output_text', text: 'one', annotations: [], logprobs: [] },
          { type: 'output_text', text: 'two' },
          { type: 'refusal', refusal: 'No.' },
          { type: 'moon_phase', phase: 'full' },
        ],
      }),
      message('again', { id: 'msg_2' }),
    ],
  }),
  'thoughts and calls': response({
    output: [
      { id: 'rs_1', type: 'reasoning', summary: [], content: [], encrypted_content: 'gAAAA' },
      {
        id: 'rs_2',
        type: 'reasoning',
        summary: [
          { type: 'summary_text', text: 'a' },
          { type: 'summary_text', text: 'b' },
        ],
      },
      { id: 'rs_3', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'all' }] },
      { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: 'look', arguments: '' },
      { id: 'ctc_1', type: 'custom_tool_call', status: 'completed', call_id: 'call_2', name: 'patch', input: 'x' },
    ],
  }),
  'what the vendor’s own tools made': response({
    output: [
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'x' } },
      { id: 'ig_1', type: 'image_generation_call', status: 'completed', result: 'iVBORw0K', size: '1x1' },
      message('Look', {
        content: [
          {
            type: 'output_text',
            text: 'Look',
            annotations: [
              { type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 4 },
              { type: 'container_file_citation', file_id: 'cfile_1', start_index: 0, end_index: 0 },
            ],
          },
        ],
      }),
    ],
  }),
  'a limit': response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
  'a blocked prompt': response({ status: 'failed', error: { code: 'invalid_prompt', message: 'No.' }, output: [] }),
  'no usage, no id, no time': response({ usage: null, id: '', created_at: 1.5, model: null }),
}

/** What the readers of replies are told. */
export const READ_REPLY = {
  flavour: 'openai',
  account: 'main',
  spendLimitCodes: ['insufficient_quota'],
  endsWithDone: false,
} as const
