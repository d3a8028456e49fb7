/** Where `word` stands in `bytes` from `from` on, or -1. */
export type FindBytes = (bytes: Uint8Array, word: Uint8Array, from: number) => number

/** The search in plain JavaScript, for where the runtime has none. Hops by the word's first byte. */
export const findBytes: FindBytes = (bytes, word, from) => {
  const first = word[0] ?? 0
  let at = bytes.indexOf(first, from)
  while (at >= 0) {
    if (startsWith(bytes, at, word)) return at
    at = bytes.indexOf(first, at + 1)
  }
  return -1
}

/** Whether `word` stands in `bytes` at `at`. */
export function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false
  return true
}
