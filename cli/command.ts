import type { Action } from '../core/action.ts'
import { type InputField, inputFields } from '../core/admin/input-fields.ts'

/** An action as a command: `keys.create` is `sekisho keys create`. */
export interface Command {
  readonly action: Action
  readonly noun: string
  readonly verb: string
  /** The noun alone is this command too: `sekisho usage`. */
  readonly short: boolean
  /** Fields that stand in the path: given without a flag, in this order. */
  readonly places: readonly InputField[]
  readonly fields: readonly InputField[]
  /** How many of these words name the command. */
  words(given: readonly string[]): number
}

export const commandsOf = (actions: readonly Action[]): readonly Command[] =>
  actions.map((action) => {
    const [noun = '', verb = ''] = action.name.split('.')
    const fields = inputFields(action.input)
    const inPath = [...action.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    const places = fields.filter(({ name }) => inPath.includes(name))
    return {
      action,
      noun,
      verb,
      short: SHORT.includes(action.name),
      places,
      fields,
      words: (given) => (given[1] === verb ? 2 : 1),
    }
  })

/** The command that the words begin with, by noun and verb or by a noun that stands for one. */
export const commandOf = (commands: readonly Command[], [noun, verb]: readonly string[]): Command | undefined =>
  commands.find((command) => command.noun === noun && command.verb === verb) ??
  commands.find((command) => command.noun === noun && command.short && (verb === undefined || verb.startsWith('-')))

const SHORT = ['usage.totals', 'setup.administrator']

/** `expiresInDays` as a flag: `expires-in-days`. */
export const flagOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
