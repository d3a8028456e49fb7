import type { Proof } from '../../chat.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { unwrapProof, wrapProof } from '../../proof.ts'
import { ID } from './kept.ts'

/**
 * Where a proof travels that belongs to a call or a text: the field of Gemini's own endpoint of this wire
 * (ai.google.dev, "Thought signatures", OpenAI compatibility), because clients that know of such things know it.
 */
export const proofField = (secret: string): JsonObject => ({ google: { thought_signature: secret } })

/** The secret in a node's `extra_content`, or `undefined`. */
export const secretIn = (extra: Json | undefined): string | undefined =>
  asText(asObject(asObject(extra)?.['google'])?.['thought_signature']) || undefined

/** What is left of `extra_content` without its secret. */
export function extraRest(extra: Json | undefined): JsonObject {
  const { google, ...rest } = asObject(extra) ?? {}
  const { thought_signature: _, ...inner } = asObject(google) ?? {}
  return Object.keys(inner).length === 0 ? rest : { ...rest, google: inner }
}

/** A proof as a client of this wire gets it: one of this wire as it is, any other in its wrapping. */
export const secretFor = (proof: Proof): string => (proof.wire === ID ? proof.data : wrapProof(proof))

/** Whose proof a secret is. */
export type ProofOf = (secret: string) => Proof

/** A client's: a wrapped one of another wire, or one of this wire that it got from who knows where. */
export const clientProof: ProofOf = (secret) => unwrapProof(secret, ID)

/** A vendor's: this account's, whatever it looks like. */
export const vendorProof =
  (account: string): ProofOf =>
  (data) => ({ wire: ID, account, data })
