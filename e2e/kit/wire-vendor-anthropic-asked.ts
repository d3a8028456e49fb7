import { textOf, type Asked, type OfferedTool, type Schema } from './wire-vendor-asked.ts'
import { anthropicComplaints, complain, type Thinking } from './wire-vendor-anthropic.ts'
import { Node, Refusal, words } from './wire-vendor-check.ts'
import { readMessages } from './wire-vendor-anthropic-messages.ts'
import { anthropicModel, type AnthropicRules } from './wire-vendor-models.ts'
import { strictFault } from './wire-vendor-schema.ts'
import { header, type VendorRequest } from './wire-vendor-state.ts'

/** Reads `POST /v1/messages`, and `/v1/messages/count_tokens`, as Anthropic does. */
export function readAnthropic(request: VendorRequest): Asked {
  const version = readVersion(request)
  const counts = request.path.endsWith('/count_tokens')
  const known = counts ? KNOWN.filter((name) => !ONLY_TO_CREATE.includes(name)) : KNOWN
  const beta = header(request, 'anthropic-beta') !== undefined
  const body = new Node(request.body, [], anthropicComplaints).object(beta ? [...known, ...BETA_FIELDS] : known)
  const { model, rules } = readModel(body)
  const outputTokensMax = counts ? undefined : readLimit(body.at('max_tokens'), model, rules)
  const thinking = readThinking(body, { rules, outputTokensMax })
  readOutputConfig(body, rules)
  checkSampling(body, { rules, version, thinks: thinking.on })
  const tools = readTools(body.at('tools'))
  const choice = readChoice(body.at('tool_choice'), { rules, thinks: thinking.fixed, tools })
  checkCacheMarks(request.body)
  const system = readSystem(body.at('system'))
  const said = readMessages(body, { request, rules, version, thinking })
  const schema = readFormat(body, rules)
  return {
    model,
    rules,
    stream: body.at('stream').flag(),
    system: [...system, ...said.system],
    turns: said.turns,
    tools,
    choice: choice.kind,
    parallel: choice.parallel,
    ...(schema === undefined ? {} : { schema }),
    thinks: thinking.on,
    thoughtsShown: thinking.shown,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    stops: readStops(body.at('stop_sequences')),
    proofs: said.proofs,
  }
}

const KNOWN = words(`
  model messages max_tokens system stream temperature top_p top_k stop_sequences tools tool_choice thinking
  output_config metadata service_tier speed container inference_geo cache_control
`)
const BETA_FIELDS = ['context_management', 'mcp_servers', 'fallbacks', 'compaction', 'thread', 'output_format']
const ONLY_TO_CREATE = [
  'max_tokens',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'service_tier',
]

function readVersion(request: VendorRequest): string {
  const version = header(request, 'anthropic-version')
  if (version === undefined) throw new Refusal('anthropic-version: header is required')
  if (version !== '2023-06-01' && version !== '2026-10-21')
    throw new Refusal(`anthropic-version: "${version}" is not a valid version`)
  return version
}

function readModel(body: Node): { readonly model: string; readonly rules: AnthropicRules } {
  const model = body.at('model').text()
  const rules = anthropicModel(model)
  if (rules === undefined) throw new Refusal(`model: ${model}`, { status: 404 })
  return { model, rules }
}

function readLimit(node: Node, model: string, rules: AnthropicRules): number {
  const limit = node.integer()
  if (limit < 0) throw complain(node.path, 'Input should be greater than or equal to 0')
  if (limit > rules.outputTokensMax)
    throw complain(
      node.path,
      `${limit} > ${rules.outputTokensMax}, which is the maximum allowed number of output tokens for ${model}`,
    )
  return limit
}

interface Limits {
  readonly rules: AnthropicRules
  readonly outputTokensMax: number | undefined
}

function readThinking(body: Node, { rules, outputTokensMax }: Limits): Thinking {
  const node = body.at('thinking')
  if (!node.isThere) return { on: rules.thinkingDefault, shown: !rules.omitsThoughts, fixed: false }
  node.object(['type', 'budget_tokens', 'display', 'block_binding'])
  const display = node.at('display').isThere ? node.at('display').oneOf(['summarized', 'omitted']) : undefined
  const shown = display === undefined ? !rules.omitsThoughts : display === 'summarized'
  switch (node.at('type').oneOf(['enabled', 'disabled', 'adaptive', 'between_tools'])) {
    case 'enabled':
      checkBudget(node, { rules, outputTokensMax })
      return { on: true, shown, fixed: true }
    case 'adaptive':
      if (!rules.adaptive)
        throw new Refusal('adaptive thinking is not supported on this model', { field: 'thinking.type' })
      if (node.at('budget_tokens').isThere)
        throw complain([...node.path, 'adaptive', 'budget_tokens'], 'Extra inputs are not permitted')
      return { on: true, shown, fixed: false }
    case 'disabled':
      checkOff(node, body.at('output_config').at('effort').textIfThere() ?? 'high', rules)
      return { on: false, shown, fixed: false }
    case 'between_tools':
      if (rules.canSwitchOff !== 'between-tools')
        throw new Refusal('"thinking.type.between_tools" is not supported for this model.', { field: 'thinking.type' })
      return { on: false, shown, fixed: false }
  }
}

