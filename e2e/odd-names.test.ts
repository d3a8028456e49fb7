import { describe, expect, test } from 'vitest'
import { withPostgres } from './kit/postgres.ts'
import { withRelay } from './kit/relay.ts'
import { rateLimited, stream, whole } from './kit/vendor-script.ts'

const relay = withRelay(withPostgres(), {
  config: ({ url }) => ({ providers: { narrow: { baseUrl: url, inFlightMax: 2 } } }),
})

describe('a model name that no header can carry', () => {
  test.each(['模型', 'naïve', 'line\nfeed', 'nul\u0000', 'tab\t'])(
    '%j is answered, recorded once, and gives its place back',
    async (name) => {
      const before = (await relay.gateway.records()).length
      for (const behaviour of [whole({}), stream({}), rateLimited(1)]) {
        const streams = behaviour.kind === 'stream'
        const response = await relay.chat({ model: `narrow/${name}`, ...(streams ? { stream: true } : {}), behaviour })
        await response.text()
        expect(response.ending).toBe('complete')
        expect(response.header('x-sekisho-target')).toMatch(/^narrow\/[\x20-\x7e]+$/)
      }
      await relay.whenIdle()
      expect(await relay.gateway.waitForRecords(before + 3)).toHaveLength(before + 3)
      expect((await relay.gateway.metrics()).value('sekisho_provider_in_flight', { provider: 'narrow' })).toBe(0)
    },
  )
})
