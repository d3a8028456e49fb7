import type { Chat } from '../../chat.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import { ownFields } from '../../own.ts'
import { instructionsOf } from './input-write.ts'
import { writeSettings } from './settings-write.ts'
import { WIRE } from './spelling.ts'
import { writeTools } from './tools-write.ts'
import { sameWriting } from './writing.ts'

/** The fields of a response that repeat what was asked, each with the API's own default: clients check that they are all there. */
export function echoOf(chat: Chat): JsonObject {
  const writing = sameWriting(chat)
  const asked: JsonObject = { ...writeSettings(chat, writing), ...writeTools(chat, writing) }
  return {
    background: false,
    instructions: instructionsOf(chat, writing) ?? null,
    max_output_tokens: asked['max_output_tokens'] ?? null,
    max_tool_calls: null,
    parallel_tool_calls: asked['parallel_tool_calls'] ?? true,
    presence_penalty: 0,
    frequency_penalty: 0,
    previous_response_id: null,
    prompt_cache_key: asked['prompt_cache_key'] ?? null,
    reasoning: { effort: null, summary: null, ...asObject(asked['reasoning']) },
    safety_identifier: asked['safety_identifier'] ?? null,
    // Nothing is kept behind this answer, whatever was asked.
    store: false,
    temperature: asked['temperature'] ?? 1,
    text: { format: { type: 'text' }, verbosity: 'medium', ...asObject(asked['text']) },
    tool_choice: asked['tool_choice'] ?? ownFields(chat.own, WIRE)['tool_choice'] ?? 'auto',
    tools: asList(asked['tools'])?.map(echoedTool) ?? [],
    top_logprobs: asked['top_logprobs'] ?? 0,
    top_p: asked['top_p'] ?? 1,
    truncation: 'disabled',
    user: asked['user'] ?? null,
    metadata: asked['metadata'] ?? {},
  }
}

/** The fields of a function that a client may leave out stand in every response. */
function echoedTool(tool: Json): Json {
  const fields = asObject(tool)
  return fields?.['type'] === 'function' ? { description: null, parameters: null, strict: null, ...fields } : tool
}
