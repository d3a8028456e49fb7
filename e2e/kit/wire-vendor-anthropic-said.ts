import type { PlannedCall, Reply, Usage } from './wire-vendor-asked.ts'
import { readAnthropic } from './wire-vendor-anthropic-asked.ts'
import { anthropicComplaints } from './wire-vendor-anthropic.ts'
import { merged, prefixOf } from './wire-vendor-anthropic-messages.ts'
import { Node, type Refusal } from './wire-vendor-check.ts'
import { pieces, type Answer, type Refused, type VendorRequest, type VendorWire } from './wire-vendor-state.ts'

/** Anthropic's messages, as the vendor answers them. */
export const anthropicWire: VendorWire = {
  read: readAnthropic,
  whole: (answer) => ({
    ...head(answer),
    content: blocksOf(answer),
    ...ended(answer.reply),
    usage: usageOf(answer.reply.usage, answer.reply.usage.output),
  }),
  stream: events,
  failure: () => [event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })],
  refusal: anthropicRefusal,
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown }

const head = ({ request, asked }: Answer): object => ({
  model: /-\d{8}$/.test(asked.model) ? asked.model : `${asked.model}-20261001`,
  id: request.memory.id('msg_01', 22),
  type: 'message',
  role: 'assistant',
})

function blocksOf(answer: Answer): readonly Block[] {
  const { reply } = answer
  const thinking = reply.thinking === null ? [] : [thinkingBlock(answer, reply.thinking)]
  const text = reply.text === '' || reply.stop === 'refusal' ? [] : [{ type: 'text' as const, text: reply.text }]
  return [...thinking, ...text, ...reply.calls.map((call) => toolUse(answer, call))]
}

/** Newer models leave the text out unless it is asked for; the signature stands for it. */
function thinkingBlock({ request, asked }: Answer, thinking: string): Block {
  const { rules } = asked
  const bound = rules.vendor === 'anthropic' && rules.prefixCheck
  const body = new Node(request.body, [], anthropicComplaints)
  const text = asked.thoughtsShown ? thinking : ''
  const prefix = bound ? prefixOf(body, merged(body.at('messages').list())) : ''
  const signature = request.memory.issue({ account: request.credential, model: asked.model, text, prefix })
  return { type: 'thinking', thinking: text, signature }
}

const toolUse = ({ request }: Answer, { name, input }: PlannedCall): Block => ({
  type: 'tool_use',
  id: request.memory.id('toolu_01', 22),
  name,
  input,
})

function ended({ stop, sequence }: Reply): object {
  return {
    stop_reason: stopReason(stop),
    stop_sequence: sequence,
    ...(stop === 'refusal' ? { stop_details: REFUSED } : {}),
  }
}

const REFUSED = { type: 'refusal', category: null, explanation: null }

function stopReason(stop: Reply['stop']): string {
  switch (stop) {
    case 'end':
      return 'end_turn'
    case 'calls':
      return 'tool_use'
    case 'length':
      return 'max_tokens'
    case 'sequence':
      return 'stop_sequence'
    case 'refusal':
    case 'blocked':
    case 'broken-call':
      return 'refusal'
  }
}

/** What was read from the cache is not counted as input. */
const usageOf = ({ input, cached, reasoning }: Usage, output: number): object => ({
  input_tokens: input - cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: output,
  ...(reasoning > 0 && output >= reasoning ? { output_tokens_details: { thinking_tokens: reasoning } } : {}),
  service_tier: 'standard',
  inference_geo: 'not_available',
})

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`

/** Named events; a block stops before the next one starts; usage at both ends, the later one counts from the beginning. */
function* events(answer: Answer): Generator<string> {
  const { reply } = answer
  const usage = usageOf(reply.usage, Math.min(1, reply.usage.output))
  yield event('message_start', {
    message: { ...head(answer), content: [], stop_reason: null, stop_sequence: null, usage },
  })
  for (const [index, block] of blocksOf(answer).entries()) yield* blockEvents(block, index)
  const { stop_reason, stop_sequence, ...rest } = ended(reply) as Record<string, unknown>
  const last = {
    input_tokens: reply.usage.input - reply.usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: reply.usage.cached,
  }
  const thought = reply.usage.reasoning > 0 ? { output_tokens_details: { thinking_tokens: reply.usage.reasoning } } : {}
  yield event('message_delta', {
    delta: { stop_reason, stop_sequence, ...rest },
    usage: { ...last, output_tokens: reply.usage.output, ...thought },
  })
  yield event('message_stop', {})
}

function* blockEvents(block: Block, index: number): Generator<string> {
  yield event('content_block_start', { index, content_block: emptied(block) })
  if (index === 0) yield event('ping', {})
  for (const delta of deltasOf(block)) yield event('content_block_delta', { index, delta })
  yield event('content_block_stop', { index })
}

function emptied(block: Block): object {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: '' }
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'tool_use':
      return { ...block, input: {} }
  }
}

function deltasOf(block: Block): readonly object[] {
  switch (block.type) {
    case 'text':
      return pieces(block.text).map((text) => ({ type: 'text_delta', text }))
    case 'thinking':
      return [
        ...pieces(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: block.signature },
      ]
    case 'tool_use':
      // An input without fields comes as no text at all.
      return ['', ...(Object.keys(block.input ?? {}).length === 0 ? [] : pieces(JSON.stringify(block.input)))].map(
        (partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        }),
      )
  }
}

function anthropicRefusal(refusal: Refusal, { memory }: VendorRequest): Refused {
  const request_id = memory.id('req_011', 20)
  const type = TYPES[refusal.status] ?? (refusal.status >= 500 ? 'api_error' : 'invalid_request_error')
  return {
    status: refusal.status,
    headers: {
      'request-id': request_id,
      ...(refusal.retrySeconds === null ? {} : { 'retry-after': String(refusal.retrySeconds) }),
    },
    body: { type: 'error', error: { type, message: refusal.message }, request_id },
  }
}

const TYPES: { readonly [status: number]: string } = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}
