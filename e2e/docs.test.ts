import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fault, type FaultCode } from '../core/fault.ts'
import { PROVIDER_KINDS } from '../core/providers/index.ts'
import { faultBody } from '../core/wires/openai-chat/fault.ts'
import { configReference } from '../scripts/config-reference.ts'
import { checkCommand } from '../server/config/commands.ts'
import { startGateway, type Gateway } from './kit/gateway.ts'
import { allPages, blocksOf, codeWords, linksOf, type Page, pageAt, ROOT, textAt } from './kit/pages.ts'
import { withPostgres } from './kit/postgres.ts'

// What the pages promise is tried: commands are run as they are printed, and what they name must be there.

const pages = allPages()
const README = pageAt('README.md')
const OPERATIONS = pageAt('docs/operations.md')

describe('commands', () => {
  const shared: { gateway?: Gateway } = {}
  beforeAll(async () => {
    shared.gateway = await startGateway()
  })
  afterAll(() => shared.gateway?.dispose())

  const runnable = [README, OPERATIONS, ...pages.filter(({ path }) => path.startsWith('docs/guides/'))].filter(
    // Its commands need a database server of somebody else's; its own test is below.
    ({ path }) => path !== 'docs/guides/postgres.md',
  )

  test.each(runnable)('of $path run as they stand there, one after the other', async (page) => {
    // The setup token works once: a page that uses it has a gateway of its own.
    const own = commandsOf(page).includes('sekisho setup') ? await startGateway() : undefined
    try {
      await runCommands(page, own ?? running(shared.gateway))
    } finally {
      await own?.dispose()
    }
  })

  test('the TypeScript of README.md runs, and is answered by the demo vendor', async () => {
    const gateway = running(shared.gateway)
    for (const { text } of blocksOf(README, 'ts')) {
      const program = text.replaceAll('http://127.0.0.1:4100', gateway.url)
      const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '--eval', program], {
        cwd: ROOT,
        env: { PATH: process.env['PATH'], SEKISHO_KEY: gateway.firstKey },
      })
      expect(stdout).toContain('You said: "Hello"')
    }
    expect(blocksOf(README, 'ts')).toHaveLength(1)
  })

  test.each(codeWords(README).flatMap((word) => /^GET (\/\S+)$/.exec(word)?.[1] ?? []))(
    'GET %s answers',
    async (path) => {
      expect(await running(shared.gateway).ask(path, {})).toMatchObject({ status: 200 })
    },
  )

  test('npm is asked only for scripts that package.json has', () => {
    const scripts: unknown = JSON.parse(textAt('package.json'))
    const asked = pages.flatMap((page) =>
      [...commandsOf(page).matchAll(/^npm (?:run )?([a-z]+)/gm)].map(([, name = '']) => name),
    )
    expect(asked).toEqual(expect.arrayContaining(['start', 'test', 'verify', 'bench']))
    for (const name of asked.filter((one) => one !== 'pack')) expect(scripts).toHaveProperty(['scripts', name])
  })

  test('docs/operations.md and /metrics name the same figures', async () => {
    const { text } = await running(shared.gateway).metrics()
    const served = [...text.matchAll(/^# HELP (sekisho_\w+)/gm)].map(([, name = '']) => name)
    const told = codeWords(OPERATIONS).filter((word) => word.startsWith('sekisho_'))
    expect([...new Set(told)].toSorted()).toEqual(served.toSorted())
  })
})

describe('docs/guides/postgres.md', () => {
  const postgres = withPostgres()

  test('its SQL makes a database on which the gateway starts', async () => {
    const [sql] = blocksOf(pageAt('docs/guides/postgres.md'), 'sql')
    const client = new pg.Client({ connectionString: postgres.adminUrl })
    await client.connect()
    // The roles of those names are the test server's own already.
    const statements = (sql?.text ?? '').replaceAll(/sekisho(?!_server)/g, 'guide').split(';\n')
    await client.query('DROP OWNED BY sekisho_server; DROP ROLE sekisho_server')
    for (const statement of statements) if (statement !== '') await client.query(statement)
    await client.end()
    const urlOf = (role: string) => postgres.adminUrl.replace(/\/\/[^@]*@\/\w+/, `//${role}@/guide`)
    const gateway = await startGateway({
      databaseUrl: urlOf('sekisho_server'),
      env: { SEKISHO_DATABASE_OWNER_URL: urlOf('guide') },
    })
    try {
      expect(await gateway.readyz()).toMatchObject({ status: 200 })
    } finally {
      await gateway.dispose()
    }
  })
})

