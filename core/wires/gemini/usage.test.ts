import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inputTokens, NO_USAGE, outputTokens, type Usage } from '../../usage.ts'
import { readServiceTier, readUsage, writeUsage } from './usage.ts'

describe("a vendor's usage", () => {
  test('has its cached tokens taken out of the prompt, its tools’ added, and its thoughts beside the answer (trap 17)', () => {
    const usage = readUsage(
      {
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        toolUsePromptTokenCount: 20,
        candidatesTokenCount: 30,
        thoughtsTokenCount: 50,
        totalTokenCount: 200,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 60 },
          { modality: 'AUDIO', tokenCount: 25 },
          { modality: 'IMAGE', tokenCount: 10 },
          { modality: 'DOCUMENT', tokenCount: 5 },
        ],
        cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 15 }],
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 8 }],
      },
      3,
    )
    expect(usage).toEqual({
      ...NO_USAGE,
      input: 55,
      cacheRead: 40,
      inputAudio: 10,
      inputImage: 15,
      output: 22,
      outputImage: 8,
      reasoning: 50,
      searches: 3,
    })
  })

  test('without candidates has thought only', () => {
    expect(readUsage({ promptTokenCount: 3, thoughtsTokenCount: 9, totalTokenCount: 12 }, 0)).toMatchObject({
      output: 0,
      reasoning: 9,
    })
  })

  test.each([
    null,
    undefined,
    'much',
    {},
    { trafficType: 'ON_DEMAND' },
    { promptTokenCount: -1 },
    { promptTokenCount: 1e300 },
  ])('%j is missing, which is not zero', (value) => expect(readUsage(value, 0)).toBeUndefined())

  test('never adds up to more than the vendor reported, whatever it sent', () => {
    const count = fc.oneof(fc.nat(1_000), fc.constantFrom(-1, 1e300, 0.5))
    fc.assert(
      fc.property(
        fc.array(count, { minLength: 6, maxLength: 6 }),
        fc.nat(1_000),
        ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0], prompt) => {
          const details = (tokenCount: number) => [
            { modality: 'AUDIO', tokenCount },
            { modality: 'IMAGE', tokenCount },
            null,
            'x',
          ]
          const usage = readUsage(
            {
              promptTokenCount: prompt,
              cachedContentTokenCount: a,
              candidatesTokenCount: b,
              promptTokensDetails: details(c),
              cacheTokensDetails: details(d),
              candidatesTokensDetails: details(e),
              thoughtsTokenCount: f,
            },
            0,
          )
          expect(usage === undefined ? -1 : inputTokens(usage)).toBe(prompt)
          for (const value of Object.values(usage ?? {})) expect(value).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })

  test.each([
    [{ serviceTier: 'standard' }, null],
    [{ serviceTier: 'priority' }, 'priority'],
    [{ serviceTier: 'FLEX' }, 'flex'],
    [{ trafficType: 'ON_DEMAND' }, null],
    [{ trafficType: 'ON_DEMAND_PRIORITY' }, 'priority'],
    [{ serviceTier: 7 }, null],
    [undefined, null],
  ])('the tier of %j is %j', (value, tier) => expect(readServiceTier(value)).toBe(tier))
})

describe('usage for a client', () => {
  test('comes back as it was, but for what this wire does not tell apart', () => {
    const count = fc.nat(10_000)
    const usages: fc.Arbitrary<Usage> = fc.record({
      input: count,
      cacheRead: count,
      cacheWrite5m: count,
      cacheWrite1h: count,
      cacheWriteOther: count,
      inputAudio: count,
      inputImage: count,
      output: count,
      reasoning: count,
      outputAudio: count,
      outputImage: count,
      searches: count,
    })
    fc.assert(
      fc.property(usages, (usage) => {
        const back = readUsage(writeUsage(usage, null), usage.searches)
        const { cacheWrite5m, cacheWrite1h, cacheWriteOther } = usage
        const written = cacheWrite5m + cacheWrite1h + cacheWriteOther
        expect(back).toEqual({
          ...usage,
          input: usage.input + written,
          cacheWrite5m: 0,
          cacheWrite1h: 0,
          cacheWriteOther: 0,
        })
        expect(writeUsage(usage, null)['totalTokenCount']).toBe(inputTokens(usage) + outputTokens(usage))
      }),
    )
  })

  test('says the tier by the vendor’s name', () => {
    expect(writeUsage(NO_USAGE, 'fast')).toMatchObject({ serviceTier: 'priority' })
    expect(writeUsage(NO_USAGE, null)).not.toHaveProperty('serviceTier')
  })
})
