import { createInterface } from 'node:readline/promises'

/** What a command sees of the person who typed it. */
export interface Terminal {
  /** Takes one line, without its end. */
  readonly print: (line: string) => void
  readonly complain: (line: string) => void
  /** Whether the answer to a question is yes; `undefined` when nobody is there to ask. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
}

/** Asks the person at this process's terminal, if there is one. */
export const asking = (): Terminal['ask'] => (process.stdin.isTTY && process.stdout.isTTY ? asked : undefined)

async function asked(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}
