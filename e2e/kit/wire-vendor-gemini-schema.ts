import { geminiComplaints, invalid, spelt } from './wire-vendor-gemini.ts'
import { isRecord, type Node, words } from './wire-vendor-check.ts'

/** Which of the two subsets of JSON Schema a field takes (wire-formats 1.6). */
export type SchemaKind = 'openapi' | 'json'

/** Refuses a keyword that the subset does not have, and an array that does not say what is in it. */
export function checkSchema(node: Node, kind: SchemaKind): void {
  const schema = node.record()
  if (kind === 'json' && typeof schema['$ref'] === 'string') return checkReference(node)
  for (const name of Object.keys(schema)) {
    if (!KEYWORDS[kind].includes(name)) throw geminiComplaints.unknown([...node.path, name])
  }
  checkType(node, kind)
  for (const name of ['properties', '$defs']) {
    const map = node.at(name)
    if (map.isThere) for (const key of Object.keys(map.record())) checkSchema(map.at(key), kind)
  }
  for (const name of ['anyOf', 'oneOf', 'prefixItems'])
    for (const choice of node.at(name).listIfThere()) checkSchema(choice, kind)
  if (isRecord(node.at('items').value)) checkSchema(node.at('items'), kind)
  if (isRecord(node.at('additionalProperties').value)) checkSchema(node.at('additionalProperties'), kind)
}

function checkReference(node: Node): void {
  const other = Object.keys(node.record()).find((name) => !name.startsWith('$'))
  if (other !== undefined)
    throw invalid(`${spelt(node.path)}: a schema with $ref cannot have ${other} beside it.`, node.path)
}

function checkType(node: Node, kind: SchemaKind): void {
  const type = node.at('type')
  if (kind === 'openapi' && type.isThere && !TYPES.includes(type.text().toUpperCase()))
    throw geminiComplaints.wrongValue(type.path, type.value, TYPES)
  const name = typeof type.value === 'string' ? type.value.toUpperCase() : ''
  if (kind === 'openapi' && name === 'ARRAY' && !node.at('items').isThere)
    throw invalid(`* GenerateContentRequest.${spelt(node.path)}.items: missing field.`, node.path)
  const values = node.at('enum').listIfThere()
  for (const value of values) if (kind === 'openapi') value.text()
  if (kind === 'openapi' && values.some((value) => value.text() === ''))
    throw invalid(`* GenerateContentRequest.${spelt(node.path)}.enum: cannot be empty`, node.path)
}

const TYPES = ['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL']
const KEYWORDS: { readonly [kind in SchemaKind]: readonly string[] } = {
  openapi: words(`
  type format title description nullable enum items minItems maxItems properties minProperties maxProperties
  required minLength maxLength pattern example anyOf propertyOrdering default minimum maximum
`),
  json: words(`
  $schema $id $defs $ref $anchor type format title description enum items prefixItems minItems maxItems minimum maximum
  anyOf oneOf properties additionalProperties required propertyOrdering
`),
}
