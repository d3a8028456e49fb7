import { type Level, pino } from 'pino'
import type { Clock, Log, LogFields } from '../../core/world.ts'
import { cleanText } from './log-text.ts'
import { terminalLine } from './log-terminal-line.ts'

export type LogLevel = keyof Log

export interface LogOptions {
  /** The least severe level that is written. */
  readonly level: LogLevel
  /** `json`: one object a line, for programs. `terminal`: a short line for a person who watches. */
  readonly form: 'json' | 'terminal'
  readonly clock: Clock
  /** Takes one whole line, its line feed included. Must not throw. */
  readonly write: (line: string) => void
}

export interface OpenLog extends Log {
  /** From now on; a changed configuration needs no restart. */
  setLevel(level: LogLevel): void
}

/**
 * What the process tells those who operate it. There is no way to hand in a header, a body or an error: a field is a text, a number or a
 * yes or no (an allow-list by type, checked again when it runs), and every text is cleaned.
 */
export function openLog({ level, form, clock, write }: LogOptions): OpenLog {
  const lines = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: form === 'json' ? write : (line: string) => write(terminalLine(line)) },
  )
  const at =
    (level: Level & LogLevel) =>
    (fields: LogFields, message: string): void => {
      if (lines.isLevelEnabled(level)) lines[level](cleanFields(fields), cleanText(message))
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    setLevel: (level) => {
      lines.level = level
    },
  }
}

const FIELDS_MAX = 32
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/** What every line has of its own: a field of that name must not stand beside it. */
const RESERVED: readonly string[] = ['level', 'time', 'message']

type Field = LogFields[string]

function cleanFields(fields: LogFields): { readonly [name: string]: Field } {
  const clean: { [name: string]: Field } = {}
  for (const [name, value] of Object.entries(fields).slice(0, FIELDS_MAX)) {
    if (FIELD_NAME.test(name)) clean[RESERVED.includes(name) ? `${name}_` : name] = cleanValue(value)
  }
  return clean
}

function cleanValue(value: Field): Field {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  // Only code that went round its types brings anything else.
  return value === null || value === undefined || typeof value === 'boolean' ? value : '[not a plain value]'
}
