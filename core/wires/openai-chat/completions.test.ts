import { describe, expect, test } from 'vitest'
import { Fault } from '../../fault.ts'
import type { JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { NO_USAGE } from '../../usage.ts'
import type { WriteReply } from '../../wire.ts'
import { completionWriter, readCompletion, writeCompletion } from './completions.ts'
import { openaiChat } from './index.ts'

const ASKED = { model: 'm', stream: false }
const TARGET = { model: 'vendor-model', account: 'main', outputTokensMax: null, dialect: {} }
const WRITE: WriteReply = {
  requestId: 'req1',
  createdAt: 1_700_000_000,
  inputEstimate: 3,
  usageAsked: true,
  chat: { model: 'asked-model', stream: true, turns: [], tools: [] },
}
const PARTS: readonly Part[] = [
  { kind: 'start', id: 'chatcmpl-1', model: 'm' },
  { kind: 'open', choice: 0, block: 0, content: { kind: 'reasoning' } },
  { kind: 'delta', choice: 0, block: 0, text: 'hm' },
  { kind: 'close', choice: 0, block: 0 },
  { kind: 'open', choice: 0, block: 1, content: { kind: 'text' } },
  { kind: 'delta', choice: 0, block: 1, text: 'once' },
  { kind: 'delta', choice: 0, block: 1, text: ' more' },
  { kind: 'close', choice: 0, block: 1 },
  { kind: 'usage', usage: { ...NO_USAGE, input: 2, output: 3 }, serviceTier: null },
  { kind: 'end', choice: 0, stop: { reason: 'length', native: null } },
  { kind: 'finish' },
]

describe('a legacy completion for a model that only chats', () => {
  test.each(['Once', ['Once']])('the prompt %j is what the user says', (prompt) => {
    expect(readCompletion({ model: 'm', prompt, max_tokens: 5, stop: '.' }, ASKED)).toMatchObject({
      model: 'm',
      turns: [{ role: 'user', blocks: [{ kind: 'text', text: 'Once' }] }],
      outputTokensMax: 5,
      stops: ['.'],
    })
  })

  test.each<[string, JsonObject]>([
    ['prompt', {}],
    ['prompt', { prompt: null }],
    ['prompt', { prompt: ['a', 'b'] }],
    ['prompt', { prompt: [] }],
    ['prompt', { prompt: [1, 2] }],
    ['prompt', { prompt: [[1, 2]] }],
    ['prompt', { prompt: {} }],
    ['max_tokens', { prompt: 'a', max_tokens: 'x' }],
    ['stream_options', { prompt: 'a', stream_options: 1 }],
  ])('%s of %j is refused', (field, body) => {
    expect(() => readCompletion(body, ASKED)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })

  test('what a chat has no field for is reported and not sent, in this wire and in others', () => {
    const body = { model: 'm', prompt: 'a', suffix: 'b', echo: true, best_of: 3, logprobs: 5, user: null }
    const written = openaiChat.request.write(readCompletion(body, ASKED), TARGET)
    expect(written.body).toEqual({ model: 'vendor-model', messages: [{ role: 'user', content: 'a' }] })
    expect(written.losses.map(({ field }) => field).toSorted()).toEqual(['best_of', 'echo', 'logprobs', 'suffix'])
  })

  test('nothing is lost where nothing was asked', () => {
    const body = {
      model: 'm',
      prompt: 'a',
      suffix: '',
      echo: false,
      best_of: 1,
      logprobs: null,
      stream_options: { include_usage: true },
    }
    expect(openaiChat.request.write(readCompletion(body, ASKED), TARGET).losses).toEqual([])
  })

  test('a whole answer is the text alone', () => {
    expect(writeCompletion(PARTS, WRITE).body).toEqual({
      id: 'cmpl-req1',
      object: 'text_completion',
      created: 1_700_000_000,
      model: 'm',
      choices: [{ text: 'once more', index: 0, logprobs: null, finish_reason: 'length' }],
      usage: expect.objectContaining({ prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 }),
    })
  })

  test('a stream has its own chunks, the usage last, and a terminal', () => {
    const writer = completionWriter(WRITE)
    const frames = PARTS.map((part) => writer.push(part))
      .join('')
      .split('\n\n')
      .filter((frame) => frame !== '')
    const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice('data: '.length)))
    expect(chunks.map(({ object }) => object)).toEqual(chunks.map(() => 'text_completion'))
    expect(chunks.map(({ choices: [choice] }) => choice?.text)).toEqual(['once', ' more', '', undefined])
    expect(chunks.map(({ choices: [choice] }) => choice?.finish_reason)).toEqual([null, null, 'length', undefined])
    expect(chunks.map(({ usage }) => usage?.total_tokens ?? null)).toEqual([null, null, null, 5])
    expect(frames.at(-1)).toBe('data: [DONE]')
  })

  test('a fault is the last event', () => {
    const writer = completionWriter(WRITE)
    expect(writer.push({ kind: 'fault', fault: new Fault('overloaded', 'busy') })).toContain('"overloaded"')
    expect(writer.push({ kind: 'finish' })).toBe('')
  })
})
