import { test } from 'vitest'
import { withPostgres } from '../kit/postgres.ts'
import { withRelay } from '../kit/relay.ts'
import { PROCESSING, stream } from '../kit/vendor-script.ts'
const relay = withRelay(withPostgres())
test('x', async () => {
  let bad = 0
  for (let i = 0; i < 400; i++) {
  const a = await relay.chat({ stream: true, behaviour: stream({ events: [PROCESSING, PROCESSING, 1, PROCESSING, 1] }) })
  const t = await a.text()
  if (!t.includes('[DONE]') || !t.includes('tok')) { bad++; if (bad < 3) console.log(a.status, t, a.ending) }
  }
  console.log('bad', bad, relay.gateway.logs().slice(-1500))
})
