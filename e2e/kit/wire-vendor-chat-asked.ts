import { textOf, type Asked, type Call, type Item, type OfferedTool, type Turn } from './wire-vendor-asked.ts'
import { Node, words } from './wire-vendor-check.ts'
import type { OpenAiRules } from './wire-vendor-models.ts'
import {
  checkLength,
  checkSampling,
  openAiComplaints,
  readAnswerSchema,
  readEffort,
  readFile,
  readModel,
  readName,
  readParameters,
  readPicture,
  refuse,
  spelt,
} from './wire-vendor-openai.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

/** Reads `POST /v1/chat/completions` as OpenAI does. */
export function readChat(request: VendorRequest): Asked {
  const body = new Node(request.body, [], openAiComplaints).object(KNOWN)
  const { model, rules } = readModel(body)
  const messages = body.at('messages')
  if (messages.list().length === 0)
    throw refuse(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      ['messages'],
      'empty_array',
    )
  const { system, turns } = readMessages(messages.list())
  const tools = readTools(body)
  const effort = readEffort(body.at('reasoning_effort'), model, { rules, levels: rules.chatEfforts ?? rules.efforts })
  checkSettings(body, { rules, effort })
  checkToolsAndEffort(body, { model, rules, effort, tools })
  const schema = readFormat(body, [...system, ...turns.flatMap(wordsOf)].join('\n'))
  const limit = body.at('max_completion_tokens').isThere ? body.at('max_completion_tokens') : body.at('max_tokens')
  return {
    model,
    rules,
    stream: body.at('stream').flag(),
    system,
    turns,
    tools,
    choice: readChoice(body.at('tool_choice'), tools),
    parallel: body.at('parallel_tool_calls').value !== false,
    ...(schema === undefined ? {} : { schema }),
    thinks: effort !== 'none',
    thoughtsShown: false,
    ...(limit.isThere ? { outputTokensMax: limit.integer() } : {}),
    stops: readStops(body.at('stop')),
    proofs: { returned: 0, standIns: 0 },
  }
}

const KNOWN = words(`
  messages model max_completion_tokens max_tokens reasoning_effort verbosity modalities audio prediction
  response_format tools tool_choice parallel_tool_calls stop n seed logprobs top_logprobs logit_bias
  presence_penalty frequency_penalty service_tier store metadata stream stream_options prompt_cache_key
  prompt_cache_options prompt_cache_retention safety_identifier user moderation web_search_options temperature
  top_p functions function_call
`)

interface Settings {
  readonly rules: OpenAiRules
  readonly effort: string
}

function checkSettings(body: Node, { rules, effort }: Settings): void {
  if (rules.efforts.length > 0 && body.at('max_tokens').isThere)
    throw refuse(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      ['max_tokens'],
      'unsupported_parameter',
    )
  const sampled = [
    'temperature',
    'top_p',
    'presence_penalty',
    'frequency_penalty',
    'logprobs',
    'top_logprobs',
    'logit_bias',
  ]
  checkSampling(body, sampled, { rules, effort })
  if (rules.efforts.length > 0 && body.at('stop').isThere)
    throw refuse("Unsupported parameter: 'stop' is not supported with this model.", ['stop'], 'unsupported_parameter')
  if (body.at('stream_options').isThere && !body.at('stream').flag())
    throw refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", ['stream_options'])
  if (body.at('stream_options').isThere) body.at('stream_options').object(['include_usage', 'include_obfuscation'])
  if (body.at('metadata').isThere && !body.at('store').flag())
    throw refuse("The 'metadata' parameter is only allowed when 'store' is enabled.", ['metadata'])
  if (body.at('service_tier').isThere)
    body.at('service_tier').oneOf(['auto', 'default', 'flex', 'scale', 'priority', 'fast'])
  if (body.at('verbosity').isThere) body.at('verbosity').oneOf(['low', 'medium', 'high'])
}

interface ToolSettings extends Settings {
  readonly model: string
  readonly tools: readonly OfferedTool[]
}

/** Newer models take function tools on this endpoint only without reasoning. */
function checkToolsAndEffort(body: Node, { model, rules, effort, tools }: ToolSettings): void {
  if (tools.length === 0 || rules.chatTools === 'always' || effort === 'none') return
  if (rules.chatTools === 'not-with-effort' && !body.at('reasoning_effort').isThere) return
  throw refuse(
    `Function tools with reasoning_effort are not supported for ${model} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.`,
    ['reasoning_effort'],
  )
}

