import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pricesCommand } from './prices-command.ts'
import { NO_STORED_PRICES, readStoredPrices, storedPath } from './world/price-files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-prices-command-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-30' }
const price = (from: string, input: number) => ({ from, source: 'page', rates: { input, output: 8 } })
const file = (...prices: readonly object[]) => ({
  provider: 'openai',
  sources: { page },
  models: [{ id: 'gpt-unheard-of', prices }],
})

interface Asked {
  readonly words?: readonly string[]
  /** What the person at the terminal says; absent: nobody is there. */
  readonly answer?: boolean
}

async function update(content: object | string, { words = [], answer }: Asked = {}) {
  const from = join(folder, 'new.json')
  writeFileSync(from, typeof content === 'string' ? content : JSON.stringify(content))
  const said = { out: new Array<string>(), err: new Array<string>(), asked: new Array<string>() }
  const ask = (question: string) => {
    said.asked.push(question)
    return Promise.resolve(answer === true)
  }
  const code = await pricesCommand(['update', '--from', from, ...words], {
    environment: { SEKISHO_DATA: join(folder, 'data') },
    print: (line) => said.out.push(line),
    complain: (line) => said.err.push(line.replace(from, 'new.json')),
    ask: answer === undefined ? undefined : ask,
  })
  return { code, ...said }
}
const kept = async () => (await readStoredPrices(join(folder, 'data'), NO_STORED_PRICES)).prices

describe('prices update', () => {
  test('shows what changes and changes nothing, where nobody says yes', async () => {
    expect(await update(file(price('2026-12-01', 1)))).toEqual({
      code: 0,
      out: [
        '  + openai/gpt-unheard-of from 2026-12-01: input none -> 1',
        '  + openai/gpt-unheard-of from 2026-12-01: output none -> 8',
        '2 changes',
        'nothing was changed; --yes takes them over',
      ],
      err: [],
      asked: [],
    })
    const refused = await update(file(price('2026-12-01', 1)), { answer: false })
    expect(refused.asked).toEqual(['Take these prices over?'])
    expect(refused.out.at(-1)).toMatch(/^nothing was changed/)
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })

  test.each<Asked>([{ words: ['--yes'] }, { answer: true }])('takes over what was agreed to (%j)', async (asked) => {
    const { code, out } = await update(file(price('2026-12-01', 1)), asked)
    expect(code).toBe(0)
    expect(out.at(-1)).toMatch(/^kept in .*openai\.json; a running gateway takes them over with its next reload/)
    expect((await kept()).get('openai/gpt-unheard-of')).toMatchObject([{ rates: { input: 1_000_000 }, source: page }])
  })

  test('says the difference to what was taken over before, and keeps what it does not name', async () => {
    await update(file(price('2026-12-01', 1)), { words: ['--yes'] })
    const { out } = await update(file(price('2027-01-01', 0.5)), { words: ['--yes'] })
    expect(out.slice(0, -1)).toEqual(['  + openai/gpt-unheard-of from 2027-01-01: input 1 -> 0.5', '1 change'])
    expect((await update(file(price('2027-01-01', 0.25)))).out[0]).toBe(
      '  ~ openai/gpt-unheard-of from 2027-01-01: input 0.5 -> 0.25',
    )
    expect((await kept()).get('openai/gpt-unheard-of')).toHaveLength(2)
    expect(await update(file(price('2027-01-01', 0.5)), { words: ['--yes'] })).toMatchObject({
      code: 0,
      out: ['nothing changes'],
    })
  })

  test('holds the catalogue against a file of its own form', async () => {
    const text = readFileSync(new URL('../catalog/openai.json', import.meta.url), 'utf8')
    expect(await update(text, { words: ['--yes'] })).toMatchObject({ code: 0, out: ['nothing changes'], err: [] })
  })

  test.each(['{', '', '[]', JSON.stringify(file(price('2026-12-01', -1))), JSON.stringify(file({}))])(
    'refuses a file that is wrong and changes nothing: %j',
    async (text) => {
      await update(file(price('2026-12-01', 1)), { words: ['--yes'] })
      const before = readFileSync(storedPath(join(folder, 'data'), 'openai'), 'utf8')
      const { code, out, err } = await update(text, { words: ['--yes'] })
      expect({ code, out }).toEqual({ code: 1, out: [] })
      expect(err[0]).toMatch(/^new\.json: /)
      expect(err.at(-1)).toMatch(/^\d+ problems?$/)
      expect(readFileSync(storedPath(join(folder, 'data'), 'openai'), 'utf8')).toBe(before)
    },
  )

  test('says that what was taken over before is broken, before it replaces it', async () => {
    await update(file(price('2026-12-01', 1)), { words: ['--yes'] })
    writeFileSync(storedPath(join(folder, 'data'), 'openai'), '{')
    const { out } = await update(file(price('2027-01-01', 2)), { words: ['--yes'] })
    expect(out[0]).toMatch(/openai\.json is broken and would be replaced: is no JSON$/)
    expect((await kept()).get('openai/gpt-unheard-of')).toHaveLength(1)
  })

  test.each([
    [[], '"" is not understood'],
    [['update'], '--from is needed'],
    [['update', '--from'], "Option '--from <value>' argument missing"],
    [['update', 'more', '--from', 'x'], '"more" is not understood'],
    [['update', '--from', 'x', '--force'], "Unknown option '--force'"],
  ])('%j is not understood, and says why', async (words, why) => {
    const err: string[] = []
    const nothing = { environment: {}, print: () => {}, ask: undefined }
    expect(await pricesCommand(words, { ...nothing, complain: (line) => err.push(line) })).toBe(2)
    expect(err[0]).toContain(why)
  })

  test('a file that is not there is said', async () => {
    const err: string[] = []
    const nothing = { environment: {}, print: () => {}, ask: undefined }
    const words = ['update', '--from', join(folder, 'nowhere.json')]
    expect(await pricesCommand(words, { ...nothing, complain: (line) => err.push(line) })).toBe(1)
    expect(err[0]).toMatch(/nowhere\.json: there is no such file$/)
  })
})