describe('configuration', () => {
  const examples = pages.flatMap((page) =>
    blocksOf(page, 'yaml').map(({ text }, index) => ({ page: page.path, index, text })),
  )

  test.each(examples)('the example of $page ($index) is accepted by sekisho check', async ({ text }) => {
    const folder = mkdtempSync(join(tmpdir(), 'sekisho docs '))
    try {
      const config = join(folder, 'sekisho.yaml')
      writeFileSync(config, text)
      const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'test-credential'] as const)
      const lines: string[] = []
      const print = (line: string) => void lines.push(line)
      const environment = Object.fromEntries(names)
      const code = await checkCommand({ environment, flags: { config, data: join(folder, 'data') }, print })
      expect([code, lines[0]]).toEqual([0, `${config} is valid`])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('every field that a page names is one', () => {
    const fields = [...configReference().matchAll(/^\| `([^`]+)`/gm)].map(([, path = '']) => path)
    const sections = new Set(fields.map((field) => field.split('.')[0]))
    const named = pages
      .flatMap(codeWords)
      .filter((word) => /^[a-z]+\.[a-zA-Z]+$/.test(word) && sections.has(word.split('.')[0]))
    expect(
      named.filter((word) => !/\.(?:ts|md|yaml)$/.test(word) && !fields.includes(word) && word !== 'config.show'),
    ).toEqual([])
  })
})

describe('names', () => {
  const sources = filesBelow('server', 'cli', 'bin', 'scripts').map(textAt).join('\n')
  const found = (text: string, pattern: RegExp): readonly string[] => [...new Set(text.match(pattern))].toSorted()

  test('every SEKISHO_ variable that is read is in docs/operations.md, and no page names another', () => {
    const read = found(sources, /\bSEKISHO_[A-Z_]+\b/g)
    expect(found(OPERATIONS.text, /\bSEKISHO_[A-Z_]+\b/g)).toEqual(read)
    // The key in the examples is the reader's own variable.
    const named = pages.flatMap(({ text }) => found(text, /\bSEKISHO_[A-Z_]+\b/g))
    expect(named.filter((name) => !read.includes(name) && name !== 'SEKISHO_KEY')).toEqual([])
  })

  test('every x-sekisho header that is sent is in docs/operations.md, and no page names another', () => {
    const sent = found(sources, /\bx-sekisho-[a-z-]*[a-z]\b/g)
    expect(found(OPERATIONS.text, /\bx-sekisho-[a-z-]*[a-z]\b/g)).toEqual(sent)
    for (const { text } of pages)
      expect(sent).toEqual(expect.arrayContaining([...found(text, /\bx-sekisho-[a-z-]*[a-z]\b/g)]))
  })

  test('README.md lists every variable that brings a vendor', () => {
    const known = PROVIDER_KINDS.map(({ environment }) => environment.credential ?? environment.url)
    const named = codeWords(README).filter(
      (word) => /^[A-Z]+_(?:API_KEY|HOST)$/.test(word) && !word.startsWith('SEKISHO'),
    )
    expect([...new Set(named)].toSorted()).toEqual(known.filter((name) => name !== undefined).toSorted())
  })

  test('every status and code in the table of answers is one that is given', () => {
    const codes = [...textAt('core/fault.ts').matchAll(/^ {2}(\w+): \{ status: \d/gm)].map(
      // The key of the table itself.
      ([, code = '']) => new Fault(code as FaultCode, ''),
    )
    const given = codes.map((fault) => {
      const { error }: { error: { code: string } } = JSON.parse(faultBody(fault))
      return `${fault.status} ${error.code}`
    })
    const rows = [...OPERATIONS.text.matchAll(/^\| ([45]\d\d(?:, \d+)*) \| (`[^|]+`) \|/gm)]
    const told = rows.flatMap(([, statuses = '', cell = '']) => {
      const all = statuses.split(', ')
      return [...cell.matchAll(/`(\w+)`/g)].map(([, code = ''], index) => `${all[index] ?? all.at(-1)} ${code}`)
    })
    expect(told.length).toBeGreaterThan(15)
    expect(told.filter((one) => !given.includes(one))).toEqual([])
  })
})

describe('pages', () => {
  test.each(pages)('$path leads only to what is there', (page) => {
    const targets = linksOf(page).map((target) => join(dirname(page.path), target.split('#')[0] ?? ''))
    const files = codeWords(page).filter((word) =>
      /^(?:core|server|cli|bin|catalog|docs|bench|e2e|scripts)\/[\w./-]*$/.test(word),
    )
    expect([...targets, ...files].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('README.ja.md says the same: the same code, the same names, the same links', () => {
    const japanese = pageAt('README.ja.md')
    const named = (page: Page) => [...new Set(codeWords(page))].toSorted()
    const linked = (page: Page) => [...new Set(linksOf(page))].filter((link) => !link.startsWith('README')).toSorted()
    expect(blocksOf(japanese)).toEqual(blocksOf(README))
    expect(named(japanese)).toEqual(named(README))
    expect(linked(japanese)).toEqual(linked(README))
  })

  test('ARCHITECTURE.md has every part on its map, and fits a page', () => {
    const { text } = pageAt('ARCHITECTURE.md')
    const folders = [
      ...new Set(
        filesBelow('core', 'server', 'cli', 'bin', 'catalog', 'bench', 'scripts').map((path) => dirname(path)),
      ),
    ]
    const parts = folders.filter((path) => !path.startsWith('core/') && path !== 'server/store/migrations')
    expect(parts.filter((path) => !text.includes(`\`${path}/\``))).toEqual([])
    expect(text.split('\n').length).toBeLessThan(100)
  })

  test('every decision is in the list, under its own number', () => {
    const list = textAt('docs/decisions/README.md')
    const files = readdirSync(join(ROOT, 'docs/decisions')).filter((name) => name !== 'README.md')
    for (const [index, name] of files.toSorted().entries()) {
      const number = index + 1
      const [title] = textAt(`docs/decisions/${name}`).split('\n')
      expect(name).toMatch(new RegExp(`^${String(number).padStart(4, '0')}-[a-z-]+\\.md$`))
      expect(list).toContain(`${title?.replace(/^# (\d+)\. (.*)$/, '$1. [$2]')}(${name})`)
    }
  })
})

