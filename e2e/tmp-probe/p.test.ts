import { test } from 'vitest'
import { withPostgres } from '../kit/postgres.ts'
import { withRelay } from '../kit/relay.ts'
import { PROCESSING, stream } from '../kit/vendor-script.ts'
const relay = withRelay(withPostgres())
test('x', async () => {
  for (const events of [[PROCESSING, PROCESSING, 1, PROCESSING, 1], [1, PROCESSING, 1], [PROCESSING, 1]]) {
  const a = await relay.chat({ stream: true, behaviour: stream({ events }) })
  console.log(a.status, await a.text(), a.ending)
  }
})
