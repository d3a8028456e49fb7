import type { Proof } from '../../chat.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { proofFor, unwrapProof } from '../../proof.ts'
import { WIRE } from './kept.ts'

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

/** A proof as a client of this wire gets it. */
export const secretFor = (proof: Proof): string => proofFor(proof, WIRE)

/** Whose proof a secret is. */
export type ProofOf = (secret: string) => Proof

/** A client's: a wrapped one of another wire, or one of this wire that it got from who knows where. */
export const clientProof: ProofOf = (secret) => unwrapProof(secret, WIRE)

/** A vendor's: this account's, whatever it looks like. */
export const vendorProof =
  (account: string): ProofOf =>
  (data) => ({ wire: WIRE, account, data })
