import { nameOf } from './arguments.ts'
import { type Command, flagOf } from './command.ts'
import { columns } from './columns.ts'

/** What `sekisho --help` says: every command with its sentence; of one noun alone for `sekisho keys --help`. */
export function overview(all: readonly Command[], noun: string | undefined): string {
  const some = all.filter((command) => command.noun === noun)
  const rows = (some.length === 0 ? all : some).map((command) => [nameOfCommand(command), command.action.summary])
  const itself = some.length === 0 ? ['The gateway itself:', ...columns(ITSELF), '', 'A running gateway:'] : []
  return [
    'Usage: sekisho COMMAND [flags]',
    '',
    ...itself,
    ...columns(rows),
    '',
    ...columns(EVERYWHERE),
    '',
    '"sekisho COMMAND --help" lists the flags of a command.',
  ].join('\n')
}

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
] as const

const EVERYWHERE = [
  ['--json', 'Print the answer as the gateway gave it'],
  ['--url URL', 'Address of the gateway (SEKISHO_URL, or http://127.0.0.1:4100)'],
  ['--token-file FILE', 'File with the service token (or set SEKISHO_TOKEN)'],
] as const
