import { put } from '../../json-object.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import type { Loss } from '../../loss.ts'

/** The two schema languages of this wire: a subset of JSON Schema (`parametersJsonSchema`), and an older one of OpenAPI (`parameters`). */
export type SchemaForm = 'json-schema' | 'openapi'

/** Told for every keyword that is not sent as it was. */
export type LoseKeyword = (keyword: string, what: Loss['what'], why: string) => void

/** One schema on its way through `rewriteSchema`. */
export interface Rewriting {
  readonly root: JsonObject
  readonly form: SchemaForm
  readonly lose: LoseKeyword
  /** Rewrites a schema inside of this one. */
  readonly node: (value: Json, at: At) => JsonObject
  nodesLeft: number
}

/** Where in the schema we are. */
export interface At {
  readonly rewriting: Rewriting
  readonly depthLeft: number
  /** The references that have led here. */
  readonly inside: readonly string[]
}

/** A schema that takes anything. In the older form one without a type is refused; a text can hold anything. */
export const anything = (form: SchemaForm): JsonObject => (form === 'openapi' ? { type: 'STRING' } : {})

/** The keywords of one schema (without `allOf` and `$ref`) in the target's language. */
export function keywords(schema: JsonObject, at: At): JsonObject {
  const { form, lose } = at.rewriting
  const draft: Draft = {}
  for (const [key, value] of Object.entries(schema)) {
    const rewrite = REWRITES.get(key)
    if (rewrite !== undefined) rewrite(draft, value, { ...at, schema })
    else if (KEPT[form].has(key)) draft[key] = value
    else if (!SAY_NOTHING.has(key)) lose(key, 'dropped', "the vendor's schemas have no such keyword")
  }
  return form === 'openapi' ? completed(draft, lose) : draft
}

type Draft = { [key: string]: Json }

interface Node extends At {
  readonly schema: JsonObject
}

type Rewrite = (draft: Draft, value: Json, at: Node) => void

const REWRITES: ReadonlyMap<string, Rewrite> = new Map<string, Rewrite>([
  ['type', writeType],
  ['nullable', writeNullable],
  ['const', writeConst],
  ['enum', writeEnum],
  ['format', writeFormat],
  ['properties', (draft, value, at) => writeMembers(draft, { key: 'properties', value, at })],
  ['$defs', writeShared],
  ['definitions', writeShared],
  ['items', writeItems],
  ['prefixItems', writePrefixItems],
  ['anyOf', writeBranches],
  ['oneOf', writeBranches],
  ['additionalProperties', writeAdditional],
  ['minimum', (draft, value) => narrow(draft, 'minimum', value)],
  ['maximum', (draft, value) => narrow(draft, 'maximum', value)],
  ['exclusiveMinimum', (draft, value, at) => writeExclusive(draft, value, { at, key: 'minimum', step: 1 })],
  ['exclusiveMaximum', (draft, value, at) => writeExclusive(draft, value, { at, key: 'maximum', step: -1 })],
])

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))
const BOTH = 'title description required minItems maxItems propertyOrdering'

const KEPT: { readonly [form in SchemaForm]: ReadonlySet<string> } = {
  'json-schema': words(`${BOTH} $id $anchor`),
  openapi: words(`${BOTH} minProperties maxProperties minLength maxLength pattern example default`),
}

/** They name the language of the schema, or speak to its author: nothing is lost without them. */
const SAY_NOTHING = new Set(['$schema', '$comment'])

function writeType(draft: Draft, value: Json, { rewriting: { form, lose } }: Node): void {
  if (form === 'json-schema') {
    // `nullable` may have made it a list already.
    draft['type'] = asList(draft['type']) === undefined ? value : withNull(value)
    return
  }
  const types = (asList(value) ?? [value]).filter((type) => typeof type === 'string')
  const [only, ...more] = types.filter((type) => type !== 'null')
  if (types.includes('null')) {
    draft['nullable'] = true
    lose('type', 'emulated', 'the type null is written as nullable')
  }
  if (only === undefined) return
  if (more.length === 0) {
    // An enum holds texts only, whatever it held.
    draft['type'] = draft['enum'] === undefined ? only.toUpperCase() : 'STRING'
    return
  }
  lose('type', 'emulated', 'several types are written as alternatives')
  draft['anyOf'] = [only, ...more].map((type) => completed({ type: type.toUpperCase() }, lose))
}

const withNull = (type: Json): Json => (typeof type === 'string' && type !== 'null' ? [type, 'null'] : type)

/** OpenAPI's word, which some clients put into JSON Schema. */
function writeNullable(draft: Draft, value: Json, { schema, rewriting: { form, lose } }: Node): void {
  if (value !== true) return
  if (form === 'openapi') {
    draft['nullable'] = true
    return
  }
  const { type } = schema
  if (typeof type !== 'string') return lose('nullable', 'dropped', 'it stands without a type')
  draft['type'] = withNull(type)
  lose('nullable', 'emulated', 'it is written as the type null')
}

function writeConst(draft: Draft, value: Json, at: Node): void {
  at.rewriting.lose('const', 'emulated', 'it is written as the only value of an enum')
  writeEnum(draft, [value], at)
}

function writeEnum(draft: Draft, value: Json, { rewriting: { form, lose } }: Node): void {
  const values = asList(value) ?? []
  if (form === 'json-schema') {
    draft['enum'] = values
    return
  }
  if (values.includes(null)) draft['nullable'] = true
  const texts = values
    .filter((one) => one !== null && one !== '')
    .map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
  if (values.some((one) => typeof one !== 'string' || one === ''))
    lose('enum', 'emulated', 'its values must be texts that are not empty')
  if (texts.length === 0) return
  draft['type'] = 'STRING'
  draft['enum'] = texts
}

