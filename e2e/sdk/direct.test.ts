import { afterAll, beforeAll, describe, test } from 'vitest'
import { startWireVendor, type WireVendor } from '../kit/wire-vendor.ts'
import type { ClientWire } from './client.ts'
import { clients } from './clients.ts'
import { scenarios, type ModelTraits } from './scenarios.ts'

/**
 * Every client straight at the simulated vendor, each in the wire that is its own: what they take here is the vendor's true grammar. The
 * matrix (matrix.test.ts) then puts the gateway between them.
 */

const running: { vendor?: WireVendor } = {}
beforeAll(async () => {
  running.vendor = await startWireVendor()
})
afterAll(() => running.vendor?.close())

const MODELS: { readonly [wire in ClientWire]: readonly ModelTraits[] } = {
  'openai-chat': [
    { model: 'gpt-5.2', thinking: 'level', showsThoughts: false, wantsProofs: false, needsThoughtsBack: false },
    { model: 'gpt-4.1', thinking: 'none', showsThoughts: false, wantsProofs: false, needsThoughtsBack: false },
  ],
  'openai-responses': [
    { model: 'gpt-6-sol', thinking: 'level', showsThoughts: true, wantsProofs: true, needsThoughtsBack: false },
  ],
  anthropic: [
    { model: 'claude-opus-5-5', thinking: 'level', showsThoughts: true, wantsProofs: true, needsThoughtsBack: false },
    { model: 'claude-sonnet-4-5', thinking: 'budget', showsThoughts: true, wantsProofs: true, needsThoughtsBack: true },
  ],
  gemini: [
    { model: 'gemini-3.8-flash', thinking: 'level', showsThoughts: true, wantsProofs: true, needsThoughtsBack: false },
    {
      model: 'gemini-2.5-flash',
      thinking: 'budget',
      showsThoughts: true,
      wantsProofs: false,
      needsThoughtsBack: false,
    },
  ],
}

for (const client of clients) {
  describe.each(MODELS[client.wire])(`${client.name} directly with $model`, (traits) => {
    test.each(scenarios)('$name', async ({ run }) => {
      const { vendor } = running
      if (vendor === undefined) throw new Error('no vendor')
      const session = client.open({
        root: vendor.url,
        key: 'key-of-the-test',
        model: traits.model,
        thinking: traits.thinking,
      })
      await run({ client, session, vendor, model: traits })
    })
  })
}
