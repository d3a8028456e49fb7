import { DEFAULT_OWNER } from '../../core/owner.ts'
import { WIRE_IDS } from '../../core/chat.ts'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttemptIntent, AttemptRecord } from '../../core/attempt.ts'
import { OPERATIONS } from '../../core/operation.ts'
import { NO_USAGE, USAGE_KINDS, type Usage } from '../../core/usage.ts'
import {
  readAt,
  readId,
  readIntent,
  readProgress,
  readSettle,
  SETTLE_COLUMNS,
  USAGE_COLUMNS,
  writeCarry,
  writeIntent,
  writeProgress,
  writeSettle,
} from './journal-record.ts'
import { intentOf, recordOf } from './ledger-test-kit.ts'

const count = fc.nat(Number.MAX_SAFE_INTEGER)
const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((name) => !name.includes('\0'))
const usages: fc.Arbitrary<Usage> = fc
  .array(count, { minLength: USAGE_KINDS.length, maxLength: USAGE_KINDS.length })
  .map((figures) => ({ ...NO_USAGE, ...Object.fromEntries(USAGE_KINDS.map((kind, index) => [kind, figures[index]])) }))
const sources = fc.constantFrom('vendor' as const, 'running' as const, 'counted' as const)
const intents: fc.Arbitrary<AttemptIntent> = fc.record({
  id: fc.uuid(),
  requestId: text,
  attempt: count,
  at: count,
  keyId: text,
  owner: fc.record({
    organisationId: text,
    teamId: fc.option(text),
    projectId: fc.option(text),
    userId: fc.option(text),
  }),
  operation: fc.constantFrom(...OPERATIONS),
  stream: fc.boolean(),
  modelAsked: text,
  provider: text,
  modelSent: text,
  priceVersion: fc.option(text),
  inputEstimate: count,
  budgets: fc.array(fc.record({ budgetId: text, stepMs: count }), { maxLength: 3 }),
})
const records: fc.Arbitrary<AttemptRecord> = fc
  .tuple(
    intents,
    fc.record({
      status: fc.constantFrom(
        'complete' as const,
        'partial' as const,
        'canceled' as const,
        'failed' as const,
        'interrupted' as const,
      ),
      reason: fc.option(text),
      httpStatus: fc.option(fc.nat(999)),
      modelAnswered: fc.option(text),
      usage: fc.option(usages),
      usageSource: fc.option(sources),
      serviceTier: fc.option(text),
      bookings: fc.array(fc.record({ budgetId: text, stepMs: count, nano: count }), { maxLength: 3 }),
      wire: fc.option(fc.constantFrom(...WIRE_IDS)),
      vendorWire: fc.option(fc.constantFrom(...WIRE_IDS)),
      losses: fc.option(text),
      replyId: fc.option(text),
      costNano: fc.option(count),
      pricing: fc.constantFrom('known' as const, 'unknown' as const),
      queueUs: count,
      gatewayUs: count,
      firstByteUs: fc.option(count),
      totalUs: count,
    }),
  )
  .map(([intent, end]) => ({
    ...intent,
    ...end,
    budgets: end.bookings.map(({ budgetId, stepMs }) => ({ budgetId, stepMs })),
  }))

