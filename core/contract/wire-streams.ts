import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Part } from '../part.ts'
import type { Wire } from '../wire.ts'
import { canonical } from './canonical.ts'
import { replyCases } from './replies.ts'
import { eventsIn, readChunks, readEvents, tortured, torture, writtenStream } from './streams.ts'
import type { WireSamples } from './wire.ts'

/** Laws of reading a stream: however its bytes are cut, and wherever it breaks off. */
export function streamLaws(wire: Wire, { streams, noise, isTerminal }: WireSamples): void {
  const written = replyCases(wire.id).map(({ name, parts }) => ({
    name: `written: ${name}`,
    body: writtenStream(wire, parts),
  }))

  describe.each([...streams, ...written])('$name', ({ body }) => {
    const events = eventsIn(body)

    test('gives the same parts under every torture of its bytes', () => {
      const expected = canonical(readEvents(wire, events))
      fc.assert(
        fc.property(torture(), (how) => {
          expect(canonical(readChunks(wire, tortured(events, noise, how)))).toBe(expected)
        }),
        { numRuns: 20 },
      )
    })

    test('cut behind any event before the one that ends it, is never finished', () => {
      const last = events.findIndex(isTerminal)
      for (let length = 0; length < (last < 0 ? events.length : last); length++) {
        const parts = readEvents(wire, events.slice(0, length))
        expect(parts.map(({ kind }) => kind)).not.toContain('finish')
      }
    })

    test('is well formed: every block opens before anything is said in it, closes once, and nothing follows the finish', () => {
      expect(grammarFaults(readEvents(wire, events))).toEqual([])
    })
  })
}

/** What is wrong with the order of parts, in words. */
export function grammarFaults(parts: readonly Part[]): readonly string[] {
  const faults: string[] = []
  const open = new Set<string>()
  const proven = new Set<string>()
  const ended = new Set<number>()
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'start' && index > 0) faults.push('start is not the first part')
    if (part.kind !== 'start' && index === 0 && part.kind !== 'fault') faults.push(`${part.kind} before start`)
    if ((part.kind === 'finish' || part.kind === 'fault') && index < parts.length - 1)
      faults.push(`parts behind ${part.kind}`)
    if (part.kind === 'end') {
      if (ended.has(part.choice)) faults.push(`two ends of choice ${part.choice}`)
      ended.add(part.choice)
      if ([...open].some((key) => key.startsWith(`${part.choice} `)))
        faults.push(`choice ${part.choice} ends with an open block`)
    }
    if (part.kind === 'finish' && open.size > 0) faults.push('finish with an open block')
    if (!('block' in part)) continue
    const key = `${part.choice} ${part.block}`
    if (part.kind === 'open' && open.has(key)) faults.push(`${key} opens twice`)
    if (part.kind !== 'open' && !open.has(key)) faults.push(`${part.kind} in ${key}, which is not open`)
    if (part.kind === 'prove' && proven.has(key)) faults.push(`two proofs in ${key}`)
    if (part.kind === 'prove') proven.add(key)
    if (part.kind === 'open') open.add(key)
    if (part.kind === 'close') open.delete(key)
  }
  return faults
}
