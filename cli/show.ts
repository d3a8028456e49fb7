import type { Action } from '../core/action.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../core/json.ts'
import { columns } from './columns.ts'
import type { Terminal } from './run.ts'

/** Prints an answer for people: a list as a table, anything else field by field, and what is shown once where nobody misses it. */
export function show(action: Action, output: JsonObject, { out, err }: Pick<Terminal, 'out' | 'err'>): void {
  const items = asList(output['items'])
  if (items !== undefined)
    return showList(
      action,
      {
        items,
        next: asText(output['next']),
        more: output['more'] === true,
        searchedTo: asText(output['searchedTo']),
      },
      { out, err },
    )
  const once = action.secretOutput ?? []
  const fields = Object.entries(output).filter(([name]) => !once.includes(name))
  for (const line of columns(fields.map(([name, value]) => [name, cell(value)]))) out(line)
  for (const name of once) {
    out('')
    out(`  ${cell(output[name] ?? null)}`)
    err(`This ${name} is shown this once and kept nowhere: store it now.`)
    if (action.permission === 'setup') err(`To use it here:  export SEKISHO_TOKEN=${cell(output[name] ?? null)}`)
  }
}

interface Listed {
  readonly items: readonly Json[]
  readonly next: string | undefined
  readonly more: boolean
  /** How far back it was looked, where the time was over before the end. */
  readonly searchedTo: string | undefined
}

function showList(
  action: Action,
  { items, next, more, searchedTo }: Listed,
  { out, err }: Pick<Terminal, 'out' | 'err'>,
): void {
  const rows = items.map((item) => asObject(item) ?? {})
  if (rows.length > 0) showTable(action, rows, out)
  else if (next === undefined) err('There is nothing yet.')
  if (searchedTo !== undefined) err(`Searched back to ${cell(searchedTo)}: --cursor ${cell(next ?? null)} goes on`)
  else if (next !== undefined) err(`There is more: --cursor ${cell(next)}`)
  if (more) err('There is more: raise --limit')
}

function showTable(action: Action, rows: readonly JsonObject[], out: Terminal['out']): void {
  const all = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const named = COLUMNS[action.name] ?? all
  const shown = named.filter((name) => rows.some((row) => row[name] !== null && row[name] !== undefined))
  for (const line of columns([shown.map(heading), ...rows.map((row) => shown.map((name) => cell(row[name] ?? null)))]))
    out(line)
}

/** Of the widest lists, what fits a terminal; `--json` has the rest. */
const COLUMNS: { readonly [action: string]: readonly string[] } = {
  'keys.list': ['id', 'name', 'state', 'models', 'createdAt', 'createdBy', 'expiresAt', 'revokedAt', 'lossy'],
  'usage.totals': ['group', 'name', 'requests', 'failed', 'inputTokens', 'outputTokens', 'cost', 'unpriced'],
  'usage.list': [
    'at',
    'keyId',
    'provider',
    'model',
    'status',
    'inputTokens',
    'outputTokens',
    'cost',
    'totalUs',
    'requestId',
  ],
  'audit.list': ['at', 'administrator', 'action', 'target', 'outcome', 'ip', 'requestId'],
}

const heading = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()

/** One value on one line. Control characters are taken out: what others wrote must not steer this terminal. */
function cell(value: Json): string {
  const text =
    value === null
      ? '-'
      : typeof value === 'string'
        ? value
        : (asList(value)
            ?.map((one) => cell(one))
            .join(', ') ?? JSON.stringify(value))
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}
