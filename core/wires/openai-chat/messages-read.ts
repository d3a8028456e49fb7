import type { Block, Turn } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { asList, type JsonObject } from '../../json.ts'
import { readCalls } from './calls-read.ts'
import { type Content, contentNeeded, readContent } from './content-read.ts'
import { WIRE, keep, spellings } from './kept.ts'
import { clientProof, extraRest, secretIn } from './proof.ts'
import { inPlace } from './thought-place.ts'
import { readThoughts } from './thoughts.ts'

/** One turn for each message. Throws `bad_request` with the path of what is wrong. */
export function readMessages(body: Fields): readonly Turn[] {
  const messages = body.objects('messages')
  if (messages === undefined) throw badField('messages', 'is required')
  if (messages.length === 0) throw badField('messages', 'must not be empty')
  const turns = messages.map(readMessage)
  checkResults(turns)
  return turns
}

function readMessage(message: Fields): Turn {
  const role = message.textNeeded('role')
  const reader = READERS.get(role)
  if (reader === undefined) throw badField(message.path('role'), `must be one of ${[...READERS.keys()].join(', ')}`)
  return reader(message)
}

const READERS: ReadonlyMap<string, (message: Fields) => Turn> = new Map([
  ['system', (message: Fields) => readSpoken(message, 'system')],
  ['developer', (message: Fields) => readSpoken(message, 'system', ['developer'])],
  ['user', (message: Fields) => readSpoken(message, 'user')],
  ['assistant', readAssistant],
  ['tool', readResult],
  ['function', readLegacyResult],
])

function readSpoken(message: Fields, role: 'system' | 'user', spelt: readonly string[] = []): Turn {
  const content = contentNeeded(message)
  return { role, blocks: content.blocks, ...named(message), ...keep(message.rest(), [...spelt, ...content.spelt]) }
}

/** What is said and then the calls, with the reasoning before them or, where it is another wire's, in its place among them. */
function readAssistant(message: Fields): Turn {
  const content = readContent(message)
  const thoughts = readThoughts(message.json, clientProof)
  for (const field of thoughts.spelt) message.any(field)
  const refusal = message.text('refusal')
  const calls = readCalls(message)
  const { said, extra } = signedContent(message, content)
  const refused: readonly Block[] = refusal === undefined ? [] : [{ kind: 'refusal', text: refusal }]
  const blocks = inPlace(thoughts.blocks, [...said, ...refused, ...calls])
  const ways = spellings({
    absent: !Object.hasOwn(message.json, 'content'),
    callless: calls.length === 0 && message.has('tool_calls'),
    unannotated: isEmptyList(message, 'annotations'),
  })
  const spelt = [...(content?.spelt ?? []), ...thoughts.spelt, ...ways]
  return { role: 'assistant', blocks, ...named(message), ...keep(message.restWith({ extra_content: extra }), spelt) }
}

/** The vendor's proof of a text stands at its message: it belongs to the last text. */
function signedContent(message: Fields, content: Content | undefined): { said: readonly Block[]; extra?: JsonObject } {
  const said = content?.blocks ?? []
  const extra = message.json['extra_content']
  const secret = secretIn(extra)
  const at = said.findLastIndex(({ kind }) => kind === 'text')
  const text = said[at]
  if (secret === undefined || text === undefined) return { said }
  message.any('extra_content')
  return { said: said.with(at, { ...text, proof: clientProof(secret) }), extra: extraRest(extra) }
}

/** What a tool gave back is the user's to say. */
function readResult(message: Fields): Turn {
  const callId = message.textNeeded('tool_call_id')
  const name = message.text('name')
  const { blocks, spelt } = contentNeeded(message)
  const result: Block = { kind: 'result', callId, blocks, ...(name === undefined ? {} : { name }) }
  const ways = spellings({ name: name !== undefined })
  return { role: 'user', blocks: [result], ...keep(message.rest(), [...spelt, ...ways]) }
}

/** The answer of a function in the oldest way of calling one, which only this wire has: nothing stands for it elsewhere. */
function readLegacyResult(message: Fields): Turn {
  return {
    role: 'user',
    blocks: [{ kind: 'foreign', wire: WIRE, type: 'function', json: message.json, ...keep({}, ['message']) }],
  }
}

function named(message: Fields): { readonly name?: string } {
  const name = message.text('name')
  return name === undefined ? {} : { name }
}

/** An answer without its call means nothing to any vendor; one that comes late is put in its place by the writers. */
function checkResults(turns: readonly Turn[]): void {
  const called = new Set<string>()
  for (const [index, { blocks }] of turns.entries()) {
    for (const block of blocks) {
      if (block.kind === 'call') called.add(block.id)
      if (block.kind === 'result' && !called.has(block.callId)) {
        throw badField(`messages[${index}].tool_call_id`, 'there is no tool call of this id before it')
      }
    }
  }
}

/** Clients give back the empty lists of a reply: they ask for nothing. */
function isEmptyList(message: Fields, key: string): boolean {
  if (asList(message.json[key])?.length !== 0) return false
  message.any(key)
  return true
}
