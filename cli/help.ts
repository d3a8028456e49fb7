import { nameOf } from './arguments.ts'
import { type Command, flagOf } from './command.ts'
import { columns } from './columns.ts'

/** What `sekisho --help` says: every command with its sentence; of one noun alone for `sekisho keys --help`. */
export function overview(all: readonly Command[], noun: string | undefined): string {
  if (noun === 'prices') return pricesHelp()
  const itself = ITSELF.filter(([name]) => name === noun)
  const some = all.filter((command) => command.noun === noun)
  if (itself.length > 0) return itselfHelp(itself, some)
  const rows = rowsOf(some.length === 0 ? all : some)
  const everything = ['The gateway itself:', ...columns(ITSELF), '', 'A running gateway:']
  return [
    'Usage: sekisho COMMAND [flags]',
    '',
    ...(some.length === 0 ? everything : []),
    ...columns(rows),
    '',
    ...columns(EVERYWHERE),
    ...(some.length === 0 ? columns([VERSION]) : []),
    '',
    '"sekisho COMMAND --help" lists the flags of a command.',
  ].join('\n')
}

/** What `sekisho serve --help` says, and what of a running gateway goes by the same noun. */
const itselfHelp = (itself: readonly (readonly [string, string])[], running: readonly Command[]): string =>
  [
    ...itself.flatMap(([name, sentence]) => [`Usage: sekisho ${name} [FILE] [flags]`, '', sentence, '']),
    ...columns(ITS_FLAGS),
    ...(running.length === 0 ? [] : ['', 'A running gateway:', ...columns(rowsOf(running))]),
  ].join('\n')

const rowsOf = (commands: readonly Command[]) =>
  commands.map((command) => [nameOfCommand(command), command.action.summary])

const nameOfCommand = ({ noun, verb, short }: Command): string => (short ? `${noun} [${verb}]` : `${noun} ${verb}`)

/** What `sekisho keys create --help` says. */
export function commandHelp(command: Command): string {
  const { noun, verb, places, fields, action } = command
  const names = places.map((field) => ` ${nameOf(command, field)}`).join('')
  const flags = fields.filter((field) => !places.includes(field))
  const rows = flags.map(({ name, kind, description, required, choices, fallback }) => {
    const value = kind === 'boolean' ? '' : ` ${choices?.join('|') ?? (kind === 'number' ? 'N' : 'TEXT')}`
    const notes = [
      required ? 'needed' : '',
      kind === 'list' ? 'can be repeated' : '',
      fallback === undefined ? '' : `${fallback} when left out`,
    ]
    const note = notes.filter((text) => text !== '').join(', ')
    return [`--${flagOf(name)}${value}`, `${description}${note === '' ? '' : ` (${note})`}`] as const
  })
  const setup =
    action.permission === 'setup'
      ? [['--token TEXT', 'The setup token that the gateway printed when it started'] as const]
      : []
  return [
    `Usage: sekisho ${noun} ${verb}${names} [flags]`,
    '',
    action.summary,
    '',
    ...columns([...rows, ...setup, ...EVERYWHERE]),
  ].join('\n')
}

const ITSELF = [
  ['serve', 'Run the gateway.'],
  ['check', 'Say whether the configuration file is valid, and what would change.'],
  ['config', 'Show the configuration that would run here, each value with its origin.'],
  ['prices update', 'Show what a price file changes, and take it over.'],
] as const

/** It works on the data folder, whether or not a gateway runs there. */
const pricesHelp = (): string =>
  [
    'Usage: sekisho prices update --from FILE [flags]',
    '',
    'Show what a price file changes, and take it over. A gateway that runs reads it with its next reload (SIGHUP).',
    '',
    ...columns([
      ['--from FILE', 'The prices, in the form of catalog/openai.json'],
      ['--yes', 'Take them over without a question'],
      ['--data FOLDER', 'Folder of everything that is kept (SEKISHO_DATA, or ./data)'],
    ]),
  ].join('\n')

const EVERYWHERE = [
  ['--json', 'Print the answer as the gateway gave it'],
  ['--url URL', 'Address of the gateway (SEKISHO_URL, or http://127.0.0.1:4100)'],
  ['--token-file FILE', 'File with the service token (or set SEKISHO_TOKEN)'],
] as const

const VERSION = ['--version', 'Print the version'] as const

const ITS_FLAGS = [
  ['--config FILE', 'The configuration file (SEKISHO_CONFIG, or ./sekisho.yaml)'],
  ['--data FOLDER', 'Folder of everything that is kept (SEKISHO_DATA, or ./data)'],
  ['--host ADDRESS', 'Address to listen on (SEKISHO_HOST, or what the file says, or 127.0.0.1)'],
  ['--port N', 'Port to listen on, 0 for a free one (SEKISHO_PORT, or what the file says, or 4100)'],
] as const
