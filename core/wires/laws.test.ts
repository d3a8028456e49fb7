import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { WireId } from '../chat.ts'
import { readFixture } from '../contract/fixture.ts'
import { type NamedFixture, samplesFrom } from '../contract/fixture-samples.ts'
import { wireContract, type WireSamples } from '../contract/wire.ts'
import { asObject, asText, parseJson } from '../json.ts'
import type { StreamEvent, Wire } from '../wire.ts'
import { wires } from './index.ts'

const folder = fileURLToPath(new URL('../../fixtures/wires/', import.meta.url))
const fixtures: readonly NamedFixture[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .toSorted()
  .map((name) => [name, readFixture(readFileSync(`${folder}${name}`, 'utf8'))])

/** What the suite must know of each wire that its bodies do not say. */
const OWN: {
  readonly [id in WireId]: Pick<WireSamples, 'noise' | 'isTerminal'> & {
    foreignTool: WireSamples['feature']['foreignTool']
  }
} = {
  'openai-chat': {
    foreignTool: { type: 'moon_phase', json: { type: 'moon_phase', moon_phase: { exact: true } } },
    noise: [': keep-alive', ': PROCESSING\n\n: PROCESSING', 'event: ping', 'data:', 'id: 7\nretry: 100'],
    isTerminal: ({ data }) => data === '[DONE]',
  },
  'openai-responses': {
    foreignTool: { type: 'web_search', json: { type: 'web_search', search_context_size: 'low' } },
    noise: [
      ': keep-alive',
      'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}',
      'data:',
      'event: response.moon.phase\ndata: {"type":"response.moon.phase","phase":"full"}',
    ],
    isTerminal: typed('response.completed', 'response.incomplete', 'response.failed'),
  },
  anthropic: {
    foreignTool: {
      type: 'web_search_20250305',
      json: { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
    },
    noise: [
      ': keep-alive',
      'event: ping\ndata: {"type":"ping"}',
      'event: ping\ndata: {"type": "ping"}   ',
      'event: moon_phase\ndata: {"type":"moon_phase","phase":"full"}',
      'data:',
    ],
    isTerminal: typed('message_stop'),
  },
  gemini: {
    foreignTool: { type: 'googleSearch', json: { googleSearch: {} } },
    noise: [': keep-alive', 'data:', 'retry: 100'],
    isTerminal: ({ data }) => /"(?:finishReason|blockReason)":/.test(data),
  },
}

const all = Object.values(wires)
const samplesOf = (wire: Wire): WireSamples => {
  const { foreignTool, noise, isTerminal } = OWN[wire.id]
  return { ...samplesFrom(wire, fixtures), feature: { id: wire.id, foreignTool }, noise, isTerminal, wires: all }
}

for (const wire of all) wireContract(wire, samplesOf(wire))

describe('a field that only the client’s wire knows is reported', () => {
  const pairs = all.flatMap((client) => all.filter((vendor) => vendor !== client).map((vendor) => ({ client, vendor })))

  test.each(pairs.map(({ client, vendor }) => [client.id, vendor.id, client, vendor] as const))(
    'from %s to %s',
    (_, __, client, vendor) => {
      const target = { model: 'model', account: 'main', outputTokensMax: 8_000, dialect: {}, foreign: true } as const
      for (const { body } of samplesOf(client).requests) {
        const chat = client.request.read({ ...body, moon_phase: 'full' }, { model: 'model', stream: false })
        const { losses } = vendor.request.write(chat, target)
        expect(losses).toContainEqual(expect.objectContaining({ field: 'moon_phase', what: 'dropped' }))
      }
    },
  )
})

function typed(...types: readonly string[]): (event: StreamEvent) => boolean {
  return ({ data }) => types.includes(asText(asObject(parseJson(data))?.['type']) ?? '')
}