function readStops(node: Node): readonly string[] {
  if (!node.isThere) return []
  if (typeof node.value === 'string') return [node.value]
  const stops = node.list()
  if (stops.length > 4)
    throw refuse(
      `Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length ${stops.length} instead.`,
      ['stop'],
      'array_above_max_length',
    )
  return stops.map((stop) => stop.text())
}

function readFormat(body: Node, said: string): Asked['schema'] {
  const format = body.at('response_format')
  if (!format.isThere) return undefined
  switch (format.at('type').oneOf(['text', 'json_object', 'json_schema'])) {
    case 'text':
      return undefined
    case 'json_object':
      if (!/json/i.test(said))
        throw refuse(
          "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
          ['messages'],
        )
      return 'object'
    case 'json_schema': {
      const schema = format
        .object(['type', 'json_schema'])
        .at('json_schema')
        .object(['name', 'description', 'schema', 'strict'])
      return readAnswerSchema(schema, { place: ['response_format'], strict: schema.at('strict').flag() })
    }
  }
}

function readTools(body: Node): readonly OfferedTool[] {
  const tools = body.at('tools')
  if (!tools.isThere) {
    const needless = ['tool_choice', 'parallel_tool_calls'].find(
      (name) => body.at(name).isThere && body.at(name).value !== 'none',
    )
    if (needless !== undefined) throw refuse(`'${needless}' is only allowed when 'tools' are specified.`, [needless])
    return []
  }
  if (tools.list().length === 0)
    throw refuse(
      "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      ['tools'],
      'empty_array',
    )
  return tools.list().map((tool) => {
    if (tool.at('type').oneOf(['function', 'custom']) === 'custom')
      return {
        name: readName(
          tool.object(['type', 'custom']).at('custom').object(['name', 'description', 'format']).at('name'),
        ),
      }
    const declared = tool
      .object(['type', 'function'])
      .at('function')
      .object(['name', 'description', 'parameters', 'strict'])
    const name = readName(declared.at('name'))
    declared.at('description').textIfThere()
    return { name, schema: readParameters(declared.at('parameters'), { name, strict: declared.at('strict').flag() }) }
  })
}

function readChoice(node: Node, tools: readonly OfferedTool[]): Asked['choice'] {
  if (!node.isThere) return 'free'
  if (typeof node.value === 'string') {
    const choice = node.oneOf(['none', 'auto', 'required'])
    return choice === 'auto' ? 'free' : choice === 'none' ? 'none' : 'forced'
  }
  const type = node.at('type').oneOf(['function', 'custom', 'allowed_tools'])
  if (type === 'allowed_tools')
    return node.at('allowed_tools').at('mode').oneOf(['auto', 'required']) === 'auto' ? 'free' : 'forced'
  const name = node.at(type).at('name').text()
  if (!tools.some((tool) => tool.name === name))
    throw refuse(`Invalid value: 'tool_choice.${type}.name': Tool choice '${name}' not found in 'tools' parameter.`, [
      'tool_choice',
    ])
  return { name }
}

interface Said {
  readonly system: readonly string[]
  readonly turns: readonly Turn[]
}

function readMessages(messages: readonly Node[]): Said {
  const system: string[] = []
  const turns: Turn[] = []
  const open = new Map<string, Call>()
  for (const [index, message] of messages.entries()) {
    const role = message.at('role').oneOf(ROLES)
    if (role !== 'tool' && open.size > 0) throw unanswered([...open.keys()], messages[index - 1])
    switch (role) {
      case 'developer':
      case 'system':
        system.push(textOf(readContent(message.object(['role', 'content', 'name']).at('content'), ['text'])))
        break
      case 'user':
        turns.push({
          by: 'user',
          items: readContent(message.object(['role', 'content', 'name']).at('content'), USER_PARTS),
        })
        break
      case 'assistant': {
        const { text, calls } = readAssistant(message)
        for (const call of calls) open.set(call.id, call)
        turns.push({ by: 'assistant', text, calls })
        break
      }
      case 'tool':
        addResult(turns, message, open)
        break
      case 'function':
        break
    }
  }
  if (open.size > 0) throw unanswered([...open.keys()], messages.at(-1))
  return { system, turns }
}

const ROLES = ['system', 'assistant', 'user', 'function', 'tool', 'developer'] as const
const USER_PARTS = ['text', 'image_url', 'input_audio', 'file'] as const

