import type { Chat } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import type { JsonObject } from '../../json.ts'
import type { AskedOf } from '../../wire.ts'
import { CallPairs } from './call-pairs.ts'
import { readSpelled } from './request-read.ts'
import { countTokensShape } from './shape.ts'
import { inClientsSpelling, inOneSpelling } from './spelling.ts'

/**
 * What a `countTokens` body wants to have counted: contents alone, or a whole `generateContentRequest`. A part of a conversation may be
 * counted too, so a result may stand there without its call. Throws `bad_request` with the path.
 */
export function readCountTokens(body: JsonObject, asked: AskedOf): Chat {
  const { body: spelled, spelt } = inOneSpelling(body, countTokensShape())
  try {
    const fields = new Fields(spelled, '')
    const request = fields.object('generateContentRequest')
    if (request !== undefined && fields.has('contents')) {
      throw badField('contents', "must not stand beside 'generateContentRequest'")
    }
    return readSpelled(request ?? fields, { asked, spelt: [], calls: new CallPairs('taken') })
  } catch (error) {
    throw inClientsSpelling(error, spelt)
  }
}

/** The reply to it. */
export const writeCountTokens = (tokens: number): JsonObject => ({ totalTokens: tokens })
