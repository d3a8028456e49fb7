import type { Loss } from '../core/loss.ts'

/**
 * The value of `x-sekisho-lossy`: `top_k=dropped, temperature=clamped`, each thing once. Names of fields come from the client: they are
 * cut and percent-encoded, so that none can look like the next entry, and all of them fit into a header that every client takes. What
 * does not fit is counted; the record has more.
 */
export function lossHeader(losses: readonly Loss[]): string {
  const texts = [...new Set(losses.map(({ field, what }) => `${fieldText(field)}=${what}`))]
  let value = ''
  for (const [index, text] of texts.entries()) {
    if (value.length + text.length > LETTERS_MAX) return `${value}, and ${texts.length - index} more`
    value += index === 0 ? text : `, ${text}`
  }
  return value
}

/** Clients and proxies take 8 KiB for one header at least, Node 16 KiB for all. */
const LETTERS_MAX = 4_096
const FIELD_LETTERS_MAX = 200

const fieldText = (field: string): string => {
  const cut = field.length > FIELD_LETTERS_MAX ? `${field.slice(0, FIELD_LETTERS_MAX)}...` : field
  return UNSAFE.test(cut) ? cut.toWellFormed().replaceAll(UNSAFE_RUNS, encodeURIComponent) : cut
}

/** Not the blank, the comma, the equals sign and the percent sign, which frame the entries. */
const UNSAFE = /[^\x21-\x7e]|[%,=]/
const UNSAFE_RUNS = /(?:[^\x21-\x7e]|[%,=])+/g