const unanswered = (ids: readonly string[], message: Node | undefined) =>
  refuse(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(', ')}`,
    [...(message?.path ?? []), 'role'],
  )

function addResult(turns: Turn[], message: Node, open: Map<string, Call>): void {
  // LangChain's clients name the tool, and are not refused.
  message.object(['role', 'content', 'tool_call_id', 'name'])
  const callId = message.at('tool_call_id').text()
  const call = open.get(callId)
  if (call === undefined)
    throw refuse(
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
      [...message.path, 'role'],
    )
  open.delete(callId)
  const result = { callId, name: call.name, items: readContent(message.at('content'), ['text']), isError: false }
  const last = turns.at(-1)
  if (last?.by === 'tools') turns.splice(-1, 1, { by: 'tools', results: [...last.results, result] })
  else turns.push({ by: 'tools', results: [result] })
}

function readAssistant(message: Node): { readonly text: string; readonly calls: readonly Call[] } {
  message.object(['role', 'content', 'name', 'refusal', 'audio', 'tool_calls', 'function_call', 'annotations'])
  const calls = message.at('tool_calls').listIfThere().map(readCall)
  const content = message.at('content')
  if (message.at('tool_calls').isThere && calls.length === 0)
    throw refuse(
      `Invalid '${spelt(message.at('tool_calls').path)}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      message.at('tool_calls').path,
      'empty_array',
    )
  if (!content.isThere && calls.length === 0 && !message.at('refusal').isThere)
    throw refuse(`Invalid value for 'content': expected a string, got null.`, content.path)
  const items = content.isThere ? readContent(content, ['text', 'refusal']) : []
  return { text: textOf(items), calls }
}

/** Ids have at most 40 letters on this endpoint. Source: vercel/ai#5171, BerriAI/litellm#17343 (`string_above_max_length`). */
function readCall(node: Node): Call {
  checkLength(node.at('id'), 40)
  const id = node.at('id').text()
  if (node.at('type').oneOf(['function', 'custom']) === 'custom') {
    const custom = node.object(['id', 'type', 'custom']).at('custom').object(['name', 'input'])
    return { id, name: custom.at('name').text(), input: custom.at('input').text() }
  }
  const called = node.object(['id', 'type', 'function']).at('function').object(['name', 'arguments'])
  const text = called.at('arguments').text()
  return { id, name: readName(called.at('name')), input: parsedOr(text) }
}

/** The vendor does not insist on arguments that can be parsed: the model wrote them. */
export function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function readContent(node: Node, allowed: readonly string[]): readonly Item[] {
  if (!node.isThere) throw refuse("Invalid value for 'content': expected a string, got null.", node.path)
  if (typeof node.value === 'string') return [{ kind: 'text', text: node.value }]
  if (node.list().length === 0)
    throw refuse(
      `Invalid '${spelt(node.path)}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      node.path,
      'empty_array',
    )
  return node.list().map((part): Item => {
    switch (part.at('type').oneOf(allowed)) {
      case 'image_url': {
        const image = part
          .object(['type', 'image_url', 'prompt_cache_breakpoint'])
          .at('image_url')
          .object(['url', 'detail'])
        if (image.at('detail').isThere) image.at('detail').oneOf(['auto', 'low', 'high', 'original'])
        return readPicture(image.at('url'))
      }
      case 'input_audio': {
        const audio = part
          .object(['type', 'input_audio', 'prompt_cache_breakpoint'])
          .at('input_audio')
          .object(['data', 'format'])
        return {
          kind: 'file',
          mediaType: `audio/${audio.at('format').oneOf(['wav', 'mp3'])}`,
          bytes: Buffer.from(audio.at('data').text(), 'base64').length,
        }
      }
      case 'file':
        return readFile(
          part
            .object(['type', 'file', 'prompt_cache_breakpoint'])
            .at('file')
            .object(['file_data', 'file_id', 'filename'])
            .at('file_data'),
        )
      case 'refusal':
        return { kind: 'text', text: part.object(['type', 'refusal']).at('refusal').text() }
    }
    return { kind: 'text', text: part.object(['type', 'text', 'prompt_cache_breakpoint']).at('text').text() }
  })
}

const wordsOf = (turn: Turn): readonly string[] => {
  switch (turn.by) {
    case 'user':
      return [textOf(turn.items)]
    case 'assistant':
      return [turn.text]
    case 'tools':
      return turn.results.map(({ items }) => textOf(items))
  }
}
