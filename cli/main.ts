import { readFile } from 'node:fs/promises'
import { asObject, asText, parseJson } from '../core/json.ts'
import { run } from './run.ts'

/** The `sekisho` command, except for what runs the gateway itself. Returns the exit code: 0 done, 1 refused or failed, 2 not understood. */
export async function main(argv: readonly string[]): Promise<number> {
  const out = (line: string): void => void process.stdout.write(`${line}\n`)
  if (argv[0] === '--version') {
    out(`sekisho ${await version()}`)
    return 0
  }
  return run(argv, {
    environment: process.env,
    out,
    err: (line) => void process.stderr.write(`${line}\n`),
    readText: (path) => readFile(path, 'utf8'),
  })
}

async function version(): Promise<string> {
  const about = asObject(parseJson(await readFile(new URL('../package.json', import.meta.url), 'utf8')))
  return asText(about?.['version']) ?? 'of an unknown version'
}
