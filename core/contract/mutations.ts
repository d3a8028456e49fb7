import * as fc from 'fast-check'
import { asList, asObject, type Json, type JsonObject } from '../json.ts'

/** Any JSON object at all. */
export const anyBody = (): fc.Arbitrary<JsonObject> =>
  fc.dictionary(fc.oneof(key(), fc.string()), fc.oneof(value(), fc.jsonValue()), { maxKeys: 6 }).map(asData)

/** One of these bodies with one to three things wrong in it: a field gone, of another type, doubled, or hostile. */
export const mutated = (bodies: readonly JsonObject[]): fc.Arbitrary<JsonObject> =>
  bodies.length === 0
    ? fc.constant({})
    : fc
        .tuple(fc.nat(bodies.length - 1), fc.array(fc.tuple(fc.nat(), change()), { minLength: 1, maxLength: 3 }))
        .map(([index, changes]) => {
          const changed = changes.reduce<Json>((body, [pick, apply]) => {
            const paths = pathsOf(body)
            return changedAt(body, paths[pick % paths.length] ?? [], apply)
          }, bodies[index] ?? {})
          return asObject(changed) ?? {}
        })

/** Lists in lists. */
export function nested(levels: number): Json {
  let json: Json = []
  for (let level = 0; level < levels; level++) json = [json]
  return json
}

type Path = readonly (string | number)[]
/** Gives the value that stands there instead; `undefined` removes it. */
type Change = (value: Json) => Json | undefined

const change = (): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.constant<Change>(() => undefined),
    fc.constant<Change>((old) => [old]),
    fc.constant<Change>((old) => [old, old]),
    fc.constant<Change>((old) => ({ value: old })),
    fc.constant<Change>((old) =>
      asObject(old) === undefined ? JSON.stringify(old) : { ...asObject(old), ...HOSTILE },
    ),
    value().map(
      (json): Change =>
        () =>
          json,
    ),
  )

const value = (): fc.Arbitrary<Json> =>
  fc.oneof(
    fc.constantFrom<Json>(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      1e308,
      '',
      ' ',
      '\n',
      '\ud800',
      '\udc00x',
      'data:;base64,',
      'data:image/png;base64,####',
      '{"cut":',
      '[]',
      'null',
      'system',
      'user',
      'function',
      'text',
      [],
      {},
      [[]],
      [null],
      [{}],
      HOSTILE,
      [HOSTILE],
    ),
    fc.constant(nested(70)),
    fc.jsonValue({ maxDepth: 2 }).map((json) => asData(json)),
  )

const key = (): fc.Arbitrary<string> =>
  fc.constantFrom(
    'model',
    'messages',
    'input',
    'contents',
    'tools',
    'tool_choice',
    'system',
    'instructions',
    'stop',
    'max_tokens',
    'generationConfig',
    'choices',
    'content',
    'candidates',
    'output',
    'usage',
    'type',
    'role',
    'error',
    'id',
    '__proto__',
    'constructor',
    'toString',
  )

const HOSTILE: JsonObject = JSON.parse(
  '{"__proto__":{"polluted":true,"type":"text"},"constructor":{"prototype":{}},"toString":null}',
)

/** Every place in a value, the value itself left out. */
function pathsOf(json: Json, path: Path = []): readonly Path[] {
  const list = asList(json)
  const object = asObject(json)
  const inner: readonly (readonly [string | number, Json])[] =
    list !== undefined ? list.map((item, index) => [index, item]) : object !== undefined ? Object.entries(object) : []
  return inner.flatMap(([step, item]) => [[...path, step], ...pathsOf(item, [...path, step])])
}

function changedAt(json: Json, [step, ...rest]: Path, apply: Change): Json {
  if (step === undefined) return json
  const replace = (old: Json): Json | undefined => (rest.length === 0 ? apply(old) : changedAt(old, rest, apply))
  const list = asList(json)
  if (list !== undefined) {
    return list.flatMap((item, index) => {
      const now = index === step ? replace(item) : item
      return now === undefined ? [] : [now]
    })
  }
  const entries = Object.entries(asObject(json) ?? {}).flatMap(([name, item]) => {
    const now = name === step ? replace(item) : item
    return now === undefined ? [] : [[name, now] as const]
  })
  // `fromEntries` defines properties, so a `__proto__` stays one.
  return Object.fromEntries(entries)
}

const asData = <Value>(json: Value): Value & JsonObject => JSON.parse(JSON.stringify(json) ?? '{}')
