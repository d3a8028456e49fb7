import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from './kit/gateway.ts'

/** Says each module that the gateway loads, as it loads it. */
const WITNESS = `
import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'
registerHooks({ load: (url, context, next) => (writeSync(2, 'loaded ' + url + '\\n'), next(url, context)) })
`

/** What only the control plane needs. */
const HEAVY = /\/(kysely|fastify|@fastify\/swagger|fastify-type-provider-zod)\/|\/core\/admin\//

test.each([
  { folder: 'has an administrator', prepared: true },
  { folder: 'still waits for its administrator', prepared: false },
])(
  'a gateway on a data folder that $folder relays without loading what only the control plane needs, which comes with the first action',
  async ({ prepared }) => {
    const gateway = await startGateway()
    onTestFinished(() => gateway.dispose())
    if (prepared) await gateway.serviceToken()
    await gateway.stop()
    const witness = join(gateway.folder, 'witness.mjs')
    await writeFile(witness, WITNESS)
    await gateway.restart({ env: { NODE_OPTIONS: `--import=${pathToFileURL(witness).href}` } })
    const loaded = () => [...gateway.logs().matchAll(/^loaded (.*)$/gm)].map(([, url = '']) => url)
    const heavy = () => loaded().filter((url) => HEAVY.test(url))

    const body = { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hi' }] }
    const answer = await gateway.ask('/v1/chat/completions', { key: gateway.firstKey, body })
    expect(answer.status).toBe(200)
    await answer.text()
    await gateway.waitForRecords(1)
    expect(loaded().filter((url) => url.includes('/node_modules/pg/'))).not.toEqual([])
    expect(heavy()).toEqual([])

    await gateway.admin('GET', '/keys')
    for (const part of ['/kysely/', '/fastify/', '/core/admin/']) {
      expect(heavy().find((url) => url.includes(part))).toBeDefined()
    }
  },
)