function checkBudget(node: Node, { rules, outputTokensMax }: Limits): void {
  if (!rules.fixedBudget)
    throw new Refusal(
      '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
      { field: 'thinking.type' },
    )
  const budget = node.at('budget_tokens').integer()
  if (budget < 1024)
    throw complain(['thinking', 'enabled', 'budget_tokens'], 'Input should be greater than or equal to 1024')
  if (outputTokensMax !== undefined && budget >= outputTokensMax)
    throw new Refusal('`max_tokens` must be greater than `thinking.budget_tokens`.', { field: 'max_tokens' })
}

function checkOff(node: Node, effort: string, rules: AnthropicRules): void {
  const never = rules.canSwitchOff === 'no' || rules.canSwitchOff === 'between-tools'
  const notNow = rules.canSwitchOff !== 'yes' && (effort === 'xhigh' || effort === 'max')
  if (never || notNow)
    throw new Refusal(
      `"thinking.type.disabled" is not supported for this model${notNow && !never ? ` at effort "${effort}"` : ''}.`,
      {
        field: node.at('type').path.join('.'),
      },
    )
}

function readOutputConfig(body: Node, rules: AnthropicRules): void {
  const node = body.at('output_config')
  if (!node.isThere) return
  node.object(['effort', 'format', 'task_budget'])
  const effort = node.at('effort')
  if (!effort.isThere) return
  const named = effort.oneOf(['low', 'medium', 'high', 'xhigh', 'max'])
  if (rules.efforts.length === 0)
    throw new Refusal('This model does not support the effort parameter.', { field: 'output_config.effort' })
  if (!rules.efforts.includes(named))
    throw complain(effort.path, `effort level '${named}' is not supported on this model`)
}

function readFormat(body: Node, rules: AnthropicRules): Schema | undefined {
  const inConfig = body.at('output_config').at('format')
  const format = inConfig.isThere ? inConfig : body.at('output_format')
  if (!format.isThere) return undefined
  format.object(['type', 'schema']).at('type').oneOf(['json_schema'])
  if (!rules.schemaOutput)
    throw new Refusal('This model does not support output format.', { field: 'output_config.format' })
  const schema = format.at('schema').record()
  const fault = strictFault(schema, STRICT)
  if (fault !== undefined)
    throw new Refusal(`output_config.format.schema: ${fault}`, { field: 'output_config.format.schema' })
  return schema
}

/** Structured output does not take these, and every object must be closed. */
const STRICT = {
  allRequired: false,
  refused: words(`
  minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems uniqueItems oneOf
  not if patternProperties propertyNames minProperties maxProperties
`),
}

interface Sampled {
  readonly rules: AnthropicRules
  readonly version: string
  readonly thinks: boolean
}

function checkSampling(body: Node, { rules, version, thinks }: Sampled): void {
  const said = ['temperature', 'top_p', 'top_k'].filter((name) => body.at(name).isThere)
  for (const name of said) body.at(name).number()
  const [first] = said
  if (first === undefined) return
  if (version === '2026-10-21') throw complain([first], 'Extra inputs are not permitted')
  const temperature = body.at('temperature').isThere ? body.at('temperature').number() : 1
  if (temperature < 0 || temperature > 1) throw complain(['temperature'], 'range: 0..1')
  if (rules.sampling === 'none' && (temperature !== 1 || said.some((name) => name !== 'temperature')))
    throw new Refusal(`\`${first}\` is deprecated for this model.`, { field: first })
  if (said.includes('temperature') && said.includes('top_p') && rules.sampling === 'one')
    throw new Refusal('`temperature` and `top_p` cannot both be specified for this model. Please use only one.', {
      field: 'top_p',
    })
  if (!thinks) return
  if (temperature !== 1)
    throw new Refusal('`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.', {
      field: 'temperature',
    })
  if (said.includes('top_k'))
    throw new Refusal('`top_k` must be unset when thinking is enabled or in adaptive mode.', { field: 'top_k' })
  if (said.includes('top_p') && body.at('top_p').number() < 0.95)
    throw new Refusal('`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.', {
      field: 'top_p',
    })
}

