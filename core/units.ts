/**
 * What one attempt used that is billed by the piece and not by the token. Whole numbers that are never negative; a reader rounds
 * seconds as its vendor does. A record is one request; the other pieces are counted by no wire that is relayed today and have no
 * column in the ledger, so a caller that costs them hands them in.
 */
export interface Units {
  readonly requests: number
  readonly images: number
  /** Heard or spoken. */
  readonly audioSeconds: number
  readonly videoSeconds: number
  /** Of documents that were read. */
  readonly pages: number
}

/** What every attempt is that was answered. */
export const ONE_REQUEST: Units = { requests: 1, images: 0, audioSeconds: 0, videoSeconds: 0, pages: 0 }

/** Every unit once. The object above has exactly the fields of its type, which `Object.keys` cannot say. */
export const UNIT_KINDS = Object.keys(ONE_REQUEST) as readonly (keyof Units)[]
