import type { Json, JsonObject } from '../../core/json.ts'
import { draftChat, lastUserText } from './chat-draft.ts'
import { readChat, type ChatRequest } from './chat-request.ts'
import { failing } from './failing.ts'
import { generate, tokensIn, type Call, type Choice } from './generate.ts'
import { DEMO_CREATED, type DemoModel } from './models.ts'
import type { Reply } from './reply.ts'
import { usageBody, type DemoUsage } from './usage.ts'

/** Answers a chat request. `id` names the answer. */
export function chat(body: JsonObject, model: DemoModel, id: string): Reply {
  const request = readChat(body)
  const choices = Array.from({ length: request.choices }, (_, index) =>
    generate(draftChat(request, model, index), request),
  )
  const usage = usageOf(request, choices)
  const reply: Reply = request.stream
    ? {
        kind: 'stream',
        chunks: chunks({ request, choices, usage, head: head(model, id, request) }),
        chunkMs: model.tokenMs,
        end: 'done',
      }
    : {
        kind: 'whole',
        body: whole({ request, choices, usage, head: head(model, id, request) }),
        waitMs: model.tokenMs * usage.completion,
      }
  return model.manner === 'fails' ? failing(lastUserText(request.messages), reply) : reply
}

interface Answer {
  readonly request: ChatRequest
  readonly choices: readonly Choice[]
  readonly usage: DemoUsage
  readonly head: JsonObject
}

function usageOf(request: ChatRequest, choices: readonly Choice[]): DemoUsage {
  return {
    prompt: request.promptTokens,
    completion: choices.reduce((sum, choice) => sum + tokensIn(choice), 0),
    reasoning: choices.reduce((sum, choice) => sum + choice.reasoning.length, 0),
  }
}

const head = (model: DemoModel, id: string, request: ChatRequest): JsonObject => ({
  id: `chatcmpl-${id}`,
  object: request.stream ? 'chat.completion.chunk' : 'chat.completion',
  created: DEMO_CREATED,
  model: model.id,
  service_tier: request.serviceTier,
  system_fingerprint: 'fp_demo',
})

const whole = ({ choices, usage, head }: Answer): Json => ({
  ...head,
  choices: choices.map((choice, index) => ({
    index,
    message: {
      role: 'assistant',
      content: choice.calls.length > 0 ? null : choice.text.join(''),
      ...(choice.reasoning.length > 0 ? { reasoning_content: choice.reasoning.join('') } : {}),
      ...(choice.calls.length > 0
        ? { tool_calls: choice.calls.map((call) => callBody(call, call.input.join(''))) }
        : {}),
      refusal: null,
      annotations: [],
    },
    logprobs: null,
    finish_reason: choice.finish,
  })),
  usage: usageBody(usage),
})

/** The chunks of a stream, in OpenAI's order: role, one token each, the reason of its end, and usage for those who asked. */
function* chunks({ request, choices, usage, head }: Answer): Generator<Json> {
  const extra = request.includeUsage ? { usage: null } : {}
  const turns = choices.map((choice, index) => ({ index, deltas: deltas(choice) }))
  // Choices take turns, token by token, as they do at vendors that answer several at once.
  for (let open = turns; open.length > 0; ) {
    const next: typeof open = []
    for (const turn of open) {
      const step = turn.deltas.next()
      if (step.done === true) continue
      yield { ...head, choices: [{ index: turn.index, logprobs: null, ...step.value }], ...extra }
      next.push(turn)
    }
    open = next
  }
  if (request.includeUsage) yield { ...head, choices: [], usage: usageBody(usage) }
}

function* deltas(choice: Choice): Generator<JsonObject, void> {
  const delta = (fields: JsonObject): JsonObject => ({ delta: fields, finish_reason: null })
  const content = choice.calls.length > 0 ? null : ''
  yield delta({ role: 'assistant', content, refusal: null })
  for (const reasoning_content of choice.reasoning) yield delta({ reasoning_content })
  for (const text of choice.text) yield delta({ content: text })
  for (const [index, call] of choice.calls.entries()) {
    yield delta({ tool_calls: [{ index, ...callBody(call, '') }] })
    for (const input of call.input) {
      const piece = call.kind === 'function' ? { function: { arguments: input } } : { custom: { input } }
      yield delta({ tool_calls: [{ index, ...piece }] })
    }
  }
  yield { delta: {}, finish_reason: choice.finish }
}

const callBody = (call: Call, input: string): JsonObject =>
  call.kind === 'function'
    ? { id: call.id, type: 'function', function: { name: call.name, arguments: input } }
    : { id: call.id, type: 'custom', custom: { name: call.name, input } }
