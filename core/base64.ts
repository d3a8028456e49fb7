import { badField } from './fields.ts'

/**
 * A client's base64, in either alphabet (RFC 4648, sections 4 and 5), with or without line ends. Only its beginning is looked at: it may be many megabytes long, and the
 * vendor looks at all of it. Throws the 400 for the field at `path`.
 */
export function checkedBase64(base64: string, path: string): string {
  if (BEGINNING.test(base64.slice(0, LETTERS_CHECKED))) return base64
  throw badField(path, 'must be base64')
}

/** The bytes that base64 of either alphabet stands for, each as a letter; `undefined` when it is none. */
export function binaryOf(base64: string): string | undefined {
  try {
    return atob(base64.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return undefined
  }
}

const BEGINNING = /^[A-Za-z0-9+/_\r\n-]+=*\s*$/
const LETTERS_CHECKED = 256