function writeFormat(draft: Draft, value: Json, { schema, rewriting: { form, lose } }: Node): void {
  const isText = schema['type'] === 'string' || asList(schema['type'])?.includes('string') === true
  const taken = form === 'json-schema' || !isText || value === 'date-time' || value === 'enum'
  if (taken) draft['format'] = value
  else lose('format', 'dropped', 'only date-time is taken')
}

interface Members {
  readonly key: string
  readonly value: Json
  readonly at: At
}

function writeMembers(draft: Draft, { key, value, at }: Members): void {
  const members: Draft = {}
  for (const [name, schema] of Object.entries(asObject(value) ?? {})) {
    // Such a property must not be there: then it need not be spoken of.
    if (schema === false) at.rewriting.lose(key, 'emulated', 'a property that must not be there is left out')
    else put(members, name, at.rewriting.node(schema, at))
  }
  draft[key] = members
}

function writeShared(draft: Draft, value: Json, at: Node): void {
  // In the older form they are written out where they are used.
  if (at.rewriting.form === 'openapi') return
  const before = asObject(draft['$defs']) ?? {}
  writeMembers(draft, { key: '$defs', value, at })
  draft['$defs'] = { ...before, ...asObject(draft['$defs']) }
}

function writeItems(draft: Draft, value: Json, at: Node): void {
  const tuple = asList(value)
  if (tuple === undefined) {
    draft['items'] = value === false ? anything(at.rewriting.form) : at.rewriting.node(value, at)
    return
  }
  // A list of them is what older drafts call `prefixItems`.
  writePrefixItems(draft, tuple, at)
}

function writePrefixItems(draft: Draft, value: Json, at: Node): void {
  const schemas = (asList(value) ?? []).map((schema) => at.rewriting.node(schema, at))
  if (at.rewriting.form === 'json-schema') {
    draft['prefixItems'] = schemas
    return
  }
  at.rewriting.lose('prefixItems', 'emulated', 'the places of a list cannot differ: each may be any of them')
  const [only, ...more] = schemas
  if (only !== undefined && draft['items'] === undefined) draft['items'] = more.length === 0 ? only : { anyOf: schemas }
}

function writeBranches(draft: Draft, value: Json, at: Node): void {
  const { form, lose } = at.rewriting
  const branches = (asList(value) ?? []).map((branch) => at.rewriting.node(branch, at))
  const isOneOf = at.schema['oneOf'] === value
  if (form === 'json-schema') {
    draft[isOneOf ? 'oneOf' : 'anyOf'] = branches
    return
  }
  if (isOneOf) lose('oneOf', 'emulated', 'it is written as anyOf')
  const [only, ...more] = branches.filter((branch) => branch['type'] !== undefined || branch['anyOf'] !== undefined)
  if (branches.some((branch) => branch['nullable'] === true && branch['type'] === undefined)) draft['nullable'] = true
  if (only === undefined) return
  if (more.length > 0) draft['anyOf'] = [only, ...more]
  else Object.assign(draft, { ...only, ...draft })
}

function writeAdditional(draft: Draft, value: Json, at: Node): void {
  const { form, lose } = at.rewriting
  if (form === 'openapi')
    return lose('additionalProperties', 'dropped', "the vendor's older schemas have no such keyword")
  draft['additionalProperties'] = typeof value === 'boolean' ? value : at.rewriting.node(value, at)
}

/** Of two limits the narrower one, whichever comes first. */
function narrow(draft: Draft, key: 'minimum' | 'maximum', value: Json): void {
  const before = draft[key]
  const isNarrower =
    typeof before === 'number' && typeof value === 'number' && (key === 'minimum' ? before > value : before < value)
  if (!isNarrower) draft[key] = value
}

interface Exclusive {
  readonly at: Node
  readonly key: 'minimum' | 'maximum'
  readonly step: 1 | -1
}

function writeExclusive(draft: Draft, value: Json, { at, key, step }: Exclusive): void {
  const keyword = step === 1 ? 'exclusiveMinimum' : 'exclusiveMaximum'
  if (typeof value !== 'number') {
    // In older drafts it is a word beside the limit, and `false` says nothing.
    if (value === true) at.rewriting.lose(keyword, 'dropped', 'the limit itself is allowed too')
    return
  }
  const isWhole = at.schema['type'] === 'integer' && Number.isInteger(value)
  narrow(draft, key, isWhole ? value + step : value)
  at.rewriting.lose(
    keyword,
    'emulated',
    isWhole ? `it is written as ${key}` : `it is written as ${key}, which allows the limit itself`,
  )
}

/** What the older form demands beside what was said: a type, and the items of a list. */
function completed(draft: Draft, lose: LoseKeyword): JsonObject {
  if (draft['type'] === undefined && draft['anyOf'] === undefined && draft['nullable'] !== true)
    draft['type'] = impliedType(draft)
  if (draft['type'] === 'ARRAY' && draft['items'] === undefined) {
    draft['items'] = { type: 'STRING' }
    lose('items', 'emulated', 'a list without a type of its items is one of texts')
  }
  const required = asList(draft['required'])
  const properties = asObject(draft['properties'])
  const known = required?.filter(
    (name) => typeof name === 'string' && properties !== undefined && Object.hasOwn(properties, name),
  )
  if (known !== undefined && known.length !== required?.length) {
    lose('required', 'dropped', 'a name that is no property')
    draft['required'] = known
  }
  if (known?.length === 0) delete draft['required']
  return draft
}

function impliedType(draft: Draft): string {
  if (draft['properties'] !== undefined) return 'OBJECT'
  return draft['items'] === undefined ? 'STRING' : 'ARRAY'
}
