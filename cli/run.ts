import { actions } from '../core/admin/index.ts'
import { type Command, commandOf, commandsOf } from './command.ts'
import { callAction, streamAction } from './call.ts'
import { commandHelp, overview } from './help.ts'
import { Misuse, readArguments } from './arguments.ts'
import { show } from './show.ts'

/** What a command sees of the machine. */
export interface Terminal {
  readonly environment: { readonly [name: string]: string | undefined }
  /** Takes one line for the result, and one for people. */
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly readText: (path: string) => Promise<string>
}

/** Runs one command line and gives its exit code. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const commands = commandsOf(actions)
  const words = argv[0] === 'help' ? argv.slice(1) : argv.filter((word) => !HELP_FLAGS.includes(word))
  const command = commandOf(commands, words)
  if (words.length < argv.length || words.length === 0) {
    terminal.out(command === undefined ? overview(commands, words[0]) : commandHelp(command))
    return 0
  }
  if (command === undefined) {
    terminal.err(unknown(words, commands))
    return 2
  }
  try {
    return await runCommand(command, words.slice(command.words(words)), terminal)
  } catch (error) {
    if (!(error instanceof Misuse)) throw error
    terminal.err(`sekisho: ${error.message}`)
    return 2
  }
}

async function runCommand(command: Command, words: readonly string[], terminal: Terminal): Promise<number> {
  const { input, json, url, token } = await readArguments(command, words, terminal)
  if (command.action.streams === true) {
    const streamed = await streamAction(command.action, input, { url, token, out: terminal.out })
    if (streamed.kind === 'refused') terminal.err(`sekisho: ${streamed.message}`)
    return streamed.kind === 'done' ? 0 : 1
  }
  const answer = await callAction(command.action, input, { url, token })
  switch (answer.kind) {
    case 'done':
      if (json) terminal.out(JSON.stringify(answer.output))
      else show(command.action, answer.output, terminal)
      return 0
    case 'refused':
      terminal.err(`sekisho: ${answer.message}`)
      return 1
  }
}

const HELP_FLAGS = ['--help', '-h']

function unknown(words: readonly string[], commands: readonly Command[]): string {
  const verbs = commands.filter(({ noun }) => noun === words[0]).map(({ noun, verb }) => `${noun} ${verb}`)
  const hint = verbs.length === 0 ? '"sekisho --help" lists all commands' : `did you mean ${verbs.join(', ')}?`
  return `sekisho: there is no command "${words.slice(0, 2).join(' ')}"; ${hint}`
}