const run = promisify(execFile)

function running(gateway: Gateway | undefined): Gateway {
  if (gateway === undefined) throw new Error('the gateway has not started')
  return gateway
}

const commandsOf = (page: Page): string =>
  blocksOf(page, 'sh')
    .map(({ text }) => text)
    .join('\n')

/**
 * Runs a page's commands in one shell, in a folder of their own. `npx sekisho` is the command of this checkout; npm only gets its flags for
 * `serve` looked at; what a page leaves out as `setup_...` is put in.
 */
async function runCommands(page: Page, gateway: Gateway): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho docs '))
  try {
    const commands = commandsOf(page)
      .replaceAll('http://127.0.0.1:4100', gateway.url)
      .replaceAll('setup_...', gateway.setupToken)
      .replaceAll('sek_...', gateway.firstKey)
      .replaceAll('svc_...', `$(grep -o 'svc_[0-9A-Za-z_]*' said | tail -n 1)`)
      .replaceAll('"$KEY_ID"', `"$(sed -n 's/^ *id  *//p' said | tail -n 1)"`)
    // Not asked for where the page makes the administrator itself.
    const token = commands.includes('SEKISHO_TOKEN=') ? {} : { SEKISHO_TOKEN: await gateway.serviceToken() }
    await run('bash', ['-c', PRELUDE + commands], {
      cwd: folder,
      env: {
        ...token,
        PATH: process.env['PATH'],
        SEKISHO: `${ROOT}bin/sekisho.mjs`,
        SEKISHO_URL: gateway.url,
        NODE: process.execPath,
      },
      timeout: 50_000,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// Shell functions stand in for the programs, so that the lines of the page stay as they are.
const PRELUDE = `
set -euo pipefail
npx() { [ "$1" = sekisho ]; shift; "$NODE" "$SEKISHO" "$@" | tee -a said; }
npm() { [ "$1" != start ] || [ "$#" -lt 3 ] || "$NODE" "$SEKISHO" check "\${@:3}"; }
curl() { command curl --silent --show-error --fail "$@"; }
`

/** Program files, tests left out. */
function filesBelow(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => /\.(?:ts|mjs|json|sql)$/.test(path) && !path.endsWith('.test.ts')),
  )
}
