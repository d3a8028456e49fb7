import type { Json, JsonObject } from '../../core/json.ts'
import { askedTokens, quote } from './chat-draft.ts'
import { readSampling } from './chat-request.ts'
import { failing } from './failing.ts'
import { readFlag, readInteger, readStop, readStream } from './fields.ts'
import { generate, type Choice } from './generate.ts'
import { DEMO_CREATED, type DemoModel } from './models.ts'
import { badField } from './refusal.ts'
import type { Reply } from './reply.ts'
import { readTextInputs, type TextInput } from './text-input.ts'
import { tokensOf } from './tokens.ts'
import { usageBody, type DemoUsage } from './usage.ts'

const TOKENS = { min: 0, max: 1_000_000 }
/** What OpenAI's completions give when no number is asked for. */
const TOKENS_DEFAULT = 16
/** Of all prompts together. */
const CHOICES_MAX = 128
const ECHO_CHARACTERS_MAX = 2_000

/** Answers a text completion. `id` names the answer. */
export function completions(body: JsonObject, model: DemoModel, id: string): Reply {
  const request = readCompletions(body)
  const choices = choicesOf(request)
  const usage: DemoUsage = {
    prompt: request.prompts.reduce((sum, prompt) => sum + prompt.tokens, 0),
    completion: choices.reduce((sum, choice) => sum + choice.text.length, 0),
    reasoning: 0,
  }
  const head = { id: `cmpl-${id}`, object: 'text_completion', created: DEMO_CREATED, model: model.id }
  const asked = request.includeUsage ? usage : null
  const reply: Reply = request.stream
    ? { kind: 'stream', chunks: chunks({ choices, head, usage: asked }), chunkMs: model.tokenMs, end: 'done' }
    : { kind: 'whole', body: whole({ choices, head, usage }), waitMs: model.tokenMs * usage.completion }
  return model.manner === 'fails' ? failing(request.prompts[0]?.text ?? '', reply) : reply
}

type CompletionsRequest = ReturnType<typeof readCompletions>

function readCompletions(body: JsonObject) {
  readSampling(body)
  const prompts = readTextInputs(body['prompt'], 'prompt', CHOICES_MAX)
  const perPrompt = readInteger(body['n'], 'n', { min: 1, max: 16 }) ?? 1
  const choices = prompts.length * perPrompt
  if (choices > CHOICES_MAX) throw badField('n', `prompts and 'n' make more than ${CHOICES_MAX} choices`)
  const echo = readFlag(body['echo'], 'echo')
  if (echo && prompts.some((prompt) => prompt.text.length > ECHO_CHARACTERS_MAX)) {
    throw badField('echo', `'echo' is for prompts of up to ${ECHO_CHARACTERS_MAX} characters`)
  }
  const tokensMax = readInteger(body['max_tokens'], 'max_tokens', TOKENS) ?? TOKENS_DEFAULT
  return { prompts, perPrompt, choices, echo, tokensMax, stop: readStop(body['stop']), ...readStream(body) }
}

function choicesOf(request: CompletionsRequest): readonly TextChoice[] {
  const { prompts, perPrompt, choices, echo } = request
  return prompts.flatMap((prompt) =>
    Array.from({ length: perPrompt }, (_, index) => {
      const text = continuation(prompt, { index, choices })
      return { ...generate({ reasoning: '', text, calls: [] }, request), echoed: echo ? prompt.text : '' }
    }),
  )
}

interface TextChoice extends Choice {
  /** The prompt, for a client that wants it in front of the answer. */
  readonly echoed: string
}

interface Place {
  readonly index: number
  /** How many choices there are in all. */
  readonly choices: number
}

function continuation(prompt: TextInput, { index, choices }: Place): string {
  const said =
    askedTokens(prompt.text, choices) ??
    `That was ${prompt.tokens} tokens; the demo model goes on from ${quote(prompt.text)}`
  return ` ${said}${index === 0 ? '' : ` (choice ${index + 1})`}`
}

const whole = ({ choices, head, usage }: TextAnswer): Json => ({
  ...head,
  choices: choices.map((choice, index) => ({
    index,
    text: choice.echoed + choice.text.join(''),
    logprobs: null,
    finish_reason: choice.finish,
  })),
  usage: usageBody(usage),
})

interface TextAnswer {
  readonly choices: readonly TextChoice[]
  readonly head: JsonObject
  readonly usage: DemoUsage
}

interface TextStream {
  readonly choices: readonly TextChoice[]
  readonly head: JsonObject
  /** `null` when the client did not ask. */
  readonly usage: DemoUsage | null
}

function* chunks({ choices, head, usage }: TextStream): Generator<Json> {
  const extra = usage === null ? {} : { usage: null }
  for (const [index, choice] of choices.entries()) {
    const chunk = (text: string, finish_reason: string | null): Json => ({
      ...head,
      choices: [{ index, text, logprobs: null, finish_reason }],
      ...extra,
    })
    for (const text of tokensOf(choice.echoed)) yield chunk(text, null)
    for (const text of choice.text) yield chunk(text, null)
    yield chunk('', choice.finish)
  }
  if (usage !== null) yield { ...head, choices: [], usage: usageBody(usage) }
}
