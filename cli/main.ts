import { readFile } from 'node:fs/promises'
import { run } from './run.ts'

/** The `sekisho` command, except for what runs the gateway itself. Returns the exit code: 0 done, 1 refused or failed, 2 not understood. */
export const main = (argv: readonly string[]): Promise<number> =>
  run(argv, {
    environment: process.env,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    readText: (path) => readFile(path, 'utf8'),
  })
