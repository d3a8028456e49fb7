import type { CallBlock, ForeignBlock } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { asCount, asObject } from '../../json.ts'
import { WIRE, keep, spellings } from './kept.ts'
import { clientProof, extraRest, secretIn } from './proof.ts'

/** The calls of an assistant's message. One of a kind that is not known is kept whole. */
export const readCalls = (message: Fields): readonly (CallBlock | ForeignBlock)[] =>
  (message.objects('tool_calls') ?? []).map(readCall)

/** Some nodes leave the type out, and their clients give the call back so. */
function readCall(call: Fields): CallBlock | ForeignBlock {
  const type = call.text('type')
  if (type === undefined || type === 'function') return readFunctionCall(call)
  if (type === 'custom') return readCustomCall(call)
  return { kind: 'foreign', wire: WIRE, type, json: call.json, ...keep({}, ['call']) }
}

function readFunctionCall(call: Fields): CallBlock {
  const id = call.textNeeded('id')
  const inner = call.objectNeeded('function')
  const name = inner.textNeeded('name')
  const given = inner.any('arguments') ?? ''
  const object = asObject(given)
  if (typeof given !== 'string' && object === undefined) throw badField(inner.path('arguments'), 'must be a string')
  const text = typeof given === 'string' ? given : JSON.stringify(given)
  const ways = { object: object !== undefined, argless: !inner.has('arguments'), blank: text.trim() === '' }
  return {
    kind: 'call',
    id,
    name,
    input: { kind: 'function', text },
    ...signed(call, { function: inner }, spellings({ ...ways, typeless: !call.has('type') })),
  }
}

function readCustomCall(call: Fields): CallBlock {
  const id = call.textNeeded('id')
  const inner = call.objectNeeded('custom')
  const name = inner.textNeeded('name')
  const text = inner.text('input') ?? ''
  return {
    kind: 'call',
    id,
    name,
    input: { kind: 'custom', text },
    ...signed(call, { custom: inner }, spellings({ argless: !inner.has('input') })),
  }
}

/** The call's proof, and what is kept of it. Where a stream counted its calls, its clients give the numbers back: they ask for nothing. */
function signed(call: Fields, inner: { readonly [key: string]: Fields }, spelt: readonly string[]) {
  const extra = call.json['extra_content']
  const secret = secretIn(extra)
  const rests = Object.fromEntries(Object.entries(inner).map(([key, fields]) => [key, fields.rest()]))
  const index = asCount(call.json['index'])
  const number = index === undefined ? [] : [`index ${index}`]
  if (index !== undefined) call.any('index')
  if (secret === undefined) return keep(call.restWith(rests), [...spelt, ...number])
  call.any('extra_content')
  const kept = call.restWith({ ...rests, extra_content: extraRest(extra) })
  return { proof: clientProof(secret), ...keep(kept, [...spelt, ...number]) }
}
