import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkCommand, configCommand } from './commands.ts'
import { revisionOf } from './file.ts'
import { keepLastGood } from './last-good.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sekisho-commands-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(command: typeof checkCommand, text: string, environment: Record<string, string> = {}) {
  const config = join(folder, 'sekisho.yaml')
  writeFileSync(config, text)
  const lines: string[] = []
  const code = await command({ environment, flags: { config, data: folder }, print: (line) => lines.push(line) })
  return { code, lines: lines.map((line) => line.replace(config, 'sekisho.yaml')) }
}

const keep = (text: string) =>
  keepLastGood(folder, { text, revision: revisionOf(text), path: null, at: '2026-01-01T00:00:00.000Z' })

describe('sekisho check', () => {
  test('says every problem and exits with 1', async () => {
    expect(await run(checkCommand, 'lisen: {}\nlog: {level: loud}\n')).toEqual({
      code: 1,
      lines: [
        'sekisho.yaml:2: log.level: must be one of debug, info, warn, error',
        "sekisho.yaml:1: lisen: unknown field; did you mean 'listen'?",
        '2 problems',
      ],
    })
  })

  test('says that there is nothing to compare with before anything ran', async () => {
    const { code, lines } = await run(checkCommand, '')
    expect(code).toBe(0)
    expect(lines).toEqual([
      'sekisho.yaml is valid',
      'nothing has run from this data folder yet, so there is nothing to compare with',
    ])
  })

  test('says what would change, and what only a new start takes over', async () => {
    await keep('listen: {port: 1}\nlog: {level: warn}\nmodels: {old: {targets: [demo/demo-chat]}}\n')
    const text = 'listen: {port: 2}\nlog: {level: warn}\nproviders: {v: {kind: vllm, credential: "${KEY}"}}\n'
    const { code, lines } = await run(checkCommand, text, { KEY: 'sk-very-secret' })
    expect(code).toBe(0)
    expect(lines).toEqual([
      'sekisho.yaml is valid',
      expect.stringContaining('changes against what ran last (revision '),
      '  ~ listen.port: 1 -> 2  (at the next start)',
      '  + providers.v.kind = "vllm"',
      '  + providers.v.credential = "${KEY}"',
      '  + providers.v.inFlightMax = 100',
      '  + models = {}',
      '  - models.old.targets[0] = "demo/demo-chat"',
      '  - models.old.order = "in-order"',
      '  - models.old.lossy = "warn"',
    ])
  })

  test('says that nothing changes when only the writing did', async () => {
    await keep('listen: {port: 1}\n')
    const { lines } = await run(checkCommand, '# a comment\nlisten:\n  port: 1\n')
    expect(lines[1]).toMatch(/^nothing changes/)
  })
})

describe('sekisho config', () => {
  test('says every value and where it comes from, and no secret', async () => {
    const text = 'listen:\n  port: 1\nproviders:\n  v:\n    kind: vllm\n    credential: "${KEY}"\n'
    const { code, lines } = await run(configCommand, text, {
      KEY: 'sk-very-secret',
      SEKISHO_HOST: '::1',
      GROQ_API_KEY: 'gsk-secret',
    })
    expect(code).toBe(0)
    expect(lines).toContain('listen.port = 1  # file:2')
    expect(lines).toContain('listen.host = "::1"  # environment:SEKISHO_HOST')
    expect(lines).toContain('limits.queueMax = 1000  # default')
    expect(lines).toContain('providers.v.credential = [secret] from ${KEY}  # file:6')
    expect(lines).toContain('providers.groq.credential = [secret] from ${GROQ_API_KEY}  # environment:GROQ_API_KEY')
    expect(lines.join('\n')).not.toMatch(/very-secret|gsk-secret/)
  })

  test('shows what would really run when the file is broken: the last good one, and why', async () => {
    await keep('listen: {port: 7}\n')
    const { code, lines } = await run(configCommand, 'listen: 5\n')
    expect(code).toBe(0)
    expect(lines[0]).toBe('# refused: sekisho.yaml:1: listen: must be a map of fields')
    expect(lines).toContain('listen.port = 7  # file:1')
  })
})