function readTools(node: Node): readonly OfferedTool[] {
  const tools = node.listIfThere().flatMap(readTool)
  if (new Set(tools.map(({ name }) => name)).size < tools.length)
    throw new Refusal('tools: Tool names must be unique.', { field: 'tools' })
  return tools
}

function readTool(tool: Node): readonly OfferedTool[] {
  // A tool that the vendor runs itself has a dated type, and is not our model's to call.
  if (tool.at('type').isThere && tool.at('type').text() !== 'custom') return []
  tool.object(TOOL_FIELDS)
  const name = tool.at('name').text()
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name))
    throw complain([...tool.path, 'custom', 'name'], "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
  if (tool.at('description').isThere) tool.at('description').text()
  if (!tool.at('input_schema').isThere) throw complain([...tool.path, 'custom', 'input_schema'], 'Field required')
  const schema = tool.at('input_schema').record()
  if (schema['type'] !== 'object')
    throw complain([...tool.path, 'custom', 'input_schema', 'type'], "Input should be 'object'")
  const union = ['oneOf', 'allOf', 'anyOf'].find((keyword) => Object.hasOwn(schema, keyword))
  if (union !== undefined)
    throw complain(
      [...tool.path, 'custom', 'input_schema'],
      'input_schema does not support oneOf, allOf, or anyOf at the top level',
    )
  const fault = tool.at('strict').flag() ? strictFault(schema, STRICT) : undefined
  if (fault !== undefined) throw complain([...tool.path, 'custom', 'input_schema'], fault)
  return [{ name, schema }]
}

const TOOL_FIELDS = words(`
  type name description input_schema strict cache_control defer_loading input_examples eager_input_streaming
  allowed_callers
`)

interface Choosing {
  readonly rules: AnthropicRules
  readonly thinks: boolean
  readonly tools: readonly OfferedTool[]
}

function readChoice(node: Node, { rules, thinks, tools }: Choosing): { kind: Asked['choice']; parallel: boolean } {
  if (!node.isThere) return { kind: 'free', parallel: true }
  node.object(['type', 'name', 'disable_parallel_tool_use'])
  const type = node.at('type').oneOf(['auto', 'any', 'tool', 'none'])
  if (tools.length === 0 && type !== 'none')
    throw new Refusal('tool_choice: tool_choice may only be specified while providing tools.', { field: 'tool_choice' })
  const parallel = !node.at('disable_parallel_tool_use').flag()
  if (type === 'auto' || type === 'none') return { kind: type === 'auto' ? 'free' : 'none', parallel }
  if (!rules.forcedTool)
    throw new Refusal(`tool_choice.type "${type}" is not supported for this model. Use "auto" or "none".`, {
      field: 'tool_choice.type',
    })
  if (thinks)
    throw new Refusal('Thinking may not be enabled when tool_choice forces tool use.', { field: 'tool_choice' })
  if (type === 'any') return { kind: 'forced', parallel }
  const name = node.at('name').text()
  if (!tools.some((tool) => tool.name === name))
    throw new Refusal(`Tool '${name}' not found in provided tools`, { field: 'tool_choice.name' })
  return { kind: { name }, parallel }
}

function readStops(node: Node): readonly string[] {
  return node.listIfThere().map((stop) => {
    if (stop.text().trim() === '')
      throw new Refusal('stop_sequences: each stop sequence must contain non-whitespace', { field: 'stop_sequences' })
    return stop.text()
  })
}

function readSystem(node: Node): readonly string[] {
  if (!node.isThere) return []
  if (typeof node.value === 'string') return node.value === '' ? [] : [node.value]
  const texts = node.list().map((block) => {
    block.object(['type', 'text', 'cache_control', 'citations']).at('type').oneOf(['text'])
    const text = block.at('text').text()
    if (text.trim() === '')
      throw new Refusal('system: text content blocks must contain non-whitespace text', { field: 'system' })
    return text
  })
  return [textOf(texts.map((text) => ({ kind: 'text' as const, text })))]
}

/** At most four marks in the whole request. */
function checkCacheMarks(body: unknown): void {
  const marks = JSON.stringify(body).split('"cache_control":{').length - 1
  if (marks > 4) throw new Refusal(`A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`)
}
