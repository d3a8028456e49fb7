import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import { type At, anything, keywords, type LoseKeyword, type SchemaForm } from './schema-keywords.ts'
import { merged } from './schema-merge.ts'

/**
 * Rewrites a JSON Schema into what the vendor takes (wire-formats 1.6). A pure function of the schema, keys in the order in which they
 * stand there, because prompt caches and prefix checks see every byte. Bounded in depth and in size, also where references point at each other.
 */
export function rewriteSchema(schema: JsonObject, form: SchemaForm, lose: LoseKeyword): JsonObject {
  const rewriting = { root: schema, form, lose, node, nodesLeft: NODES_MAX }
  return node(schema, { rewriting, depthLeft: DEPTH_MAX, inside: [] })
}

const DEPTH_MAX = 48
const NODES_MAX = 5_000

function node(value: Json, at: At): JsonObject {
  const { rewriting } = at
  if (at.depthLeft === 0 || rewriting.nodesLeft-- <= 0) {
    rewriting.lose('depth', 'dropped', 'the schema is too large or too deep')
    return anything(rewriting.form)
  }
  // A schema may also be `true`: anything goes.
  const schema = asObject(value)
  if (schema === undefined) return anything(rewriting.form)
  const below: At = { ...at, depthLeft: at.depthLeft - 1 }
  return asList(schema['allOf']) !== undefined || schema['$ref'] !== undefined
    ? composed(schema, below)
    : keywords(schema, below)
}

/** A node that takes something in from elsewhere: `allOf` and `$ref`. */
function composed(schema: JsonObject, at: At): JsonObject {
  const { form, lose } = at.rewriting
  const { allOf, $ref, ...beside } = schema
  const branches = asList(allOf)
  if (branches !== undefined) {
    lose('allOf', 'emulated', 'its branches are merged into one schema')
    const parts = branches.map((branch) => resolved(branch, at)).filter((part) => part !== undefined)
    return node(merged([$ref === undefined ? beside : { $ref, ...beside }, ...parts]), at)
  }
  const reference = typeof $ref === 'string' ? $ref : ''
  if (form === 'json-schema' && isShared(reference)) return referring(reference, beside, at)
  const target = at.inside.includes(reference) ? undefined : pointedAt(reference, at.rewriting.root)
  if (target === undefined) {
    lose('$ref', 'dropped', 'a reference that leads nowhere or into itself cannot be written out')
    return keywords(Object.keys(beside).length > 0 ? beside : { type: 'object' }, at)
  }
  if (form === 'openapi') lose('$ref', 'emulated', 'what it points at is written out')
  return node(merged([beside, target]), { ...at, inside: [...at.inside, reference] })
}

/** The newer form keeps references, alone in their node: what stands beside one goes around it. */
function referring(reference: string, beside: JsonObject, at: At): JsonObject {
  const $ref = reference.replace(/^#\/definitions\//, '#/$defs/')
  const around = keywords(beside, at)
  const alone = Object.keys(around).every((key) => key.startsWith('$'))
  if (alone) return { ...around, $ref }
  at.rewriting.lose('$ref', 'emulated', 'keywords beside a reference are put around it')
  return { ...around, anyOf: [{ $ref }] }
}

const isShared = (reference: string): boolean => /^#(?:$|\/(?:\$defs|definitions)\/[^/]+$)/.test(reference)

/** A branch of `allOf` with what it refers to, one step deep: the rest is done when the merged node is read. */
function resolved(branch: Json, at: At): JsonObject | undefined {
  const schema = asObject(branch)
  const reference = schema?.['$ref']
  if (typeof reference !== 'string') return schema
  const { $ref: _, ...beside } = schema ?? {}
  const target = at.inside.includes(reference) ? undefined : pointedAt(reference, at.rewriting.root)
  return target === undefined ? beside : merged([beside, target])
}

/** What a reference inside of the same schema means (JSON pointer, RFC 6901). */
function pointedAt(reference: string, root: JsonObject): JsonObject | undefined {
  if (!reference.startsWith('#/')) return undefined
  let value: Json | undefined = root
  for (const step of reference.slice(2).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const parent: JsonObject | undefined = asObject(value)
    value = parent !== undefined && Object.hasOwn(parent, key) ? parent[key] : undefined
  }
  return asObject(value)
}
