import * as z from 'zod'

/** Shapes that several declarations share, so that a name or a time looks the same in every action. */

/** The public id of a key, token or administrator. */
export const publicId = z.string().regex(/^[0-9A-Za-z]{12}$/, 'an id of 12 letters and digits')

/** Text of one line. No control characters, line separators or broken Unicode: it is shown in terminals, logs and pages, and kept as JSON. */
export const lineOfText = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'one line of text without control characters')

/** A name for people. */
export const displayName = lineOfText(100).trim().min(1)

/** A moment, as RFC 3339 in UTC. */
export const instant = z.iso.datetime()

/** Which organisation a call is for. The same field in every action that takes place in one. */
export const inOrganisation = {
  organisation: publicId
    .optional()
    .describe('Id of the organisation; your only one when left out, and for an operator all of them'),
}

/** Lists are read page by page: what `next` said is the `cursor` of the next call. */
export const pageInput = {
  limit: z.int().min(1).max(200).default(50).describe('Most rows to return'),
  cursor: lineOfText(200).optional().describe('Where to go on: `next` of the page before'),
}

/** One page of a list, newest first. */
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.object({
    items: z.array(row),
    next: z.string().nullable().describe('The cursor of the next page, or null at the end'),
  })

/** What a call without any input takes. */
export const nothing = z.strictObject({})
