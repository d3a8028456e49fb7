import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { openLogOutput } from './log-output.ts'

/** Writes 1,000 lines, waits until each is written or lost, and says on standard error how many were lost. */
const PROGRAM = `
  const { openLogOutput } = await import(${JSON.stringify(new URL('log-output.ts', import.meta.url).href)})
  const output = openLogOutput(process.stdout)
  for (let line = 0; line < 1000; line++) {
    output.write('a line of the log\\n')
    await new Promise((resolve) => setImmediate(resolve))
  }
  process.stderr.write('lost ' + output.lost())
`

const start = (stdout: 'pipe' | number): ChildProcess =>
  spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', PROGRAM], {
    stdio: ['ignore', stdout, 'pipe'],
  })

async function endOf(child: ChildProcess): Promise<{ code: number | null; lost: number }> {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(child, 'close')
  return { code: child.exitCode, lost: Number(/lost (\d+)/.exec(said)?.[1]) }
}

test('what is written arrives, in order', () => {
  const stream = new PassThrough()
  const output = openLogOutput(stream)
  output.write('one\n')
  output.write('two\n')
  expect(String(stream.read())).toBe('one\ntwo\n')
  expect(output.lost()).toBe(0)
})

test('a reader that went away (EPIPE) costs lines, which are counted, and not the process', async () => {
  const child = start('pipe')
  child.stdout?.destroy()
  const { code, lost } = await endOf(child)
  expect(code).toBe(0)
  expect(lost).toBeGreaterThan(900)
})

// Only Linux has a file that is always full.
test.skipIf(!existsSync('/dev/full'))(
  'a full disk (ENOSPC) costs lines, which are counted, and not the process',
  async () => {
    const { code, lost } = await endOf(start(openSync('/dev/full', 'w')))
    expect(code).toBe(0)
    expect(lost).toBe(1_000)
  },
)

test('a reader that stands still costs the lines beyond a megabyte; those held arrive when it reads again', async () => {
  let goOn = (): void => undefined
  let bytes = 0
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      goOn = done
    },
  })
  const output = openLogOutput(stream)
  const line = `${'x'.repeat(1_023)}\n`
  for (let count = 0; count < 3_000; count++) output.write(line)
  const lost = output.lost()
  expect(stream.writableLength).toBeLessThan(1_100_000)
  expect(lost).toBe(3_000 - stream.writableLength / line.length)

  while (stream.writableLength > 0) {
    goOn()
    await new Promise((resolve) => setImmediate(resolve))
  }
  output.write(line)
  expect(bytes).toBe((3_000 - lost + 1) * line.length)
  expect(output.lost()).toBe(lost)
})
