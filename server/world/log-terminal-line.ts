/**
 * A line of the log for a person who watches a terminal: time, level, sentence, and the fields as `name=value`. Takes the JSON line, so
 * that there is one place where lines are made and cleaned.
 */
export function terminalLine(json: string): string {
  const { level, time, message, ...fields } = readLine(json)
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`)
  return `${clockTime(String(time))} ${String(level).padEnd(5)} ${String(message)}${rest.join('')}\n`
}

function readLine(json: string): { readonly [field: string]: unknown } {
  // Our own line, written a moment ago by `openLog`: always an object.
  return JSON.parse(json) as { readonly [field: string]: unknown }
}

/** The time of day where the process runs, which is what the clock beside the person says. */
const clockTime = (time: string): string => new Date(time).toTimeString().slice(0, 8)

const shown = (value: unknown): string =>
  typeof value === 'string' && !/[\s"=]/.test(value) && value !== '' ? value : JSON.stringify(value)