describe('a journal payload', () => {
  test('of an end is read as it was written', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(readSettle(writeSettle(record))).toEqual(record)
      }),
    )
  })

  test('of an intent is read as it was written, carried or not', () => {
    fc.assert(
      fc.property(intents, usages, sources, (intent, usage, source) => {
        expect(readIntent(writeIntent(intent))).toEqual({ intent, progress: null })
        expect(readIntent(writeCarry(intent, null))).toEqual({ intent, progress: null })
        expect(readIntent(writeCarry(intent, { usage, source }))).toEqual({
          intent,
          progress: { id: intent.id, usage, source },
        })
      }),
    )
  })

  test('of a figure is read as it was written', () => {
    fc.assert(
      fc.property(fc.uuid(), usages, sources, (id, usage, source) => {
        expect(readProgress(writeProgress({ id, usage, source }))).toEqual({ id, usage, source })
      }),
    )
  })

  test('tells whose it is without being parsed', () => {
    const intent = intentOf()
    const progress = { id: intent.id, usage: NO_USAGE, source: 'running' as const }
    for (const payload of [
      writeIntent(intent),
      writeCarry(intent, null),
      writeProgress(progress),
      writeSettle(recordOf(intent)),
    ]) {
      expect(readId(Buffer.from(payload))).toBe(intent.id)
    }
  })

  test('keeps the order of its columns for ever: files of older versions must stay readable', () => {
    const usage = {
      ...NO_USAGE,
      input: 1,
      cacheRead: 2,
      cacheWrite5m: 3,
      cacheWrite1h: 4,
      cacheWriteOther: 5,
      inputAudio: 6,
      inputImage: 7,
    }
    const record = recordOf(intentOf({ id: 'i', requestId: 'r' }), {
      usage: { ...usage, output: 8, reasoning: 9, outputAudio: 10, outputImage: 11, searches: 12 },
      wire: 'gemini',
      vendorWire: 'anthropic',
      losses: 'top_k=dropped',
      replyId: 'resp_1',
    })
    expect(writeSettle(record)).toBe(
      '["i",1763726400000,"r",1,"key_1","chat",true,"fast","demo","demo-small","demo/demo-small@2025-01-01",40,' +
        '"complete",null,200,"demo-small-2025",[1,2,3,4,5,6,7,8,9,10,11,12],"vendor","default",1234,"known",5,120,4000,90000,' +
        '"gemini","anthropic","top_k=dropped","resp_1",["default00000",null,null,null],[]]',
    )
  })

  test('of a version that knew no organisations belongs to the one that every installation has', () => {
    const intent = '["i",1763726400000,"r",1,"key_1","chat",true,"fast","demo","demo-small",null,40]'
    expect(readIntent(intent)?.intent.owner).toEqual(DEFAULT_OWNER)
    expect(readIntent(intent.replace(/]$/, ',null,null]'))).toMatchObject({
      intent: { owner: DEFAULT_OWNER },
      progress: null,
    })
  })

  test('of a version that knew nothing of wires is still read', () => {
    const known = readSettle(
      '["i",1763726400000,"r",1,"key_1","chat",true,"fast","demo","demo-small",null,40,' +
        '"complete",null,200,"demo-small-2025",null,null,null,1234,"known",5,120,4000,90000]',
    )
    expect(known).toMatchObject({
      status: 'complete',
      totalUs: 90_000,
      wire: null,
      vendorWire: null,
      losses: null,
      replyId: null,
      owner: DEFAULT_OWNER,
    })
  })

  test('names the places of its columns as it writes them', () => {
    const columns = Object.fromEntries(SETTLE_COLUMNS.map((name, index) => [name, index]))
    const record = recordOf(intentOf())
    const written = JSON.parse(writeSettle(record))
    for (const name of SETTLE_COLUMNS.filter(
      (column) => column !== 'usage' && column !== 'owner' && column !== 'bookings',
    ))
      expect(written[columns[name] ?? -1]).toEqual(record[name])
    expect(written[columns['usage'] ?? -1]).toEqual(USAGE_COLUMNS.map((kind) => record.usage?.[kind]))
    expect(written).toHaveLength(SETTLE_COLUMNS.length)
    expect(new Set(USAGE_COLUMNS)).toEqual(new Set(USAGE_KINDS))
  })

  test('tells when its request arrived, also where that is nonsense', () => {
    expect(readAt(writeSettle(recordOf(intentOf({ at: 1_763_726_400_123 }))))).toBe(1_763_726_400_123)
    for (const payload of ['', '[]', '["id"]', '["id",null,1]', '["id",-5,1]', '["id","x",1]'])
      expect(readAt(payload)).toBeUndefined()
  })

  test('replaces what no database stores as text', () => {
    expect(readSettle(writeSettle(recordOf(intentOf({ modelAsked: 'a\0b', keyId: '\ud800' }))))).toMatchObject({
      modelAsked: 'a\ufffdb',
      keyId: '\ufffd',
    })
  })

  test('cuts endless names from outside and rounds durations, so that an end can always be kept', () => {
    const record = recordOf(intentOf({ modelAsked: 'm'.repeat(100_000) }), { totalUs: 1.5, queueUs: Number.NaN })
    expect(readSettle(writeSettle(record))).toMatchObject({ modelAsked: 'm'.repeat(256), totalUs: 2, queueUs: 0 })
  })

  test('that is none of ours is not read as one', () => {
    for (const payload of ['', '{}', '[]', '[1,2,3]', 'null', '["id"]']) {
      expect(readSettle(payload)).toBeUndefined()
      expect(readIntent(payload)).toBeUndefined()
      expect(readProgress(payload)).toBeUndefined()
    }
  })
})
