import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../cli/run.ts'
import { startPlane, type TestPlane } from './kit/plane.ts'
import { withPostgres } from './kit/postgres.ts'

const postgres = withPostgres()
const started: { plane?: TestPlane } = {}
beforeAll(async () => {
  started.plane = await startPlane(await postgres.freshDatabase())
})
afterAll(() => started.plane?.close())

async function sekisho(words: readonly string[], environment: { readonly [name: string]: string } = {}) {
  const said = { out: '', err: '' }
  const code = await run(words, {
    environment: { SEKISHO_URL: started.plane?.url, ...environment },
    out: (line) => void (said.out += `${line}\n`),
    err: (line) => void (said.err += `${line}\n`),
    readText: () => Promise.reject(new Error('no such file')),
  })
  return { code, ...said }
}

test('from the setup token to a revoked key, with nothing but the command', async () => {
  const setupToken = (await started.plane?.setupToken()) ?? ''
  const setup = await sekisho(['setup', '--token', setupToken], { USER: 'ada' })
  expect(setup.code).toBe(0)
  const token = /svc_\w+/.exec(setup.out)?.[0] ?? ''
  expect(setup.err).toContain(`export SEKISHO_TOKEN=${token}`)
  expect(await sekisho(['setup', '--token', setupToken])).toMatchObject({
    code: 1,
    err: 'sekisho: There is an administrator already\n',
  })

  const asAda = { SEKISHO_TOKEN: token }
  const made = await sekisho(
    ['keys', 'create', '--name', 'ci', '--models', 'demo/*', '--expires-in-days', '7', '--json'],
    asAda,
  )
  const { id, key }: { id: string; key: string } = JSON.parse(made.out)
  expect(key).toMatch(/^sek_/)
  const listed = await sekisho(['keys', 'list'], asAda)
  expect(listed.out).toMatch(/^ {2}ID +NAME +STATE +MODELS +CREATED AT +CREATED BY +EXPIRES AT\n/)
  expect(listed.out).toContain(`${id}  ci    active  demo/*  `)

  const rotated = await sekisho(['keys', 'rotate', id, '--overlap-hours', '1'], asAda)
  expect(rotated.out).toMatch(/\n\n {2}sek_\w+\n$/)
  expect(rotated.err).toBe('This key is shown this once and kept nowhere: store it now.\n')
  expect(await sekisho(['keys', 'rotate', id, '--overlap-hours', '200'], asAda)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^sekisho: --overlap-hours: /),
  })
  expect((await sekisho(['keys', 'revoke', id], asAda)).out).toMatch(/state +revoked/)
  expect((await sekisho(['audit', 'list', '--target', id], asAda)).out).toContain('keys.revoke')
  expect(await sekisho(['usage'], asAda)).toMatchObject({ code: 0, err: 'There is nothing yet.\n' })
  expect((await sekisho(['providers', 'list'], asAda)).out).toContain('demo')
  expect(await sekisho(['keys', 'list'], { SEKISHO_TOKEN: key })).toMatchObject({
    code: 1,
    err: 'sekisho: Invalid credential: the gateway does not know this token\n',
  })
})
