import { textOf, type Asked, type OfferedTool } from './wire-vendor-asked.ts'
import { Node, words } from './wire-vendor-check.ts'
import type { OpenAiRules } from './wire-vendor-models.ts'
import {
  checkSampling,
  openAiComplaints,
  readAnswerSchema,
  readEffort,
  readModel,
  readName,
  readParameters,
  refuse,
} from './wire-vendor-openai.ts'
import { readInput } from './wire-vendor-responses-input.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

/** Reads `POST /v1/responses` as OpenAI does. */
export function readResponses(request: VendorRequest): Asked {
  const body = new Node(request.body, [], openAiComplaints).object(KNOWN)
  const { model, rules } = readModel(body)
  const reasoning = body.at('reasoning')
  if (reasoning.isThere) reasoning.object(['effort', 'summary', 'generate_summary', 'context', 'mode'])
  const effort = readEffort(reasoning.at('effort'), model, { rules, levels: rules.efforts })
  checkSettings(body, { rules, effort })
  const { system, turns, proofs } = readInput(body, request)
  const schema = readFormat(body, textOf(turns.flatMap((turn) => (turn.by === 'user' ? turn.items : []))))
  const tools = body.at('tools').listIfThere().flatMap(readTool)
  const limit = body.at('max_output_tokens')
  return {
    model,
    rules,
    stream: body.at('stream').flag(),
    system: [...(body.at('instructions').isThere ? [body.at('instructions').text()] : []), ...system],
    turns,
    tools,
    choice: readChoice(body.at('tool_choice'), tools),
    parallel: body.at('parallel_tool_calls').value !== false,
    ...(schema === undefined ? {} : { schema }),
    thinks: effort !== 'none',
    thoughtsShown: reasoning.at('summary').isThere,
    ...(limit.isThere ? { outputTokensMax: limit.integer() } : {}),
    stops: [],
    proofs,
  }
}

const KNOWN = words(`
  model input instructions previous_response_id conversation store include reasoning text tools tool_choice
  parallel_tool_calls max_output_tokens max_tool_calls background context_management truncation service_tier
  metadata stream stream_options temperature top_p top_logprobs user prompt moderation safety_identifier
  prompt_cache_key prompt_cache_options prompt_cache_retention
`)

const INCLUDABLE = words(`
  reasoning.encrypted_content message.output_text.logprobs message.input_image.image_url web_search_call.results
  web_search_call.action.sources file_search_call.results code_interpreter_call.outputs
`)

function checkSettings(body: Node, { rules, effort }: { rules: OpenAiRules; effort: string }): void {
  checkSampling(body, ['temperature', 'top_p', 'top_logprobs'], { rules, effort })
  const included = body
    .at('include')
    .listIfThere()
    .map((entry) => entry.oneOf(INCLUDABLE))
  if (included.includes('reasoning.encrypted_content') && rules.efforts.length === 0)
    throw refuse('Encrypted content is not supported with this model.', ['include'])
  const summary = body.at('reasoning').at('summary')
  if (summary.isThere && rules.efforts.length === 0)
    throw refuse(
      "Unsupported parameter: 'reasoning.summary' is not supported with this model.",
      summary.path,
      'unsupported_parameter',
    )
  if (summary.isThere) summary.oneOf(['auto', 'concise', 'detailed'])
  const limit = body.at('max_output_tokens')
  if (limit.isThere && limit.integer() < 16)
    throw refuse(
      `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${limit.integer()} instead.`,
      limit.path,
      'integer_below_min_value',
    )
  if (body.at('service_tier').isThere)
    body.at('service_tier').oneOf(['auto', 'default', 'flex', 'scale', 'priority', 'fast', 'ultrafast'])
  if (body.at('stream_options').isThere) body.at('stream_options').object(['include_obfuscation'])
}

function readFormat(body: Node, said: string): Asked['schema'] {
  if (!body.at('text').isThere) return undefined
  const text = body.at('text').object(['format', 'verbosity'])
  if (text.at('verbosity').isThere) text.at('verbosity').oneOf(['low', 'medium', 'high'])
  const format = text.at('format')
  if (!format.isThere) return undefined
  switch (format.at('type').oneOf(['text', 'json_object', 'json_schema'])) {
    case 'text':
      return undefined
    case 'json_object':
      if (!/json/i.test(said))
        throw refuse(
          "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
          ['input'],
        )
      return 'object'
    case 'json_schema':
      format.object(['type', 'name', 'description', 'schema', 'strict'])
      return readAnswerSchema(format, { place: ['text', 'format', 'schema'], strict: format.at('strict').flag() })
  }
}

function readTool(tool: Node): readonly OfferedTool[] {
  switch (tool.at('type').text()) {
    case 'function': {
      tool.object(['type', 'name', 'description', 'parameters', 'strict', 'defer_loading'])
      const name = readName(tool.at('name'))
      // Without a word about it, an unsuited schema is taken as a loose one.
      return [{ name, schema: readParameters(tool.at('parameters'), { name, strict: tool.at('strict').flag() }) }]
    }
    case 'custom':
      return [{ name: readName(tool.object(['type', 'name', 'description', 'format', 'defer_loading']).at('name')) }]
  }
  if (!HOSTED.test(tool.at('type').text()))
    throw openAiComplaints.wrongValue(tool.at('type').path, tool.at('type').value, ['function', 'custom'])
  return []
}

const HOSTED =
  /^(web_search|file_search|code_interpreter|computer|image_generation|mcp|shell|local_shell|apply_patch|namespace|tool_search)/

function readChoice(node: Node, tools: readonly OfferedTool[]): Asked['choice'] {
  if (!node.isThere) return 'free'
  if (typeof node.value === 'string') {
    const choice = node.oneOf(['none', 'auto', 'required'])
    if (choice === 'required' && tools.length === 0)
      throw refuse("Tool choice 'required' must be specified with 'tools' parameter.", ['tool_choice'])
    return choice === 'auto' ? 'free' : choice === 'none' ? 'none' : 'forced'
  }
  const type = node.at('type').text()
  if (type === 'allowed_tools') return node.at('mode').oneOf(['auto', 'required']) === 'auto' ? 'free' : 'forced'
  if (type !== 'function' && type !== 'custom') return 'free'
  const name = node.object(['type', 'name']).at('name').text()
  if (!tools.some((tool) => tool.name === name))
    throw refuse(`Tool choice '${type}' not found in 'tools' parameter.`, ['tool_choice'])
  return { name }
}
