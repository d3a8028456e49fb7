import { expect, test } from 'vitest'
import { HeldReply } from './held-reply.ts'

const encoder = new TextEncoder()
const held = (pieces: readonly string[], bytesMax = 100): HeldReply => {
  const reply = new HeldReply(bytesMax)
  for (const piece of pieces) reply.push(encoder.encode(piece))
  return reply
}

test('is read when all of it has come, in any number of pieces', () => {
  const reply = held(['{"a"', ':"日', '"}'])
  expect(reply.object()).toEqual({ a: '日' })
  expect(reply.bytes()).toEqual(encoder.encode('{"a":"日"}'))
})

test.each([[[]], [['[1]']], [['{"a":']], [['<html>']]])('is broken when it is %j', (pieces) => {
  expect(() => held(pieces).object()).toThrow(expect.objectContaining({ code: 'upstream_error' }))
})

test('is refused when it grows beyond the limit', () => {
  expect(() => held(['12345', '67890'], 9)).toThrow(
    expect.objectContaining({ code: 'upstream_error', reason: 'too_large' }),
  )
})
