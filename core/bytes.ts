/** Where `word` stands in `bytes` from `from` on, or -1: the runtime's own search, several times as fast as a loop. */
export type FindBytes = (bytes: Uint8Array, word: Uint8Array, from: number) => number

/** Whether `word` stands in `bytes` at `at`. */
export function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false
  return true
}
