/** What ids of calls look like on a wire. */
export interface CallIdRule {
  readonly pattern: RegExp
  readonly lengthMax: number
  /** Whether all ids have exactly that length. */
  readonly exact?: true
}

/**
 * The id as it goes to a vendor whose ids look like `rule`: as it is where that is possible, else encoded, so that a call and its result
 * still agree. Ids that this gateway made up for a vendor that gave none are encoded like any other. Stateless: the same id gives the same text.
 */
export function sentCallId(id: string, rule: CallIdRule): string {
  const fits = rule.exact === undefined ? id.length <= rule.lengthMax : id.length === rule.lengthMax
  // What looks like one of ours is encoded like any other, or it would be taken for another id on its way back.
  if (id !== '' && fits && !id.startsWith(ENCODED) && rule.pattern.test(id)) return id
  if (rule.exact === undefined) {
    const encoded = ENCODED + hex(id)
    if (encoded.length <= rule.lengthMax) return encoded
  }
  // Too long to be kept in the text itself: a digest that both sides of the conversation give alike.
  return digest(id).slice(0, rule.lengthMax)
}

/** The id that stood there before `sentCallId` encoded it; any other as it is. */
export function originalCallId(id: string): string {
  if (!id.startsWith(ENCODED)) return id
  const digits = id.slice(ENCODED.length)
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/.test(digits)) return id
  const bytes = digits.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
  const original = decoder.decode(Uint8Array.from(bytes))
  return ENCODED + hex(original) === id ? original : id
}

/** An id for a call to which the vendor gave none: unique in the conversation by the reply's own id. `isMadeCallId` knows it again. */
export const madeCallId = (replyId: string, index: number): string => `${MADE}${digest(replyId).slice(0, 12)}_${index}`

/** Whether the id was made here: the vendor never had one, so none goes back. */
export const isMadeCallId = (id: string): boolean => id.startsWith(MADE)

const ENCODED = 'callx'
const MADE = 'call_made_'
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const hex = (text: string): string =>
  Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** 32 letters and digits that depend on every letter of the text: two rounds of FNV-1a with other seeds, in base 36. No secret. */
function digest(text: string): string {
  const words = SEEDS.map((seed) => {
    let hash = seed
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    return ((hash ^ (hash >>> 15)) >>> 0).toString(36).padStart(7, '0')
  })
  return words.join('').slice(0, 32)
}

const SEEDS = [0x811c9dc5, 0x2b5c1f3d, 0x6a09e667, 0x3c6ef372, 0x510e527f]
