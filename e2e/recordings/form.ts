import type { WireId } from '../../core/chat.ts'
import { asList, asObject, type JsonObject } from '../../core/json.ts'
import { objects, text } from './json-parts.ts'

/**
 * What a vendor of the wire asks of a request beside its meaning, and is not there; by its documentation. Usage in a stream is asked for by
 * whoever knows whether the vendor takes the question.
 */
export function formOfRequest(wire: WireId, body: JsonObject): readonly string[] {
  switch (wire) {
    case 'openai-chat':
      return faults({
        'form: model': text(body['model']) !== '',
        'form: type of a call': objects(body['messages']).every((message) =>
          objects(message['tool_calls']).every(isTyped),
        ),
      })
    case 'openai-responses':
      return faults({
        'form: model': text(body['model']) !== '',
        'form: a conversation that is not kept brings its reasoning along':
          body['store'] !== false || (asList(body['include']) ?? []).includes('reasoning.encrypted_content'),
        'form: a conversation is not kept': body['store'] !== undefined,
      })
    case 'anthropic':
      return faults({ 'form: model': text(body['model']) !== '', 'form: max_tokens': body['max_tokens'] !== undefined })
    case 'gemini': {
      const turns = objects(body['contents']).filter(({ role }) => role === 'model')
      const parts = objects(body['contents']).flatMap((content) => objects(content['parts']))
      return faults({
        'form: a call is signed, or says that it never was': turns.every((turn) => {
          const first = objects(turn['parts']).find(({ functionCall }) => functionCall !== undefined)
          return first === undefined || first['thoughtSignature'] !== undefined
        }),
        'form: a file says its type': parts.every(
          ({ fileData }) => fileData === undefined || asObject(fileData)?.['mimeType'] !== undefined,
        ),
      })
    }
  }
}

/** The same of a whole reply, or of one put together from a stream. */
export function formOfReply(wire: WireId, body: JsonObject): readonly string[] {
  switch (wire) {
    case 'openai-chat': {
      const message = asObject(objects(body['choices'])[0]?.['message']) ?? {}
      return faults({
        'form: role': message['role'] === 'assistant',
        'form: type of a call': objects(message['tool_calls']).every(isTyped),
      })
    }
    case 'openai-responses': {
      const messages = objects(body['output']).filter(({ type }) => type === 'message')
      return faults({ 'form: role': messages.every(({ role }) => role === 'assistant') })
    }
    case 'anthropic':
      return faults({ 'form: role': body['role'] === 'assistant' })
    case 'gemini': {
      const content = asObject(objects(body['candidates'])[0]?.['content'])
      return faults({ 'form: role': content === undefined || content['role'] === 'model' })
    }
  }
}

const isTyped = ({ type }: JsonObject): boolean => type === 'function' || type === 'custom'
const faults = (rules: { readonly [name: string]: boolean }): readonly string[] =>
  Object.entries(rules).flatMap(([name, holds]) => (holds ? [] : [name]))
