const TOKEN_CHARACTERS_MAX = 4

/**
 * How the demo vendor counts: a token is up to four characters (code points) of a word together with the white space before it;
 * white space at the end is one token more. Simple enough that a test can compute the truth by itself.
 */
export function countTokens(text: string): number {
  let count = 0
  scan(text, () => {
    count++
  })
  return count
}

/** The tokens of a text; put together they are the text again. */
export function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  scan(text, (start, end) => {
    tokens.push(text.slice(start, end))
  })
  return tokens
}

/** One walk over the code units, so that megabytes are counted without making a list of them. */
function scan(text: string, found: (start: number, end: number) => void): void {
  let start = 0
  let at = 0
  while (at < text.length) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++
    for (let taken = 0; taken < TOKEN_CHARACTERS_MAX && at < text.length && !isSpace(text.charCodeAt(at)); taken++) {
      at += isPair(text, at) ? 2 : 1
    }
    found(start, at)
    start = at
  }
}

/** What a regular expression's `\s` matches. */
function isSpace(unit: number): boolean {
  if (unit === 32 || (unit >= 9 && unit <= 13)) return true
  if (unit < 160) return false
  return unit === 160 || unit === 0xfeff || WIDE_SPACES.has(unit)
}
const WIDE_SPACES: ReadonlySet<number> = new Set([
  0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029,
  0x202f, 0x205f, 0x3000,
])

const isPair = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00
