import type { WireId } from '../../core/chat.ts'
import { asList, asObject, type Json, type JsonObject } from '../../core/json.ts'
import { objects, present, text } from './json-parts.ts'

/** The request that a client of the wire sends next: its own history with the reply as it got it, an answer to each call, and a question. */
export function nextRequest(wire: WireId, reply: JsonObject): JsonObject {
  switch (wire) {
    case 'openai-chat': {
      const message = asObject(objects(reply['choices'])[0]?.['message']) ?? {}
      const answers = objects(message['tool_calls']).map(
        ({ id }): Json => ({ role: 'tool', tool_call_id: id ?? null, content: 'Done' }),
      )
      return {
        model: 'model',
        messages: [{ role: 'user', content: 'Begin' }, message, ...answers, { role: 'user', content: 'Go on' }],
      }
    }
    case 'openai-responses': {
      const items = asList(reply['output']) ?? []
      const calls = objects(items).filter(({ type }) => type === 'function_call' || type === 'custom_tool_call')
      const answers = calls.map(
        ({ call_id, type }): Json => ({ type: `${text(type)}_output`, call_id: call_id ?? null, output: 'Done' }),
      )
      return {
        model: 'model',
        store: false,
        input: [{ role: 'user', content: 'Begin' }, ...items, ...answers, { role: 'user', content: 'Go on' }],
      }
    }
    case 'anthropic': {
      const content = asList(reply['content']) ?? []
      const calls = objects(content).filter(({ type }) => type === 'tool_use')
      const answers = calls.map(({ id }): Json => ({ type: 'tool_result', tool_use_id: id ?? null, content: 'Done' }))
      const said = [
        { role: 'user', content: 'Begin' },
        { role: 'assistant', content },
        { role: 'user', content: [...answers, { type: 'text', text: 'Go on' }] },
      ]
      return { model: 'model', max_tokens: 100, messages: said }
    }
    case 'gemini': {
      const content = asObject(objects(reply['candidates'])[0]?.['content']) ?? {}
      const calls = present(objects(content['parts']).map(({ functionCall }) => asObject(functionCall)))
      const answers = calls.map(
        ({ id, name }): Json => ({
          functionResponse: { ...(id === undefined ? {} : { id }), name: name ?? null, response: { output: 'Done' } },
        }),
      )
      return {
        contents: [
          { role: 'user', parts: [{ text: 'Begin' }] },
          { role: 'model', ...content },
          { role: 'user', parts: [...answers, { text: 'Go on' }] },
        ],
      }
    }
  }
}

/** The opaque state in a reply, as its vendor wrote it: what must come back unchanged. */
export function proofsIn(wire: WireId, reply: JsonObject): readonly string[] {
  switch (wire) {
    case 'openai-chat':
      return []
    case 'openai-responses':
      return some(
        objects(reply['output']).map((item) => (item['type'] === 'reasoning' ? text(item['encrypted_content']) : '')),
      )
    case 'anthropic':
      return some(
        objects(reply['content']).map(
          (block) => text(block['signature']) || (block['type'] === 'redacted_thinking' ? text(block['data']) : ''),
        ),
      )
    case 'gemini':
      return some(
        objects(asObject(objects(reply['candidates'])[0]?.['content'])?.['parts']).map((part) =>
          text(part['thoughtSignature']),
        ),
      )
  }
}

const some = (texts: readonly string[]): readonly string[] => texts.filter((one) => one !== '')
