import type { ClientWire } from './client.ts'
import type { MatrixStage } from './stage.ts'
import type { WireSeen } from '../kit/wire-vendor.ts'

/** What came back for a raw request, and what the vendor got for it. */
export interface RawReply {
  readonly status: number
  readonly text: string
  readonly seen: readonly WireSeen[]
}

/** Sends a body of a wire to the gateway, for a model. */
export async function askRaw({ gateway, vendor }: MatrixStage, { wire, model, body }: RawAsk): Promise<RawReply> {
  const from = vendor.seen.length
  const named = wire === 'gemini' ? body : { ...body, model }
  const response = await fetch(gateway.url + PATHS[wire].replace('{model}', model), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await gateway.anyModelKey()}`,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'some-beta-2026-01-01',
    },
    body: JSON.stringify(named),
  })
  const text = await response.text()
  return { status: response.status, text, seen: vendor.seen.slice(from) }
}

export interface RawAsk {
  readonly wire: ClientWire
  readonly model: string
  readonly body: object
}

const PATHS: { readonly [wire in ClientWire]: string } = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  anthropic: '/v1/messages',
  gemini: '/v1beta/models/{model}:generateContent',
}

/** Why it went wrong: the vendor's own words, or the gateway's. */
export function faultOf({ status, text, seen }: RawReply): string | undefined {
  const complaint = seen.find((one) => one.complaint !== undefined)?.complaint
  if (complaint !== undefined) return `the vendor refused it: ${complaint}\n${JSON.stringify(seen.at(-1)?.body)}`
  return status === 200 ? undefined : `${status} ${text}`
}
