import { geminiComplaints, invalid, spelt } from './wire-vendor-gemini.ts'
import { checkSchema } from './wire-vendor-gemini-schema.ts'
import type { Asked, OfferedTool } from './wire-vendor-asked.ts'
import { type Node, words } from './wire-vendor-check.ts'

/** The tools that a Gemini request offers, and whether the model is free to call them. */
export function readTools(body: Node): { readonly tools: readonly OfferedTool[]; readonly choice: Asked['choice'] } {
  const tools = body
    .at('tools')
    .listIfThere()
    .flatMap((group) => {
      group.object(GROUPS)
      return group.at('functionDeclarations').listIfThere().map(readDeclaration)
    })
  const names = tools.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`Duplicate function declaration found: ${twice}`)
  return { tools, choice: readChoice(body.at('toolConfig'), tools) }
}

const GROUPS = words(`
  functionDeclarations googleSearch googleSearchRetrieval urlContext codeExecution googleMaps computerUse
  fileSearch mcpServers
`)

function readDeclaration(node: Node): OfferedTool {
  node.object([
    'name',
    'description',
    'parameters',
    'parametersJsonSchema',
    'response',
    'responseJsonSchema',
    'behavior',
  ])
  const name = node.at('name').text()
  if (!/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(name))
    throw invalid(
      `* GenerateContentRequest.${spelt(node.at('name').path)}: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`,
      node.at('name').path,
    )
  node.at('description').textIfThere()
  const [openApi, json] = [node.at('parameters'), node.at('parametersJsonSchema')]
  if (openApi.isThere && json.isThere)
    throw invalid('parameters and parameters_json_schema cannot both be set.', node.path)
  if (openApi.isThere) checkSchema(openApi, 'openapi')
  if (json.isThere) checkSchema(json, 'json')
  const given = openApi.isThere ? openApi : json
  return { name, schema: given.isThere ? given.record() : { type: 'object', properties: {} } }
}

function readChoice(config: Node, tools: readonly OfferedTool[]): Asked['choice'] {
  if (!config.isThere) return 'free'
  const node = config
    .object(['functionCallingConfig', 'retrievalConfig', 'includeServerSideToolInvocations'])
    .at('functionCallingConfig')
  if (!node.isThere) return 'free'
  node.object(['mode', 'allowedFunctionNames', 'streamFunctionCallArguments'])
  const mode = node.at('mode').isThere ? node.at('mode').text().toUpperCase() : 'AUTO'
  if (!['AUTO', 'ANY', 'NONE', 'VALIDATED', 'MODE_UNSPECIFIED'].includes(mode))
    throw geminiComplaints.wrongValue(node.at('mode').path, node.at('mode').value, [])
  const allowed = node
    .at('allowedFunctionNames')
    .listIfThere()
    .map((name) => name.text())
  if (allowed.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED')
    throw invalid('allowed_function_names should be set only when function calling mode is ANY.', node.path)
  const unknown = allowed.find((name) => !tools.some((tool) => tool.name === name))
  if (unknown !== undefined) throw invalid(`allowed_function_names: ${unknown} is not a declared function.`, node.path)
  if (mode === 'NONE') return 'none'
  if (mode !== 'ANY') return 'free'
  return allowed.length === 1 && allowed[0] !== undefined ? { name: allowed[0] } : 'forced'
}
