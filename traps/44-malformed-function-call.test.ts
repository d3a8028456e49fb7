import { describe, expect, test } from 'vitest'
import { asks } from './kit/asks.ts'
import { errorOf } from './kit/hear.ts'
import { callChunk, candidate, chunk, DONE, unnamed } from './kit/says.ts'
import { strictStream } from './kit/strict-stream.ts'
import { clientsOf, sent, stream, whole } from './kit/trip.ts'

const WORDS = ['MALFORMED_FUNCTION_CALL', 'MALFORMED_RESPONSE', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS']
const SUCCESS = /\[DONE\]|message_stop|response\.(completed|incomplete)|"finish_reason":"|"stop_reason":"/

describe.each(clientsOf('gemini'))('%s', (client) => {
  const asked = { client, vendor: 'gemini', body: asks(client, { tools: true }) } as const

  test.each(WORDS)(
    '%s is a 502 where nothing was said yet, whole or streamed, never an empty success',
    (finishReason) => {
      const reply = candidate([], { finishReason, finishMessage: 'Malformed function call: print(' })
      for (const got of [whole(sent(asked), reply), stream(sent({ ...asked, stream: true }), unnamed(reply))]) {
        expect(got.status).toBe(502)
        expect(errorOf(got)).toHaveProperty('error')
        expect(got.text).not.toMatch(SUCCESS)
      }
    },
  )

  test.each(WORDS)('%s behind words is an error in the stream, and no end', (finishReason) => {
    const events = unnamed(candidate([{ text: 'I look.' }]), candidate([], { finishReason }))
    const { status, text } = stream(sent({ ...asked, stream: true }), events)
    expect(status).toBe(200)
    expect(text).toContain('I look.')
    expect(text).not.toMatch(SUCCESS)
    expect(strictStream(client, text).error).not.toBeNull()
  })
})

test.each(clientsOf('openai-chat'))('a call that never got a name is one too, for %s', (client) => {
  const events = unnamed(
    chunk({ role: 'assistant', content: 'I look.' }),
    callChunk(0, { id: 'call_a', type: 'function', function: { arguments: '{"city":"Oslo"}' } }),
    chunk({}, { finish_reason: 'tool_calls' }),
  )
  const asked = { client, vendor: 'openai-chat', body: asks(client, { tools: true }), stream: true } as const
  const { text } = stream(sent(asked), events + DONE)
  expect(text).not.toMatch(SUCCESS)
  expect(strictStream(client, text).error).not.toBeNull()
})
