import { describe, expect, test } from 'vitest'
import { collect } from '../collect.ts'
import type { Part, StopReason } from '../part.ts'
import { inputTokens, outputTokens } from '../usage.ts'
import type { Wire } from '../wire.ts'
import { canonical } from './canonical.ts'
import { argumentsOf, meaning } from './meaning.ts'
import { type ReplyCase, replyCases } from './replies.ts'
import { readStream, writtenStream } from './streams.ts'
import { READ_REPLY, WRITE_REPLY, type WireSamples } from './wire.ts'

/** Laws of reading and writing a reply, whole and streamed. */
export function replyLaws(wire: Wire, { replies, wires }: WireSamples): void {
  const whole = (parts: readonly Part[]) => wire.reply.read(wire.reply.write(parts, WRITE_REPLY).body, READ_REPLY)
  const streamed = (parts: readonly Part[]) => readStream(wire, writtenStream(wire, parts))

  describe('at home nothing is lost', () => {
    test.each(replies)('$name', ({ body }) => {
      const written = wire.reply.write(wire.reply.read(body, READ_REPLY), WRITE_REPLY)
      expect(canonical(written.body)).toBe(canonical(body))
      expect(written.losses).toEqual([])
    })

    test.each(replies)('fields of next year included: $name', ({ body }) => {
      const strange = { ...body, brand_new: { deep: [null, 1] }, ...JSON.parse('{"__proto__":{"polluted":true}}') }
      const written = wire.reply.write(wire.reply.read(strange, READ_REPLY), WRITE_REPLY)
      expect(canonical(written.body)).toBe(canonical(strange))
    })
  })

  describe.each(wires.map(({ id }) => id))('of a vendor that speaks %s', (issuer) => {
    describe.each(replyCases(issuer))('$name', ({ name, parts }) => {
      test('means the same whole and streamed', () => {
        expect(canonical(comparable(streamed(parts), name))).toBe(canonical(comparable(whole(parts), name)))
      })

      test('reports the same losses whole and streamed', () => {
        const writer = wire.stream.writer(WRITE_REPLY)
        for (const part of parts) writer.push(part)
        expect(writer.losses()).toEqual(wire.reply.write(parts, WRITE_REPLY).losses)
      })

      test.each([
        ['whole', whole],
        ['streamed', streamed],
      ])('keeps %s what every wire can say', (_, back) => {
        expect(canonical(essence(back(parts), name))).toBe(canonical(essence(parts, name)))
      })

      test('gives the same bytes twice', () => {
        expect(JSON.stringify(wire.reply.write(parts, WRITE_REPLY))).toBe(
          JSON.stringify(wire.reply.write(structuredClone(parts), WRITE_REPLY)),
        )
        expect(writtenStream(wire, parts)).toBe(writtenStream(wire, structuredClone(parts)))
      })
    })

    test('that was cut is written without an ending that nobody sent', () => {
      for (const { parts } of replyCases(issuer)) {
        const unfinished = parts.filter(({ kind }) => kind !== 'finish' && kind !== 'end')
        expect(collect(streamed(unfinished)).finished).toBe(false)
      }
    })
  })

  test('a call that nobody can read never ends as a success', () => {
    const broken: readonly Part[] = [
      { kind: 'start', id: 'reply-1', model: 'm' },
      { kind: 'end', choice: 0, stop: { reason: 'broken-call', native: null } },
      { kind: 'finish' },
    ]
    for (const back of [whole, streamed]) {
      const reasons = safely(() => back(broken)).flatMap((part) => (part.kind === 'end' ? [part.stop.reason] : []))
      for (const reason of reasons) expect(['stop', 'sequence', 'calls', 'pause']).not.toContain(reason)
    }
  })
}

/** Its caller turns such a reply into an error before it is written: refusing it is right as well. */
function safely(run: () => readonly Part[]): readonly Part[] {
  try {
    return run()
  } catch {
    return []
  }
}

/** A cut call is an object in the whole reply of wires whose calls are objects, and a piece of text in their streams. */
const comparable = (parts: readonly Part[], name: ReplyCase['name']) => {
  const all = meaning(parts)
  return name === CUT_CALL ? canonical(all).replace(/"given": .*/g, '"given": "cut"') : all
}
const CUT_CALL = 'a call that was cut by the limit'
const CUSTOM_CALL = 'a custom call'
const NO_USAGE_CASE = 'no usage'

/** What must survive every wire: the text, the calls, what kind of end it was, how much was used. */
function essence(parts: readonly Part[], name: ReplyCase['name']) {
  const { choices, usage, finished } = collect(parts)
  const blocks = choices.find(({ index }) => index === 0)?.blocks ?? []
  const stop = choices.find(({ index }) => index === 0)?.stop
  const calls = blocks.flatMap(({ content, text }) =>
    content.kind === 'call' ? [{ name: content.name, given: givenIn(text, name) }] : [],
  )
  const used = usage?.usage
  const counts = used && {
    input: inputTokens(used),
    cacheRead: used.cacheRead,
    output: outputTokens(used),
    reasoning: used.reasoning,
  }
  return {
    finished,
    // Where a wire has no place of its own for a refusal, its text is the answer.
    text: blocks
      .map(({ content, text }) => (content.kind === 'text' || content.kind === 'refusal' ? text : ''))
      .join(''),
    calls,
    stop: calls.length > 0 && name !== CUT_CALL ? 'calls' : kindOfStop(stop?.reason),
    // Wires that demand a count get an estimate where the vendor gave none.
    usage: name === NO_USAGE_CASE ? 'unknown' : counts,
  }
}

/** Free text of a custom tool is wrapped where there are only functions; a cut call is cut in different ways. */
const givenIn = (text: string, name: ReplyCase['name']) =>
  name === CUT_CALL || name === CUSTOM_CALL ? 'as it is there' : argumentsOf(text)

/** Wires have fewer words for an end than there are ends; these are never taken for one another (wire-formats 1.5.3). */
function kindOfStop(reason: StopReason | undefined): string | undefined {
  switch (reason) {
    case 'stop':
    case 'sequence':
    case 'pause':
      return 'said'
    case 'length':
    case 'context':
      return 'limited'
    case 'refusal':
    case 'filter':
    case 'blocked':
    case 'recitation':
      return 'declined'
    case 'calls':
    case 'broken-call':
    case undefined:
      return reason
  }
}
