/** What a `data:` URL of base64 holds, or `undefined` when the text is none (RFC 2397). */
export function readDataUrl(url: string): { readonly mediaType: string; readonly base64: string } | undefined {
  const match = DATA_URL.exec(url.slice(0, HEAD_LENGTH_MAX))
  if (match === null) return undefined
  return { mediaType: match[1]?.toLowerCase() || 'text/plain', base64: url.slice(match[0].length) }
}

export const dataUrl = (mediaType: string, base64: string): string => `data:${mediaType};base64,${base64}`

const HEAD_LENGTH_MAX = 256
const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i
