import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { stream } from '../e2e/kit/vendor-script.ts'
import { throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const CLIENTS: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

describe('a client that leaves in the middle', () => {
  test.each(CLIENTS)('%s: the vendor is told to stop, and what it has said is billed', async (client) => {
    const { vendor, chat, recordsOf } = gateway
    const number = vendor.seen.length
    vendor.enqueue(stream({ events: [5, 5, 5, 5], pace: { kind: 'driven' } }))
    vendor.next(number, 2)
    const answer = await chat({ client, vendor: 'openai-chat' }, { stream: true })
    for await (const piece of answer.pieces()) if (piece.length > 0) break
    answer.abort()
    const seen = await vendor.waitFor((one) => one.number === number && one.state !== 'open')
    expect(seen.state).toBe('left')
    expect(seen.eventsSent).toBeLessThan(4)
    const [record] = await recordsOf(answer)
    expect(record).toMatchObject({ status: 'canceled', wire: client })
    expect(record?.usage?.output).toBeGreaterThan(0)
    expect(record?.usage?.input).toBeGreaterThan(0)
  })

  test.each(CLIENTS)('%s: one that leaves before the first word ends the call as well', async (client) => {
    const { vendor, leaveEarly } = gateway
    const number = vendor.seen.length
    vendor.enqueue(stream({ pace: { kind: 'driven' } }))
    await leaveEarly({ client, vendor: 'openai-chat' })
    const seen = await vendor.waitFor((one) => one.number === number && one.state !== 'open')
    expect(seen.state).toBe('left')
  })
})
