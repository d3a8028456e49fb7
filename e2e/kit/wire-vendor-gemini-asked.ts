import type { Asked } from './wire-vendor-asked.ts'
import { Node, words } from './wire-vendor-check.ts'
import { calledIn, geminiComplaints, invalid, modelRules, snake } from './wire-vendor-gemini.ts'
import { readContents, readSystem } from './wire-vendor-gemini-contents.ts'
import { readTools } from './wire-vendor-gemini-tools.ts'
import type { GeminiRules } from './wire-vendor-models.ts'
import { checkSchema } from './wire-vendor-gemini-schema.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

/** Reads a call of `generateContent`, `streamGenerateContent` or `countTokens` as the Gemini API does. */
export function readGemini(request: VendorRequest): Asked {
  const { model, method } = calledIn(request.path)
  const rules = modelRules(model, method)
  const whole = new Node(request.body, [], geminiComplaints)
  const body = method === 'countTokens' ? countedRequest(whole) : whole
  body.object(KNOWN)
  const config = body.at('generationConfig')
  if (config.isThere) config.object(CONFIG)
  checkConfig(config, rules)
  const { tools, choice } = readTools(body)
  if (tools.length > 0 && config.at('responseMimeType').value === 'application/json' && !rules.jsonWithTools)
    throw invalid("Function calling with a response mime type: 'application/json' is unsupported")
  const thinking = readThinking(config.at('thinkingConfig'), rules)
  const { turns, proofs } = readContents(body.at('contents'), { request, rules })
  const schema = readFormat(config)
  const limit = config.at('maxOutputTokens')
  return {
    model,
    rules,
    stream: method === 'streamGenerateContent',
    system: readSystem(body.at('systemInstruction')),
    turns,
    tools,
    choice,
    parallel: true,
    ...(schema === undefined ? {} : { schema }),
    thinks: thinking.on,
    thoughtsShown: thinking.shown,
    ...(limit.isThere ? { outputTokensMax: limit.integer() } : {}),
    stops: config
      .at('stopSequences')
      .listIfThere()
      .map((stop) => stop.text()),
    proofs,
  }
}

const KNOWN = words(`
  contents systemInstruction generationConfig tools toolConfig safetySettings cachedContent serviceTier store
  continuationToken model
`)
const CONFIG = words(`
  temperature topP topK candidateCount maxOutputTokens stopSequences responseMimeType responseSchema
  responseJsonSchema responseFormat seed responseLogprobs logprobs presencePenalty frequencyPenalty
  thinkingConfig speechConfig mediaResolution imageConfig responseModalities enableEnhancedCivicAnswers
`)

function countedRequest(body: Node): Node {
  body.object(['contents', 'generateContentRequest'])
  const inner = body.at('generateContentRequest')
  if (!inner.isThere) return body
  if (body.at('contents').isThere) throw invalid('Only one of contents or generate_content_request can be set.')
  inner.at('model').text()
  return inner
}

function checkConfig(config: Node, rules: GeminiRules): void {
  for (const name of ['temperature', 'topP', 'topK', 'presencePenalty', 'frequencyPenalty']) {
    if (!config.at(name).isThere) continue
    config.at(name).number()
    if (rules.sampling === 'refused' && !name.endsWith('Penalty'))
      throw invalid(`${snake(name)} is not supported for this model.`, config.at(name).path)
  }
  if (
    config.at('temperature').isThere &&
    (config.at('temperature').number() < 0 || config.at('temperature').number() > 2)
  )
    throw invalid(
      '* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].',
    )
  const stops = config.at('stopSequences').listIfThere()
  if (stops.length > 5)
    throw invalid('The number of stop sequences must be at most 5.', config.at('stopSequences').path)
  if (stops.some((stop) => stop.text() === ''))
    throw invalid('stop_sequences must not contain empty strings.', config.at('stopSequences').path)
  const candidates = config.at('candidateCount')
  if (candidates.isThere && candidates.integer() > 1 && !rules.severalCandidates)
    throw invalid('Multiple candidates is not enabled for this model', candidates.path)
  const limit = config.at('maxOutputTokens')
  if (limit.isThere && (limit.integer() < 1 || limit.integer() > rules.outputTokensMax))
    throw invalid(
      `Unable to submit request because it has a maxOutputTokens value of ${limit.integer()} but the supported range is from 1 (inclusive) to ${rules.outputTokensMax + 1} (exclusive).`,
      limit.path,
    )
}

function readThinking(node: Node, rules: GeminiRules): { readonly on: boolean; readonly shown: boolean } {
  if (!node.isThere) return { on: rules.thinking !== 'none', shown: false }
  if (rules.thinking === 'none') throw invalid('Thinking is not enabled for this model.', node.path)
  node.object(['includeThoughts', 'thinkingBudget', 'thinkingLevel'])
  const [budget, level] = [node.at('thinkingBudget'), node.at('thinkingLevel')]
  if (budget.isThere && level.isThere)
    throw invalid('You can only set only one of thinking budget and thinking level.', node.path)
  if (level.isThere) checkLevel(level, rules)
  if (budget.isThere) checkBudget(budget, rules)
  return { on: budget.value !== 0, shown: node.at('includeThoughts').flag() }
}

function checkLevel(node: Node, rules: GeminiRules): void {
  const level = node.text().toUpperCase()
  if (rules.thinking !== 'level') throw invalid('Thinking level is not supported for this model.', node.path)
  if (!['MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'THINKING_LEVEL_UNSPECIFIED'].includes(level))
    throw geminiComplaints.wrongValue(node.path, node.value, [])
  if (!rules.levels.includes(level))
    throw invalid(
      `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`,
      node.path,
    )
}

function checkBudget(node: Node, rules: GeminiRules): void {
  const budget = node.integer()
  if (rules.budget === undefined || rules.thinking !== 'budget')
    throw invalid('Thinking budget is not supported for this model. Use thinking level instead.', node.path)
  const { min, max, off } = rules.budget
  if (budget === -1 || (budget === 0 && off)) return
  if (budget === 0) throw invalid('Budget 0 is invalid. This model only works in thinking mode.', node.path)
  if (budget < min || budget > max)
    throw invalid(
      `The thinking budget ${budget} is invalid. Please choose a value between ${min} and ${max}.`,
      node.path,
    )
}

function readFormat(config: Node): Asked['schema'] {
  const mime = config.at('responseMimeType').textIfThere()
  const [openApi, json] = [config.at('responseSchema'), config.at('responseJsonSchema')]
  if (openApi.isThere && json.isThere)
    throw invalid('Only one of response_schema and response_json_schema can be set.', config.path)
  const given = openApi.isThere ? openApi : json
  if (given.isThere && mime !== 'application/json' && mime !== 'text/x.enum')
    throw invalid("response_schema is only supported with response mime type 'application/json'.", given.path)
  if (!given.isThere) return mime === 'application/json' ? 'object' : undefined
  checkSchema(given, openApi.isThere ? 'openapi' : 'json')
  return given.record()
}
